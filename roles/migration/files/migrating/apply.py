"""Applies the migrations that the database lacks: once, one runner at a time, and never long in anybody's way."""

from __future__ import annotations

import sys
import time
import zlib
from contextlib import contextmanager

from migrating.concurrent import WAIT_SECONDS, is_concurrent, leave_out_what_is_done
from migrating.django_app import applied, invalid_indexes, label, read_migrations
from migrating.proof import missing_from_schema

#: PostgreSQL knows an advisory lock by a number; all runners on one database use the same one.
LOCK = zlib.crc32(b"django_migration")
LONGEST_PAUSE_SECONDS = 30
#: What PostgreSQL reports when it stops, has stopped or is not up yet.
AWAY = ("57P01", "57P02", "57P03", "08")
#: A lock that was not had in time, and a deadlock that PostgreSQL ended.
LOCKED = ("55P03", "40P01")
#: A statement that took too long, or that somebody has ended.
ENDED = "57014"


def pauses(retries: int, first: float) -> list[float]:
    """Return the seconds before each further try: they double, up to a limit."""
    return [min(first * 2**number, LONGEST_PAUSE_SECONDS) for number in range(retries)]


def kind_of(error: BaseException, usable: bool) -> str:
    """Return why a migration failed: a lock it did not get, a statement ended, a server away, or its own doing."""
    state = str(getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None) or "")
    if state in LOCKED:
        return "lock"
    if state == ENDED:
        return "ended"
    return "away" if state.startswith(AWAY) or not usable else "error"


def may_try_again(kind: str, migration) -> bool:
    """Say whether a failure left nothing behind, or only what the next try sees and goes on from."""
    return kind in ("lock", "away") and (
        migration is None or migration.atomic or is_concurrent(migration.atomic, migration.operations)
    )


def limits(options: dict, migration=None) -> dict[str, float]:
    """Return how many seconds a statement of a migration may wait for a lock, and take; 0 is no limit."""
    seconds = {name: options[name] for name in ("lock_timeout", "statement_timeout")}
    if migration is None or migration.atomic:
        return seconds
    # Outside of a transaction, a statement that is ended leaves half a migration or an index that is not valid.
    concurrent = is_concurrent(migration.atomic, migration.operations)
    return {
        "lock_timeout": WAIT_SECONDS if concurrent else seconds["lock_timeout"],
        "statement_timeout": 0,
    }


class Busy(Exception):
    """Another runner has the advisory lock; the text says who."""


class NoSession(Exception):
    """What answers is not the process of the server that was asked before."""


