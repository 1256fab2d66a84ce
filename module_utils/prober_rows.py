"""Which acknowledged rows are in a table exactly once. The query is one statement; the sorting is pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.module_utils.postgres_login import connection_arguments

try:
    import psycopg2
    from psycopg2 import sql
except ImportError:
    psycopg2 = None

STATEMENT_SECONDS = 60
QUERY = """
    SELECT wanted.id, count(found.{column})
    FROM unnest(%s::text[]) AS wanted (id)
    LEFT JOIN {table} AS found ON found.{column}::text = wanted.id
    GROUP BY wanted.id
    HAVING count(found.{column}) <> 1
"""


class RowsError(Exception):
    """The rows could not be counted: what was looked at, what was found, what was needed."""


@dataclass(frozen=True)
class Rows:
    """checked: number of different ids; found: those that are there exactly once."""

    checked: int
    found: int
    missing: list[str]
    duplicated: list[str]


def sort_rows(ids: list[str], counts: dict[str, int]) -> Rows:
    """counts holds the ids whose number of rows is not one."""
    missing = sorted(row_id for row_id, count in counts.items() if count == 0)
    duplicated = sorted(row_id for row_id, count in counts.items() if count > 1)
    checked = len(set(ids))
    return Rows(checked, checked - len(missing) - len(duplicated), missing, duplicated)


def normalize(ids: list[str]) -> list[str]:
    """Each id once, as PostgreSQL prints a uuid. Raises RowsError when there is none."""
    known = list(dict.fromkeys(row_id.strip().lower() for row_id in ids if row_id.strip()))
    if not known:
        raise RowsError("the list of ids is empty; at least one acknowledged id is needed")
    return known


def connect(options: dict[str, Any]) -> Any:
    """A read-only connection. Raises RowsError."""
    if psycopg2 is None:
        raise RowsError("psycopg2 is not installed for this Python; it is needed to read PostgreSQL")
    try:
        connection = psycopg2.connect(**connection_arguments(options, STATEMENT_SECONDS))
        connection.set_session(readonly=True, autocommit=True)
    except psycopg2.Error as error:
        raise _error(options, error) from error
    return connection


def read_counts(connection: Any, ids: list[str], options: dict[str, Any]) -> dict[str, int]:
    """Number of rows of each id that does not have exactly one. Raises RowsError."""
    table = sql.SQL(".").join(map(sql.Identifier, options["table"].split(".")))
    query = sql.SQL(QUERY).format(table=table, column=sql.Identifier(options["column"]))
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, (ids,))
            return dict(cursor.fetchall())
    except psycopg2.Error as error:
        raise _error(options, error) from error


def _error(options: dict[str, Any], error: Exception) -> RowsError:
    found = (str(error).strip().splitlines() or [type(error).__name__])[0]
    place = f"PostgreSQL at {options['login_host']}:{options['login_port']}"
    return RowsError(f"{place}, table {options['table']}: {found}; the table must be readable")
