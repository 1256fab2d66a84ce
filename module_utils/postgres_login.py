"""How this project's modules log in to PostgreSQL: options named as in community.postgresql, in one place."""

from __future__ import annotations

from typing import Any

CONNECT_SECONDS = 5
LOGIN_SPEC = {
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
}


def connection_arguments(options: dict[str, Any], statement_seconds: int) -> dict[str, Any]:
    """Return the arguments of ``psycopg2.connect`` for a login; no statement may take longer than that."""
    return {
        "host": options["login_host"],
        "port": options["login_port"],
        "user": options["login_user"],
        "password": options["login_password"],
        "dbname": options["login_db"],
        "sslmode": options["ssl_mode"],
        # Without one, libpq looks for a file of the user's own.
        "sslrootcert": options["ca_cert"] or None,
        "connect_timeout": CONNECT_SECONDS,
        "options": f"-c statement_timeout={statement_seconds * 1000}",
    }
