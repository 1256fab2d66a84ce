"""Removing rows that nothing can ask for any more, a batch at a time, so that no request waits for it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from django.conf import settings
from django.db import connection, transaction

_EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)

# A legacy token's row is what remembers that it was adopted or ended, as long as the token verifies.
_NOT_REMEMBERED = "NOT (t.token_id = t.family_id AND t.expires_at > clock_timestamp())"


@dataclass(frozen=True)
class Kind:
    """Rows to remove: of `table`, where `condition` holds, walked in the order of the indexed `column`.

    `keep` is how long they stay after the time in `column`, which for rows that were superseded is earlier than the
    time that counts; `condition` then has the time that counts.
    """

    name: str
    table: str
    key: str
    column: str
    condition: str
    keep: str


KINDS = (
    Kind(
        "rotated",
        "auth_refresh_token",
        "id",
        "created_at",
        # The parent of a successor that its client never used may still come back: the answer was lost.
        f"""t.revoked_reason = 'rotated' AND t.revoked_at < %(before)s AND {_NOT_REMEMBERED} AND NOT EXISTS (
            SELECT FROM auth_refresh_token child WHERE child.parent_id = t.id
            AND child.revoked_at IS NULL AND child.confirmed_at IS NULL AND child.expires_at > clock_timestamp())""",
        "REFRESH_KEEP_ROTATED",
    ),
    Kind(
        "ended",
        "auth_refresh_token",
        "id",
        "revoked_at",
        f"t.revoked_reason <> 'rotated' AND {_NOT_REMEMBERED}",
        "REFRESH_KEEP_ENDED",
    ),
    Kind("expired", "auth_refresh_token", "id", "expires_at", "t.revoked_at IS NULL", "REFRESH_KEEP_ENDED"),
    Kind("epochs", "auth_user_epoch", "user_id", "valid_from", "true", "REFRESH_KEEP_ENDED"),
)

# Rows that a request is just changing are left for the next time.
_REMOVE = """
WITH old AS (
    SELECT t.{key} FROM {table} t
    WHERE t.{column} >= %(after)s AND t.{column} < %(before)s AND {condition}
    ORDER BY t.{column} LIMIT %(batch)s FOR UPDATE OF t SKIP LOCKED
)
DELETE FROM {table} t USING old WHERE t.{key} = old.{key} RETURNING t.{column}
"""
_COUNT = "SELECT count(*) FROM {table} t WHERE t.{column} < %(before)s AND {condition}"


def count(kind: Kind) -> int:
    """How many rows of a kind there are to remove."""
    with connection.cursor() as cursor:
        cursor.execute(_text(_COUNT, kind), {"before": _before(kind)})
        return cursor.fetchone()[0]


def remove(kind: Kind, batch: int, pause_seconds: float) -> int:
    """Remove them, `batch` rows in each transaction; returns their number."""
    removed = 0
    for number in _batches(kind, batch):
        removed += number
        time.sleep(pause_seconds)
    return removed


def _batches(kind: Kind, batch: int) -> Iterator[int]:
    after, before = _EARLIEST, _before(kind)
    while True:
        values = {"after": after, "before": before, "batch": batch}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute(_text(_REMOVE, kind), values)
            columns = [value for (value,) in cursor.fetchall()]
        yield len(columns)
        if len(columns) < batch:
            return
        # What was walked over and stays is not looked at again.
        after = max(columns)


def _text(statement: str, kind: Kind) -> str:
    return statement.format(table=kind.table, key=kind.key, column=kind.column, condition=kind.condition)


def _before(kind: Kind) -> datetime:
    keep: timedelta = getattr(settings, kind.keep)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() - %s", [keep])
        return cursor.fetchone()[0]
