"""What differs between two databases of the same application, table by table: one as it is, one from a backup.

Rows are told apart by the primary key; where a table has none, by all that a row holds. Only hashes of rows leave the
databases, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

try:
    import psycopg2
    from ansible.module_utils.postgres_login import connection_arguments
    from psycopg2 import sql
except ImportError:
    psycopg2 = None

#: {table: columns and key} of everything that holds rows, but what belongs to an extension.
TABLES = """
SELECT format('%I.%I', nspname, relname) AS name, nspname, relname,
       ARRAY(SELECT attname::text FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attname) AS columns,
       ARRAY(SELECT attname::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
             WHERE indrelid = c.oid AND indisprimary ORDER BY attname) AS key
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY 1
"""
ROWS = 'SELECT ROW({key})::text COLLATE "C", md5(ROW({columns})::text) FROM ONLY {table} ORDER BY 1, 2'
ROWS_AT_ONCE = 5000
Row = tuple[str, str]


class DifferenceError(Exception):
    """A database cannot be read; the text is one sentence for the operator."""


@dataclass(frozen=True)
class Table:
    """A table of one of the databases. ``key`` is empty where it has no primary key."""

    name: str
    schema: str
    relation: str
    columns: list[str]
    key: list[str]


@dataclass
class Difference:
    """What a table would lose, get back and have changed.

    ``only_in`` is ``now`` or ``other`` where the other one has no such table.
    """

    name: str
    lost: int = 0
    changed: int = 0
    returned: int = 0
    only_in: str = ""
    columns_lost: list[str] = field(default_factory=list)
    columns_returned: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.lost or self.changed or self.returned
            or self.only_in or self.columns_lost or self.columns_returned
        )  # fmt: skip


def compare_rows(now: Iterable[Row], other: Iterable[Row]) -> tuple[int, int, int]:
    """Count the rows that only the first one has, that differ, and that only the second one has.

    Both give (key, hash) in the order of the key's code points, which is that of the collation "C" in UTF-8.
    """
    lost = changed = returned = 0
    left, right = iter(now), iter(other)
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            lost, a = lost + 1, next(left, None)
        elif a is None or b[0] < a[0]:
            returned, b = returned + 1, next(right, None)
        else:
            changed += a[1] != b[1]
            a, b = next(left, None), next(right, None)
    return lost, changed, returned


class Database:
    """One database, read as one snapshot."""

    def __init__(self, options: dict[str, Any], name: str) -> None:
        self.name = name
        try:
            self._connection = psycopg2.connect(
                **connection_arguments({**options, "login_db": name}, statement_seconds=0)
            )
            self._connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            self._connection.set_client_encoding("UTF8")
        except psycopg2.Error as error:
            raise self._error(error) from error

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()

    def tables(self) -> dict[str, Table]:
        """Return the tables by name."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(TABLES)
                return {row[0]: Table(*row) for row in cursor.fetchall()}
        except psycopg2.Error as error:
            raise self._error(error) from error

    def rows(self, table: Table, key: list[str], columns: list[str]) -> Iterator[Row]:
        """Give the rows of a table, a few thousand at a time."""
        names = {
            "table": sql.Identifier(table.schema, table.relation),
            "key": sql.SQL(", ").join(map(sql.Identifier, key)),
            "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
        }
        try:
            with self._connection.cursor(name="rows") as cursor:
                cursor.itersize = ROWS_AT_ONCE
                cursor.execute(sql.SQL(ROWS).format(**names))
                yield from cursor
        except psycopg2.Error as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> DifferenceError:
        found = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return DifferenceError(f"database {self.name} cannot be compared: {found}")


def compare_table(now: Database, other: Database, mine: Table | None, theirs: Table | None) -> Difference:
    """Compare a table of both databases, or count the rows of one that only one of them has."""
    if mine is None or theirs is None:
        table, database = mine or theirs, now if mine else other
        count = sum(1 for _row in database.rows(table, table.key, table.key))
        return Difference(
            table.name,
            lost=count if mine else 0,
            returned=0 if mine else count,
            only_in="now" if mine else "other",
        )
    common = [column for column in mine.columns if column in theirs.columns]
    key = mine.key if mine.key and mine.key == theirs.key else common
    lost, changed, returned = compare_rows(now.rows(mine, key, common), other.rows(theirs, key, common))
    return Difference(
        mine.name,
        lost,
        changed,
        returned,
        columns_lost=[column for column in mine.columns if column not in common],
        columns_returned=[column for column in theirs.columns if column not in common],
    )


def compare(options: dict[str, Any], database: str, other: str) -> list[Difference]:
    """Return the tables that differ between two databases of one server."""
    opened: list[Database] = []
    try:
        for name in (database, other):
            opened.append(Database(options, name))
        mine, theirs = (found.tables() for found in opened)
        found = [
            compare_table(*opened, mine.get(name), theirs.get(name)) for name in sorted({*mine, *theirs})
        ]
        return [difference for difference in found if difference]
    finally:
        for found in opened:
            found.close()
