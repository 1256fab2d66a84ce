"""When a user last ended all sessions: what ends those that no token family stands for."""

from datetime import datetime

from django.db import models


class UserEpoch(models.Model):
    """Sessions of the user that began at `valid_from` or earlier are over.

    Families are ended one by one and do not need it. It is for what the version without families signed: tokens that
    were never shown to this one, and cookie sessions. A table of its own, without a foreign key, because adding to
    the users' table would need a lock on it.
    """

    user_id = models.BigIntegerField(primary_key=True)
    valid_from = models.DateTimeField()

    class Meta:
        db_table = "auth_user_epoch"

    @classmethod
    def has_passed(cls, user_id: int, since: datetime) -> bool:
        """Whether the user ended all sessions at the time `since` or later."""
        return cls.objects.filter(user_id=user_id, valid_from__gte=since).exists()
