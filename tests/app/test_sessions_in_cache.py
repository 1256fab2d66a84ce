"""A version that keeps sessions in the cache alone is refused by the proof of a deploy, and by the app's own checks."""

from __future__ import annotations

import time
from pathlib import Path

import ansible.module_utils
import pytest

from app_client import PASSWORD, Client
from app_stack import Backend

ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[2] / "module_utils"))

from ansible.module_utils.auth_flow import Ledger
from ansible.module_utils.auth_flow_app import App, Settings
from ansible.module_utils.auth_flow_http import Client as HttpClient
from ansible.module_utils.auth_flow_run import Flow
from ansible.module_utils.auth_flow_stores import PostgresSessions, RedisSessions

GIVEN = {"postgres", "redis", "session_cookie"}


@pytest.fixture
def cached(backend, stack) -> Backend:
    """That version, running."""
    return backend("sessions-in-cache").start()


def red(stack, backend: Backend) -> set[str]:
    """The checks that a deploy of what this backend runs would fail in its proof."""
    services = stack.services
    login = {"login_host": "127.0.0.1", "login_user": "igny8", "login_db": "igny8"}
    sessions = {
        "postgres": PostgresSessions(
            login
            | {"login_port": services.postgres_port, "login_password": services.passwords["postgres"]}
            | {"ssl_mode": "prefer", "ca_cert": None, "session_table": "django_session"}
        ),
        "redis": RedisSessions(
            {"login_host": "127.0.0.1", "login_port": services.redis_port, "login_user": None, "db": 1}
            | {"login_password": services.passwords["redis"], "tls": False}
            | {"key_format": ":1:django.contrib.sessions.cached_db{session_key}"}
        ),
    }
    settings = Settings(
        user=Client(stack.fix.url).register().email,
        password=PASSWORD,
        paths={page: f"/api/auth/{page}/" for page in ("login", "refresh", "logout", "me")},
        login_fields={"email": "email", "password": "password", "remember": "remember_me"},
        rotate_header={"X-Auth-Rotate": "1"},
        data_key="data",
        access_field="access",
        refresh_field="refresh",
        identity_field="user.email",
        session_cookie="sessionid",
        release=None,
        release_header="X-Release",
    )
    ledger = Ledger(["remember_me", "rotation", "redis_sessions", "revocation"], GIVEN)
    app = App(HttpClient(backend.url, {}, 10), settings)
    Flow(app, settings, ledger, sessions, int(time.time())).run()
    for store in sessions.values():
        store.close()
    return {check["name"] for check in ledger.checks() if check["status"] == "critical"}


def test_its_proof_finds_no_session_where_they_belong(stack, cached: Backend) -> None:
    """It logs in, goes on and logs out as ever: nobody who only uses it sees the fault."""
    assert red(stack, cached) == {"session_row", "session_key"}


def test_the_proof_of_the_fix_finds_them(stack) -> None:
    assert red(stack, stack.fix) == set()


def test_the_checks_of_its_settings_refuse_it(cached: Backend) -> None:
    found = cached.manage("check", "--deploy", "--fail-level", "ERROR")
    assert found.returncode != 0
    assert {"igny8_auth.E002", "igny8_auth.E003"} <= set(
        found.stderr.replace("(", " ").replace(")", " ").split()
    )
