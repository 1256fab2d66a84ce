"""Where a session lives besides its cookie: a row in PostgreSQL, a key in Redis, a row of its token. Read-only."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.auth_flow_http import AuthFlowError
from ansible.module_utils.postgres_login import LOGIN_SPEC, connection_arguments

try:
    import psycopg2
    from psycopg2 import sql
except ImportError:
    psycopg2 = None
try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError:
    redis = None

TIMEOUT_SECONDS = 5
FAMILY_HAS_ENDED = """
    SELECT NOT EXISTS (
        SELECT FROM {table} AS live WHERE live.{family_id} = one.{family_id} AND live.{revoked_at} IS NULL
    ) FROM {table} AS one WHERE one.{token_id} = %s
"""
POSTGRES_SPEC = LOGIN_SPEC | {"session_table": {"type": "str", "default": "django_session"}}
REDIS_SPEC = {
    "login_host": {"type": "str", "default": "localhost"},
    "login_port": {"type": "int", "default": 6379},
    "login_user": {"type": "str"},
    "login_password": {"type": "str", "no_log": True},
    "db": {"type": "int", "default": 0},
    "key_format": {"type": "str", "required": True, "no_log": False},
    "tls": {"type": "bool", "default": False},
    "ca_certs": {"type": "path"},
}


class PostgresTable:
    """Looks up single rows of a table, over one read-only connection."""

    def __init__(self, options: dict[str, Any], table: str) -> None:
        if psycopg2 is None:
            raise AuthFlowError("psycopg2 is not installed for this Python; it is needed to read PostgreSQL")
        self._place = f"PostgreSQL at {options['login_host']}:{options['login_port']}"
        self._table, self._name = sql.SQL(".").join(map(sql.Identifier, table.split("."))), table
        try:
            self._connection = psycopg2.connect(**connection_arguments(options, TIMEOUT_SECONDS))
            self._connection.set_session(readonly=True, autocommit=True)
        except psycopg2.Error as error:
            raise self._error(error) from error

    def _find(self, query: str, value: str, **columns: str) -> tuple[Any, ...] | None:
        names = {name: sql.Identifier(column) for name, column in columns.items()}
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql.SQL(query).format(table=self._table, **names), (value,))
                return cursor.fetchone()
        except psycopg2.Error as error:
            raise self._error(error) from error

    def close(self) -> None:
        self._connection.close()

    def _error(self, error: Exception) -> AuthFlowError:
        found = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return AuthFlowError(f"{self._place}: {found}; table {self._name} must be readable")


class PostgresSessions(PostgresTable):
    """The session rows."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options, options["session_table"])

    def has(self, session_key: str) -> bool:
        return self._find("SELECT 1 FROM {table} WHERE session_key = %s", session_key) is not None


class PostgresTokens(PostgresTable):
    """The rows of refresh tokens; `columns` are the table's names of `token_id`, `family_id` and `revoked_at`."""

    def __init__(self, options: dict[str, Any], table: str, columns: dict[str, str]) -> None:
        super().__init__(options, table)
        self._columns = columns

    def revoked(self, token_id: str) -> bool | None:
        """Whether nothing of its family is left, which a rotation leaves; None when the table has no such token."""
        row = self._find(FAMILY_HAS_ENDED, token_id, **self._columns)
        return row[0] if row else None


class RedisSessions:
    """Looks for session keys by their exact name; nothing is scanned."""

    def __init__(self, options: dict[str, Any]) -> None:
        if redis is None:
            raise AuthFlowError("redis is not installed for this Python; it is needed to read Redis")
        if "{session_key}" not in options["key_format"]:
            raise AuthFlowError("redis.key_format holds no {session_key}; it must say where the key goes")
        self._format = options["key_format"]
        self._place = f"Redis at {options['login_host']}:{options['login_port']}"
        self._client = redis.Redis(**_redis_options(options))
        try:
            self._client.ping()
        except redis.RedisError as error:
            raise self._error(error) from error

    def has(self, session_key: str) -> bool:
        try:
            return bool(self._client.exists(self._format.replace("{session_key}", session_key)))
        except redis.RedisError as error:
            raise self._error(error) from error

    def close(self) -> None:
        self._client.close()

    def _error(self, error: Exception) -> AuthFlowError:
        return AuthFlowError(f"{self._place}: {error}; the session database must be readable")


def _redis_options(options: dict[str, Any]) -> dict[str, Any]:
    tls = {"ssl": True, "ssl_ca_certs": options["ca_certs"] or None} if options["tls"] else {}
    return {
        "host": options["login_host"],
        "port": options["login_port"],
        "username": options["login_user"],
        "password": options["login_password"],
        "db": options["db"],
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        **tls,
    }