class Applying:
    """One connection that holds the advisory lock and applies migrations, made anew when the server went away."""

    def __init__(self, connection, options: dict) -> None:
        self.connection = connection
        self.options = options
        self.current = None
        self.before: list[str] | None = None

    def prepare(self) -> None:
        """Connect, limit how long a statement may wait and take, and take the advisory lock."""
        self.connection.ensure_connection()
        self._limit()
        self._lock()
        if self.before is None:
            self.before = applied(self.connection)

    def _lock(self) -> None:
        # Asked for again and again, not waited for: CREATE INDEX CONCURRENTLY of the one who has it waits until no
        # statement runs that is older than itself, and a wait for the lock would be one.
        deadline = time.monotonic() + self.options["wait_seconds"]
        while True:
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                if cursor.fetchone()[0]:
                    return
            if time.monotonic() >= deadline:
                raise Busy(self._holder())
            time.sleep(0.5)

    def _limit(self, migration=None) -> None:
        """Limit waits and statements anew, of the transaction that is open or else of the session."""
        with self.connection.cursor() as cursor:
            for name, value in limits(self.options, migration).items():
                cursor.execute(
                    "SELECT set_config(%s, %s, %s)", [name, f"{value}s", self.connection.in_atomic_block]
                )

    def _check_session(self) -> None:
        """Check that this is still the process with the lock: a pooler gives each transaction another one."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s "
                "AND pid = pg_backend_pid())",
                [LOCK],
            )
            if not cursor.fetchone()[0]:
                raise NoSession(
                    "the process that answers is not the one that gave this run its advisory lock"
                )

    def _holder(self) -> str:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT a.pid, a.usename, coalesce(host(a.client_addr), 'the server itself'), "
                "date_trunc('second', a.backend_start) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                "WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s AND l.database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())",
                [LOCK],
            )
            row = cursor.fetchone()
        return (
            f"process {row[0]} of {row[1]} from {row[2]}, connected since {row[3]}"
            if row
            else "somebody, just now"
        )

    def oldest_transaction(self) -> str:
        """Return who has had a transaction open for longest: mostly it is what a migration waits for."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid, usename, state, round(extract(epoch FROM clock_timestamp() - xact_start)) "
                "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND xact_start IS NOT NULL "
                "AND backend_type = 'client backend' AND datname = current_database() ORDER BY xact_start LIMIT 1"
            )
            row = cursor.fetchone()
        return f"process {row[0]} of {row[1]}, {row[2]}, open for {row[3]} s" if row else ""

    def migrate(self) -> None:
        """Apply all that is pending, as `migrate` does."""
        from django.core.management import call_command

        self.current = None
        with self._in_one_transaction_each():
            call_command("migrate", interactive=False, stdout=sys.stderr)

    @contextmanager
    def _in_one_transaction_each(self):
        """Have each atomic migration committed together with Django's note of it.

        Django notes a migration after its transaction where it defers statements to the end. Cut short between the
        two, it would be applied a second time, and fail.
        """
        from django.db import transaction
        from django.db.migrations.executor import MigrationExecutor

        apply_one = MigrationExecutor.apply_migration

        def apply_whole(executor, state, migration, *args, **kwargs):
            self.current = migration
            if migration.atomic:
                with transaction.atomic(using=executor.connection.alias):
                    self._check_session()
                    self._limit(migration)
                    state = apply_one(executor, state, migration, *args, **kwargs)
            else:
                self._check_session()
                self._limit(migration)
                if is_concurrent(migration.atomic, migration.operations):
                    leave_out_what_is_done(executor.connection, state, migration)
                state = apply_one(executor, state, migration, *args, **kwargs)
            self.current = None
            return state

        MigrationExecutor.apply_migration = apply_whole
        try:
            yield
        finally:
            MigrationExecutor.apply_migration = apply_one

    def attempt(self) -> dict:
        """Try once; return why it failed, empty where it did not."""
        self.current = None
        try:
            self.prepare()
            self.migrate()
        except Busy as error:
            return {"kind": "busy", "migration": "", "message": str(error), "again": False}
        except NoSession as error:
            return {
                "kind": "session",
                "migration": label(self.current),
                "message": str(error),
                "again": False,
            }
        except Exception as error:  # whatever a migration raises is its failure, and to be reported
            return self._failure(error)
        return {}

    def _failure(self, error: Exception) -> dict:
        kind = kind_of(error, self.connection.connection is not None and self.connection.is_usable())
        if kind == "away":
            self.connection.close()
        blocker = self.oldest_transaction() if kind == "lock" else ""
        return {
            "kind": kind,
            "migration": label(self.current) if self.current else "",
            "message": f"{type(error).__name__}: {' '.join(str(error).split())}",
            "blocker": blocker,
            "again": may_try_again(kind, self.current),
        }


def main(options: dict) -> dict:
    """Apply what is pending, and return what became of it and what the schema lacks afterwards."""
    from django.db import connection

    run, tries = Applying(connection, options), 0
    for pause in [0, *pauses(options["retries"], options["retry_seconds"])]:
        time.sleep(pause)
        tries += 1
        failure = run.attempt()
        if not failure.get("again"):
            break
        print(f"try {tries}: {failure}", file=sys.stderr)
    return {"failure": failure, "tries": tries, **after(connection, run.before)}


def after(connection, before: list[str] | None) -> dict:
    """Return what the database has now; nothing is known of it while the server is away."""
    from django.db import DatabaseError

    try:
        _known, pending = read_migrations(connection)
        there = applied(connection)
        return {
            "reached": True,
            "there": there,
            "applied": [name for name in there if name not in before] if before is not None else [],
            "pending": [label(migration) for migration in pending],
            "invalid_indexes": invalid_indexes(connection, pending),
            "missing": [] if pending else missing_from_schema(connection),
        }
    except DatabaseError:
        return {
            "reached": False,
            "there": [],
            "applied": [],
            "pending": [],
            "invalid_indexes": [],
            "missing": [],
        }
