"""Tables for the pure half: fields, lifetimes, verdicts."""

from __future__ import annotations

import base64
import json

import pytest
from ansible.module_utils.auth_flow import (
    Ledger,
    judge_lifetimes,
    make_expired,
    read_claims,
    read_field,
    read_lifetime,
)


def jwt(claims: object) -> str:
    return ".".join(("e30", base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("="), "s"))


@pytest.mark.parametrize(
    ("token", "seconds"),
    [
        (jwt({"iat": 1000, "exp": 1900}), 900),
        (jwt({"iat": 1000, "exp": 1000}), 0),
        (jwt({"iat": 1000.5, "exp": 1900.5}), 900),
        (jwt({"exp": 1900}), None),
        (jwt({"iat": 1000}), None),
        (jwt({"iat": "1000", "exp": "1900"}), None),
        (jwt({"iat": True, "exp": 1900}), None),
        (jwt([1, 2]), None),
        ("a.b.c", None),
        ("a.!!.c", None),
        ("opaque", None),
        ("", None),
    ],
)
def test_read_lifetime(token, seconds):
    assert read_lifetime(token) == seconds


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ({"data": {"access": "a"}}, "access", "a"),
        ({"access": "a"}, "access", "a"),
        ({"data": {"access": "a"}, "access": "b"}, "access", "a"),
        ({"data": None, "access": "b"}, "access", "b"),
        ({"data": {"user": {"email": "e"}}}, "user.email", "e"),
        ({"data": {"user": "e"}}, "user.email", None),
        ({"data": []}, "access", None),
        (None, "access", None),
        (["access"], "access", None),
    ],
)
def test_read_field(body, name, value):
    assert read_field(body, name, "data") == value


@pytest.mark.parametrize(
    ("plain", "remember", "default_seconds", "remember_seconds", "problems"),
    [
        (100, 200, 100, 200, 0),
        (105, 205, 100, 200, 0),
        (106, 206, 100, 200, 2),
        (94, 200, 100, 200, 1),
        (100, 200, None, None, 0),
        (200, 200, None, None, 1),
        (None, 200, None, None, 1),
        (100, None, 100, 200, 1),
    ],
)
def test_judge_lifetimes(plain, remember, default_seconds, remember_seconds, problems):
    assert len(judge_lifetimes(plain, remember, default_seconds, remember_seconds)) == problems


def test_make_expired_is_a_jwt_of_the_past():
    claims = read_claims(make_expired(now=10_000))
    assert claims["exp"] == 6_400
    assert claims["iat"] < claims["exp"]


def test_ledger_adds_problems_and_keeps_the_order():
    ledger = Ledger(expect=[], given=set())
    ledger.record("refresh", [])
    ledger.record("login", ["first"])
    ledger.record("login", ["second"])
    found = {check["name"]: (check["status"], check["reason"]) for check in ledger.checks()}
    assert list(found).index("login") < list(found).index("refresh")
    assert found["login"] == ("critical", "first; second")
    assert found["refresh"] == ("ok", "")
    assert found["logout"] == ("skipped", "not reached, an earlier check failed")
    assert found["rotation"] == ("skipped", "rotation is not expected of this release")
    assert ledger.status() == "critical"


def test_ledger_shows_a_feature_only_when_its_check_passed():
    ledger = Ledger(expect=["rotation"], given=set())
    ledger.record("rotation", [])
    ledger.record("logout_refresh", ["still works"])
    assert ledger.features() == ["rotation"]
    assert ledger.status() == "ok"


def test_ledger_shows_no_feature_whose_check_had_no_input():
    ledger = Ledger(expect=["session_survives_errors"], given=set())
    ledger.record("session_survives_errors", [])
    assert ledger.features() == []
