"""One transaction in PostgreSQL, as a consistent snapshot; every error is one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.health_checks import HealthError, NotKnown

try:
    import psycopg2
    from psycopg2 import errors, extras, sql
except ImportError:
    psycopg2 = None

CONNECT_SECONDS = 5
#: For these queries alone. Enough memory to sort and group a hundred thousand sessions; but hashes that workers share
#: need more shared memory than a container has by default, and compiling costs more than the queries take.
SETTINGS = {
    "work_mem": "'16MB'",
    "enable_parallel_hash": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "lock_timeout": "2000",
}
POSTGRES_SPEC: dict[str, dict[str, Any]] = {
    "login_host": {"type": "str", "default": "localhost"},
    "login_port": {"type": "int", "default": 5432},
    "login_user": {"type": "str", "default": "postgres"},
    "login_password": {"type": "str", "no_log": True},
    "login_db": {"type": "str", "required": True},
    "ssl_mode": {
        "type": "str",
        "choices": ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"],
        "default": "prefer",
    },
    "ca_cert": {"type": "path"},
    "statement_timeout_seconds": {"type": "float", "default": 30},
}


def identifier(name: str) -> Any:
    """`schema.table` or `table` as a quoted identifier."""
    return sql.SQL(".").join(map(sql.Identifier, name.split(".")))


def quoted(name: str) -> str:
    """The same as text, for to_regclass."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


class Transaction:
    """Use it in a `with`: read-only ones end without a trace, others are committed when nothing was raised."""

    def __init__(self, options: Mapping[str, Any], name: str, read_only: bool = True) -> None:
        if psycopg2 is None:
            raise HealthError("psycopg2 is not installed for this Python; it is needed to ask PostgreSQL")
        if options["statement_timeout_seconds"] <= 0:
            raise HealthError(
                f"statement_timeout_seconds is {options['statement_timeout_seconds']:g}; a number above 0 is needed"
            )
        self._options = options
        self._name = name
        self._read_only = read_only
        self.place = (
            f"PostgreSQL at {options['login_host']}:{options['login_port']}, database {options['login_db']}"
        )

    def __enter__(self) -> Transaction:
        options = self._options
        try:
            self._connection = psycopg2.connect(
                host=options["login_host"],
                port=options["login_port"],
                user=options["login_user"],
                password=options["login_password"],
                dbname=options["login_db"],
                sslmode=options["ssl_mode"],
                sslrootcert=options["ca_cert"],
                connect_timeout=CONNECT_SECONDS,
                application_name=self._name,
            )
        except psycopg2.Error as error:
            raise self._error(error, f"a login as {options['login_user']} is needed") from error
        # Both are said in BEGIN, and what follows with SET LOCAL: a pooler may give each transaction another session.
        self._connection.set_session(isolation_level="REPEATABLE READ", readonly=self._read_only)
        milliseconds = int(options["statement_timeout_seconds"] * 1000)
        self._execute(f"SET LOCAL statement_timeout = {milliseconds}")
        for name, value in SETTINGS.items():
            self._execute(f"SET LOCAL {name} = {value}")
        return self

    def __exit__(self, kind: type | None, *_rest: object) -> None:
        try:
            if kind is None and not self._read_only:
                self._connection.commit()
        except psycopg2.Error as error:
            raise self._error(error, "the transaction must be committed") from error
        finally:
            self._connection.close()

    def rows(
        self, text: str, values: Mapping[str, Any], names: Mapping[str, Any] | None = None
    ) -> list[dict]:
        """The rows of a query; `names` fills its braces. Raises HealthError, or NotKnown when it takes too long."""
        query = sql.SQL(text).format(**names) if names else text
        self._execute("SAVEPOINT query")
        try:
            with self._connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
                cursor.execute(query, values)
                found = [dict(row) for row in cursor.fetchall()] if cursor.description else []
        except errors.QueryCanceled as error:
            self._execute("ROLLBACK TO SAVEPOINT query")
            limit = self._options["statement_timeout_seconds"]
            raise NotKnown(
                f"{self.place}: the query took longer than {limit:g} s; a faster server, an index, or a higher "
                "statement_timeout_seconds is needed"
            ) from error
        except (errors.DiskFull, errors.OutOfMemory) as error:
            self._execute("ROLLBACK TO SAVEPOINT query")
            raise NotKnown(str(self._error(error, "more memory or disk is needed"))) from error
        except psycopg2.Error as error:
            raise self._error(error, "the query must be allowed and possible") from error
        self._execute("RELEASE SAVEPOINT query")
        return found

    def row(self, text: str, values: Mapping[str, Any], names: Mapping[str, Any] | None = None) -> dict:
        """The first row of a query; empty when there is none."""
        return next(iter(self.rows(text, values, names)), {})

    def stream(self, text: str, values: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
        """Rows as tuples from a cursor of the server's, a few thousand at a time. Raises HealthError."""
        try:
            with self._connection.cursor(name="stream") as cursor:
                cursor.itersize = 5000
                cursor.execute(sql.SQL(text).format(**names), values)
                yield from cursor
        except psycopg2.Error as error:
            raise self._error(error, "the rows must be readable") from error

    def copy(self, table: Any, lines: Any) -> None:
        """Write tab-separated lines into a table; `lines` is a file that can be read. Raises HealthError."""
        try:
            with self._connection.cursor() as cursor:
                cursor.copy_expert(sql.SQL("COPY {} FROM STDIN").format(table), lines)
        except psycopg2.Error as error:
            raise self._error(error, "the table must be writable") from error

    def _execute(self, statement: str) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
        except psycopg2.Error as error:
            raise self._error(error, "a working connection is needed") from error

    def _error(self, error: Exception, needed: str) -> HealthError:
        found = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return HealthError(f"{self.place}: {found}; {needed}")
