"""Where a Django session lives besides the cookie: a row in PostgreSQL and a key in Redis. Read-only."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.auth_flow_http import AuthFlowError
from ansible.module_utils.postgres_login import connection_arguments

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


class PostgresSessions:
    """Looks for session rows over one read-only connection."""

    def __init__(self, options: dict[str, Any]) -> None:
        if psycopg2 is None:
            raise AuthFlowError("psycopg2 is not installed for this Python; it is needed to read PostgreSQL")
        self._place = f"PostgreSQL at {options['login_host']}:{options['login_port']}"
        self._table = sql.SQL(".").join(map(sql.Identifier, options["session_table"].split(".")))
        try:
            self._connection = psycopg2.connect(**connection_arguments(options, TIMEOUT_SECONDS))
            self._connection.set_session(readonly=True, autocommit=True)
        except psycopg2.Error as error:
            raise self._error(error) from error

    def has(self, session_key: str) -> bool:
        query = sql.SQL("SELECT 1 FROM {} WHERE session_key = %s").format(self._table)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query, (session_key,))
                return cursor.fetchone() is not None
        except psycopg2.Error as error:
            raise self._error(error) from error

    def close(self) -> None:
        self._connection.close()

    def _error(self, error: Exception) -> AuthFlowError:
        found = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return AuthFlowError(f"{self._place}: {found}; the session table must be readable")


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
