"""Notes that users write."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Note(models.Model):
    """A text of a user. The client chooses `client_id`, so that a note it sends twice is stored once."""

    client_id = models.UUIDField(unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    # Only Django fills it: the database has no default for those that do not know the column.
    kind = models.IntegerField(default=0)

    class Meta:
        db_table = "igny8_note"
        indexes = [models.Index(fields=["user", "-id"], name="igny8_note_latest")]
