"""Transactions that hold a user's or a token family's lock until they are committed.

Locking a token's row would not do: a logout could not see a successor that is not committed yet. Who needs both
locks takes the user's first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from igny8_core.auth.models_refresh_token import database_now

# Keep these advisory locks apart from each other and from any others that hash texts.
_FAMILY_SEED = 7_265_811
_USER_SEED = 7_265_812

# A process that stops in the middle must not hold its locks for ever; PostgreSQL ends its transaction.
_LIMITS = """SELECT set_config('lock_timeout', '3s', true),
                    set_config('idle_in_transaction_session_timeout', '10s', true)"""


class Busy(Exception):
    """A lock was not free in time. Nothing was decided; the client may ask again."""


@contextmanager
def one_family(user_id: int, family_id: UUID) -> Iterator[datetime]:
    """Alone with the family, and with nobody who ends all families of its user.

    Gives the database's time, read once the locks are held. Raises Busy.
    """
    with _limited():
        _wait_for("pg_advisory_xact_lock_shared", user_id, _USER_SEED)
        _wait_for("pg_advisory_xact_lock", family_id, _FAMILY_SEED)
        yield database_now()


@contextmanager
def new_family(user_id: int) -> Iterator[datetime]:
    """With nobody who ends all families of the user; the new one has no other who knows it. Raises Busy."""
    with _limited():
        _wait_for("pg_advisory_xact_lock_shared", user_id, _USER_SEED)
        yield database_now()


@contextmanager
def all_families(user_id: int) -> Iterator[datetime]:
    """With nobody who adds to or rotates any family of the user. Raises Busy."""
    with _limited():
        _wait_for("pg_advisory_xact_lock", user_id, _USER_SEED)
        yield database_now()


@contextmanager
def _limited() -> Iterator[None]:
    """A transaction that is committed at the end, also where requests run in transactions of their own."""
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute(_LIMITS)
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Busy from error
        raise


def _wait_for(function: str, subject: object, seed: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, %s))", [str(subject), seed])
