"""Refresh tokens. Each login starts a family; a rotation adds a token to it and supersedes the one before."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from igny8_core.auth.models_user import User


def database_now() -> datetime:
    """The database's clock: one clock for every host, and within a transaction it goes on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def lifetime(remember_me: bool) -> timedelta:
    """How long a new family lives."""
    return settings.JWT_REMEMBER_ME_EXPIRY if remember_me else settings.JWT_REFRESH_TOKEN_EXPIRY


class RefreshToken(models.Model):
    """One refresh token. No secret is stored: the token's text is signed again from these fields.

    The live tip of a family is its one row that is not revoked. `revoked_reason` tells a token that was
    superseded by rotation from one that was repudiated, which a grace period must never honour.
    """

    ROTATED = "rotated"
    LOGOUT = "logout"
    LOGOUT_ALL = "logout_all"
    PASSWORD = "password"
    REUSE_DETECTED = "reuse_detected"
    ADMIN = "admin"
    CANARY = "canary"

    token_id = models.UUIDField(default=uuid4)
    # The constraint and the index are made by hand in the migrations, so that they never block logins.
    user = models.ForeignKey(User, models.CASCADE, db_constraint=False, db_index=False)
    family_id = models.UUIDField()
    parent_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.TextField(null=True)
    rotation_count = models.IntegerField(default=0, db_default=0)
    remember_me = models.BooleanField()
    confirmed_at = models.DateTimeField(null=True)
    replay_count = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "auth_refresh_token"
        constraints = [
            models.UniqueConstraint(fields=["token_id"], name="rt_token_uq"),
            models.UniqueConstraint(
                fields=["family_id"], condition=Q(revoked_at__isnull=True), name="rt_one_live_tip"
            ),
            models.UniqueConstraint(
                fields=["parent_id"], condition=Q(parent_id__isnull=False), name="rt_one_child"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_reason__isnull=True)
                | Q(revoked_at__isnull=False, revoked_reason__isnull=False),
                name="rt_revoked_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="rt_expires_after_created"
            ),
        ]
        indexes = [
            # What is included lets the queries of the token health and of the session snapshot read the index alone.
            models.Index(
                fields=["expires_at"],
                include=["user", "family_id", "token_id"],
                condition=Q(revoked_at__isnull=True),
                name="rt_live_exp",
            ),
            models.Index(
                fields=["created_at"],
                include=["rotation_count", "remember_me", "expires_at"],
                name="rt_created_cov",
            ),
            # Of the first token of each family alone: a login writes an entry, and the first refresh after it.
            models.Index(
                fields=["created_at"],
                include=["user", "family_id", "token_id", "remember_me", "expires_at"],
                condition=Q(rotation_count=0),
                name="rt_root",
            ),
            models.Index(fields=["user"], name="rt_user"),
            models.Index(
                fields=["revoked_at"],
                include=["revoked_reason", "expires_at"],
                condition=~Q(revoked_reason="rotated"),
                name="rt_ended",
            ),
        ]

    @classmethod
    def create_token(cls, user: User, remember_me: bool = False) -> "RefreshToken":
        """The saved first token of a new family."""
        now = database_now()
        return cls.objects.create(
            user=user,
            family_id=uuid4(),
            created_at=now,
            expires_at=now + lifetime(remember_me),
            remember_me=remember_me,
        )

    @property
    def is_valid(self) -> bool:
        """Neither revoked nor expired by this host's clock; a refresh goes by the database's."""
        return self.revoked_at is None and self.expires_at > timezone.now()
