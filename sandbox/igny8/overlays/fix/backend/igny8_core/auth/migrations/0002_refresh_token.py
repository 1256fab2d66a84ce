"""Adds the table of refresh tokens. It only adds: code that does not know the table goes on working.

The table is written as SQL, because Django would add the foreign key in the same transaction and so lock
the table of users. The key follows in migrations of its own.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

CREATE = """
CREATE TABLE auth_refresh_token (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_id uuid NOT NULL,
    user_id bigint NOT NULL,
    family_id uuid NOT NULL,
    parent_id bigint,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    rotation_count integer NOT NULL DEFAULT 0,
    remember_me boolean NOT NULL,
    confirmed_at timestamptz,
    replay_count integer NOT NULL DEFAULT 0,
    CONSTRAINT rt_token_uq UNIQUE (token_id),
    CONSTRAINT rt_revoked_has_reason CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    CONSTRAINT rt_expires_after_created CHECK (expires_at > created_at)
);
CREATE UNIQUE INDEX rt_one_live_tip ON auth_refresh_token (family_id) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX rt_one_child ON auth_refresh_token (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX rt_live_exp ON auth_refresh_token (expires_at)
    INCLUDE (user_id, family_id, token_id) WHERE revoked_at IS NULL;
CREATE INDEX rt_created_cov ON auth_refresh_token (created_at)
    INCLUDE (rotation_count, remember_me, expires_at);
CREATE INDEX rt_root ON auth_refresh_token (created_at)
    INCLUDE (user_id, family_id, token_id, remember_me, expires_at) WHERE rotation_count = 0;
CREATE INDEX rt_user ON auth_refresh_token (user_id);
CREATE INDEX rt_ended ON auth_refresh_token (revoked_at)
    INCLUDE (revoked_reason, expires_at) WHERE revoked_reason <> 'rotated';
"""


class Migration(migrations.Migration):
    dependencies = [("igny8_auth", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=CREATE,
            reverse_sql="DROP TABLE auth_refresh_token",
            state_operations=[
                migrations.CreateModel(
                    name="RefreshToken",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("token_id", models.UUIDField(default=uuid.uuid4)),
                        ("family_id", models.UUIDField()),
                        ("parent_id", models.BigIntegerField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        ("revoked_at", models.DateTimeField(null=True)),
                        ("revoked_reason", models.TextField(null=True)),
                        ("rotation_count", models.IntegerField(db_default=0, default=0)),
                        ("remember_me", models.BooleanField()),
                        ("confirmed_at", models.DateTimeField(null=True)),
                        ("replay_count", models.IntegerField(db_default=0, default=0)),
                        (
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "db_table": "auth_refresh_token",
                        "constraints": [
                            models.UniqueConstraint(fields=["token_id"], name="rt_token_uq"),
                            models.UniqueConstraint(
                                condition=Q(revoked_at__isnull=True),
                                fields=["family_id"],
                                name="rt_one_live_tip",
                            ),
                            models.UniqueConstraint(
                                condition=Q(parent_id__isnull=False),
                                fields=["parent_id"],
                                name="rt_one_child",
                            ),
                            models.CheckConstraint(
                                condition=Q(revoked_at__isnull=True, revoked_reason__isnull=True)
                                | Q(revoked_at__isnull=False, revoked_reason__isnull=False),
                                name="rt_revoked_has_reason",
                            ),
                            models.CheckConstraint(
                                condition=Q(expires_at__gt=F("created_at")), name="rt_expires_after_created"
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=Q(revoked_at__isnull=True),
                                fields=["expires_at"],
                                include=["user", "family_id", "token_id"],
                                name="rt_live_exp",
                            ),
                            models.Index(
                                fields=["created_at"],
                                include=["rotation_count", "remember_me", "expires_at"],
                                name="rt_created_cov",
                            ),
                            models.Index(
                                condition=Q(rotation_count=0),
                                fields=["created_at"],
                                include=["user", "family_id", "token_id", "remember_me", "expires_at"],
                                name="rt_root",
                            ),
                            models.Index(fields=["user"], name="rt_user"),
                            models.Index(
                                condition=~Q(revoked_reason="rotated"),
                                fields=["revoked_at"],
                                include=["revoked_reason", "expires_at"],
                                name="rt_ended",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
