"""What a browser's logout has left, looked up in stores that are made up, and used against a real HTTP server."""

from __future__ import annotations

import json

import pytest
import session_end_info
from ansible.module_utils.session_end import PLAN, describe
from auth_backend import Backend, serve

ENDED = {"session": "s1-of-a-browser", "token": "t1-of-a-browser", "access": "Bearer a1-of-a-browser"}
OK = {"row": False, "key": False, "revoked": True}


class Store:
    """Stands for a table or for Redis, with one answer, which it must be asked for before the application is."""

    def __init__(self, answer: bool | None, asked: list) -> None:
        self.answer, self.asked, self.closed = answer, asked, False

    def has(self, _session: str) -> bool | None:
        assert not self.asked, "the application may have thrown away what was left"
        return self.answer

    revoked = has

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def look(monkeypatch, run_module):
    """Run the module for what was ended; `found` is what the stores say, `good` what the application still takes."""

    def run(ended=(ENDED,), found=OK, good=(), **options):
        backend = Backend()
        stores = {name: Store(answer, backend.log) for name, answer in (OK | found).items()}
        made = {"PostgresSessions": "row", "RedisSessions": "key", "PostgresTokens": "revoked"}
        for name, store in made.items():
            monkeypatch.setattr(session_end_info, name, lambda *_options, store=store: stores[store])
        given = {
            "ended": list(ended),
            "me": "/me",
            "expect": ["redis_sessions", "access_revocation"],
            "postgres": {"login_db": "unused"},
            "token_table": "tokens",
            "redis": {"key_format": "x{session_key}"},
        }
        backend.sessions.update(good)
        backend.families.append({"access": list(good)})
        with serve(backend) as base_url:
            result = run_module(session_end_info, given | {"base_url": base_url} | options)
        return result, stores

    return run


def by_name(result: dict, status: str) -> dict[str, str]:
    return {check["name"]: check["reason"] for check in result["checks"] if check["status"] == status}


def test_nothing_is_left(look):
    result, stores = look()
    assert (result["status"], result["changed"]) == ("ok", False)
    assert set(by_name(result, "ok")) == {check.name for check in PLAN}
    assert all(store.closed for store in stores.values())


@pytest.mark.parametrize(
    ("found", "check", "said"),
    [
        ({"row": True}, "browser_logout_row", "still in postgres"),
        ({"key": True}, "browser_logout_key", "still in redis"),
        ({"revoked": False}, "browser_logout_token", "lives on"),
        ({"revoked": None}, "browser_logout_token", "not in the table"),
    ],
)
def test_what_is_left_in_a_store_is_critical(look, found, check, said):
    result, _stores = look(found=found)
    assert result["status"] == "critical"
    [(name, reason)] = by_name(result, "critical").items()
    assert name == check
    assert said in reason


@pytest.mark.parametrize(
    ("good", "check", "wanted"),
    [
        ("s1-of-a-browser", "browser_logout_session", "401 or 403 is required, with the cookie"),
        ("a1-of-a-browser", "browser_logout_access", "401 is required, with the access token"),
    ],
)
def test_what_the_application_still_takes_is_critical(look, good, check, wanted):
    result, _stores = look(good=[good])
    [(name, reason)] = by_name(result, "critical").items()
    assert name == check
    assert wanted in reason


def test_one_of_two_logouts_is_enough(look):
    result, _stores = look(ended=(ENDED, ENDED), found={"key": True})
    assert set(by_name(result, "critical")) == {"browser_logout_key"}


def test_without_its_input_a_check_is_skipped_and_says_so(look):
    result, _stores = look(postgres=None, redis=None, expect=[])
    assert result["status"] == "ok"
    assert by_name(result, "skipped") == {
        "browser_logout_row": "a session in PostgreSQL is not given",
        "browser_logout_key": "a session in Redis is not given",
        "browser_logout_token": "a token in PostgreSQL is not given",
        "browser_logout_access": "access_revocation is not expected of this release",
    }


def test_a_browser_without_a_session_is_looked_up_nowhere(look):
    """An empty name would be found nowhere, and prove nothing."""
    result, _stores = look(ended=(ENDED | {"session": "", "token": "", "access": ""},))
    assert set(by_name(result, "skipped")) == {check.name for check in PLAN}


def test_nothing_that_names_a_session_is_returned(look):
    result, _stores = look(found={"row": True, "key": True, "revoked": False})
    assert [text for text in ENDED.values() if text in json.dumps(result)] == []


def test_a_token_that_says_nothing_of_itself_is_called_nothing():
    assert describe("s1", "opaque", "Bearer a1") == {"session": "s1", "token": "", "access": "Bearer a1"}
