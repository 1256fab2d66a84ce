"""What psycopg2 is given for a login."""

from __future__ import annotations

import pytest
from ansible.module_utils.postgres_login import LOGIN_SPEC, connection_arguments

LOGIN = {
    "login_host": "db.example",
    "login_port": 5433,
    "login_user": "app",
    "login_password": "hunter2-of-tests",
    "login_db": "shop",
    "ssl_mode": "verify-full",
    "ca_cert": "/etc/ssl/certs/data.pem",
}


def test_every_option_is_passed_on():
    assert set(LOGIN) == set(LOGIN_SPEC)
    assert connection_arguments(LOGIN, 5) == {
        "host": "db.example",
        "port": 5433,
        "user": "app",
        "password": "hunter2-of-tests",
        "dbname": "shop",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ssl/certs/data.pem",
        "connect_timeout": 5,
        "options": "-c statement_timeout=5000",
    }


@pytest.mark.parametrize("ca_cert", [None, ""])
def test_no_certificate_is_none(ca_cert):
    assert connection_arguments(LOGIN | {"ca_cert": ca_cert}, 5)["sslrootcert"] is None
