"""Sessions that a run makes before its switch, on the app itself: they go on through every way that releases take."""

from __future__ import annotations

import time
from pathlib import Path

import ansible.module_utils
import pytest

from app_client import PASSWORD, Client

ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[2] / "module_utils"))

from ansible.module_utils.auth_flow_app import Settings
from ansible.module_utils.auth_flow_http import Client as HttpClient
from ansible.module_utils.canary_sessions import Canaries


def settings(email: str) -> Settings:
    return Settings(
        user=email,
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


@pytest.fixture
def canaries_on(stack, tmp_path: Path):
    """Those of a new user, by the version that is asked; all keep them in one file."""
    wanted = settings(Client(stack.fix.url).register().email)

    def on(version: str) -> Canaries:
        client = HttpClient(getattr(stack, version).url, {}, 10)
        return Canaries(client, wanted, str(tmp_path / "kept"))

    on.email = wanted.user
    return on


def judged(canaries: Canaries, flock) -> dict[str, str]:
    return {check.name: check.reason for check in canaries.judge(flock, time.time())}


@pytest.mark.parametrize(
    "way",
    [("before", "fix"), ("fix", "before"), ("fix", "fix"), ("before", "fix", "before", "fix")],
    ids="-".join,
)
def test_all_of_them_go_on(canaries_on, stack, way: tuple[str, ...]) -> None:
    flock = canaries_on(way[0]).make()
    assert (len(flock.canaries), flock.problem) == (8, "")
    for version in way[1:]:
        found = judged(canaries_on(version), flock)
        assert len(found) == 8
        assert {name: reason for name, reason in found.items() if reason} == {}
    reasons = stack.services.sql(
        "SELECT DISTINCT revoked_reason FROM auth_refresh_token AS t JOIN igny8_user AS u ON u.id = t.user_id"
        " WHERE u.email = %s",
        canaries_on.email,
    )
    assert ("reuse_detected",) not in reasons
    canaries_on("fix").end(flock)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "UPDATE auth_refresh_token SET revoked_at = clock_timestamp(), revoked_reason = 'logout' WHERE id ="
            " (SELECT max(t.id) FROM auth_refresh_token AS t JOIN igny8_user AS u ON u.id = t.user_id"
            " WHERE u.email = %s AND t.revoked_at IS NULL) RETURNING id",
            "session_revoked",
        ),
        (
            "DELETE FROM django_session WHERE session_key = (SELECT session_key FROM django_session"
            " WHERE %s <> '' ORDER BY expire_date DESC LIMIT 1) RETURNING session_key",
            "with the cookie",
        ),
    ],
    ids=["token family", "cookie session"],
)
def test_one_that_is_revoked_turns_the_run_red(canaries_on, stack, fault: str, words: str) -> None:
    flock = canaries_on("fix").make()
    assert len(stack.services.sql(fault, canaries_on.email)) == 1
    reasons = [reason for reason in judged(canaries_on("fix"), flock).values() if reason]
    assert len(reasons) == 1 and words in reasons[0]
    canaries_on("fix").end(flock)
