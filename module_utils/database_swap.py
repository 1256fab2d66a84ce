"""Put one database in the place of another, while the edge answers everybody with its page and Retry-After.

The page is shown by taking the live slot out of HAProxy's memory and nowhere else. So an edge that restarts shows the
app again, and the file goes on saying which slot is live.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.edge_runtime import (
    LIVE_KEY,
    SLOTS,
    EdgeError,
    EdgeRuntime,
    backends_of,
    read_map_file,
    wait_until,
)

try:
    import psycopg2
    from ansible.module_utils.postgres_login import connection_arguments
    from psycopg2 import errors, sql
except ImportError:
    psycopg2 = None

#: PostgreSQL itself waits 5 s for sessions to end before a rename fails.
ATTEMPTS = 6
STATEMENT_SECONDS = 60
NAMES = "SELECT datname FROM pg_database WHERE datname = ANY (%s)"
#: Other than this one; a role may end the sessions of roles that it belongs to.
TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = ANY (%s) AND pid <> pg_backend_pid() AND pg_has_role(usesysid, 'MEMBER')
"""
#: One that cycles hands out the same values again anyway.
SEQUENCES = """
SELECT array_agg(schemaname::text), array_agg(sequencename::text), array_agg(last_value)
FROM pg_sequences WHERE last_value IS NOT NULL AND NOT cycle
"""
#: Those that are there under the same name, can be at that value, and are behind it.
MOVE_ON = """
SELECT setval(to_regclass(format('%%I.%%I', schemaname, sequencename)), value)
FROM unnest(%s::name[], %s::name[], %s::bigint[]) AS given (of_schema, of_name, value)
JOIN pg_sequences ON schemaname = of_schema AND sequencename = of_name
WHERE NOT cycle AND value BETWEEN min_value AND max_value
  AND has_sequence_privilege(to_regclass(format('%%I.%%I', schemaname, sequencename)), 'UPDATE')
  AND (last_value IS NULL OR CASE WHEN increment_by > 0 THEN last_value < value ELSE last_value > value END)
"""
RENAME = "ALTER DATABASE {} RENAME TO {}"
COMMENT = "COMMENT ON DATABASE {} IS {}"


class SwapError(Exception):
    """The databases were not swapped, or the app did not come back; the text is one sentence for the operator."""


class Page:
    """The edge's page: shown to everybody while it is up."""

    def __init__(self, socket: str, maps_dir: str, container_maps_dir: str) -> None:
        self.runtime = EdgeRuntime(socket)
        self._file = f"{maps_dir}/live.map"
        self._map = f"{container_maps_dir}/live.map"

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the page; whatever happens, take it away at the end."""
        try:
            self.runtime.delete_entry(self._map, LIVE_KEY)
            yield
        finally:
            self.take_away()

    def is_shown(self) -> bool:
        """Say whether the page is up."""
        return LIVE_KEY not in self.runtime.read_map(self._map)

    def take_away(self) -> bool:
        """Send the traffic to the live slot again, as the file names it; say whether the page was there."""
        slot = read_map_file(self._file).get(LIVE_KEY)
        if slot is None:
            raise EdgeError(f"edge has no live slot in {self._file}; a deploy or rollback brings it.")
        if self.runtime.read_map(self._map).get(LIVE_KEY) == slot:
            return False
        self.runtime.set_entry(self._map, LIVE_KEY, slot)
        return True

    def drain(self, seconds: float) -> int:
        """Wait until no request is being served; return how many still are when the time is over."""
        backends = [backend for slot in SLOTS for backend in backends_of(slot)]
        wait_until(lambda: ["busy"] if self.runtime.sessions(backends) else [], seconds)
        return self.runtime.sessions(backends)


class Databases:
    """The databases of a server. The connection that stays is to none of those that are renamed."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        try:
            self._connection = psycopg2.connect(**connection_arguments(options, STATEMENT_SECONDS))
        except psycopg2.Error as error:
            raise SwapError(f"PostgreSQL cannot be logged in to: {_first_line(error)}") from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def existing(self, names: list[str]) -> set[str]:
        """Return which of these databases exist."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(NAMES, (names,))
            return {row[0] for row in cursor.fetchall()}

    def swap(
        self, database: str, incoming: str, outgoing: str, comment: str = "", pause_seconds: float = 0.5
    ) -> int:
        """Rename both in one transaction, having ended every session in them; return how many were ended.

        Before that, the incoming one learns which ids are handed out. A comment is written on the one that goes, in the
        same transaction.
        """
        ended = 0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._connection, self._connection.cursor() as cursor:
                    cursor.execute(TERMINATE, ([database, incoming],))
                    ended += cursor.fetchone()[0]
                self._move_sequences_on(database, incoming)
                with self._connection, self._connection.cursor() as cursor:
                    # Who has come back meanwhile has been counted before.
                    cursor.execute(TERMINATE, ([database, incoming],))
                    for old, new in ((database, outgoing), (incoming, database)):
                        cursor.execute(sql.SQL(RENAME).format(sql.Identifier(old), sql.Identifier(new)))
                    if comment:
                        cursor.execute(
                            sql.SQL(COMMENT).format(sql.Identifier(outgoing), sql.Literal(comment))
                        )
                return ended
            except errors.ObjectInUse as error:
                if attempt == ATTEMPTS:
                    raise SwapError(
                        f"databases {database} and {incoming} keep being used: {_first_line(error)} Nobody may be "
                        "logged in there; end the sessions of other roles (pg_stat_activity), and run this again."
                    ) from error
                time.sleep(pause_seconds)
            except psycopg2.Error as error:
                raise SwapError(f"databases cannot be renamed: {_first_line(error)}") from error
        return ended

    def _move_sequences_on(self, database: str, incoming: str) -> None:
        """Have the sequences of the incoming database go on where those of the one that it replaces are.

        An id that was handed out may be in a token that is still valid, and must not become another user's. Sessions in
        both were ended before: what a worker takes that logs in again between this and the rename is not known here.
        """
        try:
            with self._logged_in(database) as cursor:
                cursor.execute(SEQUENCES)
                handed_out = cursor.fetchone()
            with self._logged_in(incoming) as cursor:
                cursor.execute(MOVE_ON, handed_out)
        except psycopg2.Error as error:
            raise SwapError(
                f"databases are not swapped, since {self._options['login_user']} cannot have the sequences of "
                f"{incoming} go on where those of {database} are: {_first_line(error).rstrip('.')}. Mend that, and "
                "run this again."
            ) from error

    @contextmanager
    def _logged_in(self, name: str) -> Iterator[Any]:
        """Give a cursor in a database that is renamed later, which keeps no connection to it."""
        options = {**self._options, "login_db": name}
        connection = psycopg2.connect(**connection_arguments(options, STATEMENT_SECONDS))
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def swap_is_done(existing: set[str], database: str, incoming: str, outgoing: str) -> bool:
    """Say whether the databases have been swapped already; raise where neither that nor the start of it is there."""
    if existing == {database, outgoing}:
        return True
    if existing != {database, incoming}:
        raise SwapError(
            f"databases {database} and {incoming} are needed and no {outgoing}; there is "
            f"{', '.join(sorted(existing)) or 'none'}."
        )
    return False
