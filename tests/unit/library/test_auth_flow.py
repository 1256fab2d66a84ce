"""The module against a real HTTP server: healthy, and broken in one way at a time."""

from __future__ import annotations

import json
import socket

import auth_flow
import pytest
import yaml
from auth_backend import (
    DEFAULT_SECONDS,
    PASSWORD,
    RELEASE,
    REMEMBER_SECONDS,
    USER,
    Backend,
    BrokenStore,
    serve,
)

FEATURES = auth_flow.ARGUMENT_SPEC["expect"]["choices"]


def options(base_url: str, **changes) -> dict:
    paths = {name: f"/{name}" for name in ("login", "refresh", "logout", "me", "forbidden")}
    return {
        "base_url": base_url,
        "user": USER,
        "password": PASSWORD,
        "paths": paths | {"payment_required": "/premium", "web": "/home"},
        "rotate_header": {"X-Auth-Rotate": 1},
        "headers": {"X-Prove": "prove-key-of-tests"},
        "expect": FEATURES,
        "release": RELEASE,
        "default_seconds": DEFAULT_SECONDS,
        "remember_seconds": REMEMBER_SECONDS,
        "postgres": {"login_db": "unused"},
        "redis": {"key_format": "x{session_key}"},
        "timeout_seconds": 5,
    } | changes


@pytest.fixture
def run_flow(monkeypatch, run_module):
    """Run the module against a backend with the given faults; returns (result, backend)."""

    def run(*faults: str, wrapped: bool = True, check_mode: bool = False, **changes):
        backend = Backend(*faults)
        monkeypatch.setattr(auth_flow, "PostgresSessions", lambda _options: BrokenStore(backend, "row"))
        monkeypatch.setattr(auth_flow, "RedisSessions", lambda _options: BrokenStore(backend, "key"))
        with serve(backend, wrapped) as base_url:
            return run_module(auth_flow, options(base_url, **changes), check_mode), backend

    return run


def critical(result: dict) -> set[str]:
    return {check["name"] for check in result["checks"] if check["status"] == "critical"}


@pytest.mark.parametrize("wrapped", [True, False])
def test_healthy_release_passes_every_check(run_flow, wrapped):
    result, backend = run_flow(wrapped=wrapped)
    assert {check["name"]: check["reason"] for check in result["checks"] if check["status"] != "ok"} == {}
    assert result["status"] == "ok"
    assert result["changed"] is False
    assert result["features"] == FEATURES
    assert result["outcomes"] == ["rotated", "replayed"]
    assert result["metrics"]["requests"] == len(backend.log)
    assert not backend.sessions
    assert not any(family["live"] for family in backend.families)


def test_extra_headers_go_with_every_request(run_flow):
    _result, backend = run_flow()
    assert {headers.get("X-Prove") for headers in backend.headers_seen} == {"prove-key-of-tests"}
    rotating = [
        h for h, (_m, path) in zip(backend.headers_seen, backend.log, strict=True) if "X-Auth-Rotate" in h
    ]
    assert len(rotating) == sum(backend.log.count(("POST", path)) for path in ("/refresh", "/login"))


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("page_missing", "web"),
        ("login_refused", "login"),
        ("remember_refused", "login_remember"),
        ("same_lifetime", "refresh_lifetimes"),
        ("no_row", "session_row"),
        ("no_key", "session_key"),
        ("other_user", "me_bearer"),
        ("cookie_refused", "me_cookie"),
        ("accepts_any_jwt", "bad_access"),
        ("no_challenge", "bearer_challenge"),
        ("forbidden_allowed", "forbidden"),
        ("premium_denied", "payment_required"),
        ("error_ends_session", "session_survives_errors"),
        ("error_deletes_cookie", "session_survives_errors"),
        ("refresh_html", "refresh"),
        ("refresh_ends_old_access", "other_tab"),
        ("no_rotation", "rotation"),
        ("no_grace", "replay_grace"),
        ("logout_fails", "logout"),
        ("logout_keeps_session", "logout_session"),
        ("logout_keeps_refresh", "logout_refresh"),
        ("logout_keeps_access", "logout_access"),
        ("row_left", "logout_row"),
        ("key_left", "logout_key"),
        ("key_left_until_used", "logout_key"),
        ("second_logout_fails", "cleanup"),
        ("no_cache_control", "cache_control"),
        ("other_release", "release"),
    ],
)
def test_each_check_turns_red(run_flow, fault, check):
    result, _backend = run_flow(fault)
    assert result["status"] == "critical"
    assert check in critical(result)
    assert all(c["reason"] for c in result["checks"] if c["status"] == "critical")


def test_every_check_of_the_plan_has_been_seen_red():
    table = next(m for m in test_each_check_turns_red.pytestmark if m.name == "parametrize").args[1]
    assert {check for _fault, check in table} == {check.name for check in auth_flow_plan()}


def auth_flow_plan():
    from ansible.module_utils.auth_flow_plan import PLAN

    return PLAN


@pytest.mark.parametrize(
    "fault",
    ["same_lifetime", "no_rotation", "no_grace", "error_ends_session", "no_challenge", "no_cache_control"]
    + ["logout_keeps_refresh", "logout_keeps_access", "no_key", "key_left"],
)
def test_old_release_is_healthy_without_the_features(run_flow, fault):
    result, _backend = run_flow(fault, expect=[])
    assert critical(result) == set()


def test_features_are_observed_though_not_expected(run_flow):
    result, _backend = run_flow("no_rotation", expect=[])
    assert "remember_me" in result["features"]
    assert "rotation" not in result["features"]


def test_canaries_are_logged_out_after_a_failed_check(run_flow):
    _result, backend = run_flow("refresh_html")
    assert not backend.sessions


def test_canaries_are_logged_out_when_the_application_breaks_off(run_flow, monkeypatch):
    def break_off(*_arguments):
        raise ConnectionAbortedError

    monkeypatch.setattr(Backend, "forbidden", break_off)
    result, backend = run_flow()
    assert result["failed"]
    assert "GET /forbidden" in result["msg"]
    assert not backend.sessions


def test_no_token_is_returned(run_flow):
    result, backend = run_flow("no_grace", "logout_keeps_session", "other_user")
    text = json.dumps({key: value for key, value in result.items() if key != "invocation"})
    for family in backend.families:
        for token in (family["tip"], *family["old"], *family["access"], family["cookie"]):
            assert not any(part in text for part in token.split("."))
    assert PASSWORD not in json.dumps(result)
    assert "prove-key-of-tests" not in json.dumps(result)


def test_check_mode_returns_the_plan_and_sends_nothing(run_flow):
    result, backend = run_flow(check_mode=True, expect=["rotation"])
    reasons = {check["name"]: check["reason"] for check in result["checks"]}
    assert backend.log == []
    assert result["status"] == "unknown"
    assert reasons["login"] == "would log in without remember-me"
    assert reasons["logout_refresh"] == "revocation is not expected of this release"


def test_missing_inputs_skip_their_checks(run_flow):
    paths = {name: f"/{name}" for name in ("login", "refresh", "logout", "me")}
    result, _backend = run_flow(paths=paths, postgres=None, redis=None, release=None, session_cookie="")
    skipped = {check["name"] for check in result["checks"] if check["status"] == "skipped"}
    assert skipped >= {"forbidden", "session_row", "session_key", "me_cookie", "release", "logout_session"}
    assert result["status"] == "ok"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "ftp://host"}, "an http or https address"),
        ({"base_url": "http://"}, "with a host is needed"),
        ({"headers": {"X-Prove": "a\nb"}}, "cannot be sent"),
    ],
)
def test_malformed_input_fails(run_module, changes, words):
    stores = {"postgres": None, "redis": None}
    result = run_module(auth_flow, options("http://127.0.0.1:1") | stores | changes)
    assert result["failed"]
    assert words in result["msg"]


def test_refused_connection_fails(run_module):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    result = run_module(auth_flow, options(address, postgres=None, redis=None))
    assert result["failed"]
    assert "Connection refused; an HTTP answer is needed" in result["msg"]


def test_silent_application_fails_in_time(run_module):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = run_module(auth_flow, options(address, timeout_seconds=0.2, postgres=None, redis=None))
    assert result["failed"]
    assert "no answer within 0.2 seconds" in result["msg"]


def test_unreachable_stores_fail_before_any_login(run_module):
    backend = Backend()
    with serve(backend) as base_url:
        for name, store in (
            ("PostgreSQL", {"postgres": {"login_host": "127.0.0.1", "login_port": 1, "login_db": "x"}}),
            ("Redis", {"redis": {"login_host": "127.0.0.1", "login_port": 1, "key_format": "{session_key}"}}),
        ):
            result = run_module(auth_flow, options(base_url, **({"postgres": None, "redis": None} | store)))
            assert result["failed"]
            assert f"{name} at 127.0.0.1:1: " in result["msg"]
    assert backend.log == []


def test_documentation_says_what_the_spec_says():
    documented = yaml.safe_load(auth_flow.DOCUMENTATION)["options"]
    assert described(documented, "suboptions") == described(auth_flow.ARGUMENT_SPEC, "options")


def described(spec: dict, nested: str) -> dict:
    """Type, default, required, choices and elements of each option, nested ones too."""
    keys = ("type", "default", "required", "choices", "elements")
    return {
        name: {key: option[key] for key in keys if option.get(key) not in (None, False) or key == "default"
               and key in option} | {"nested": described(option.get(nested) or {}, nested)}
        for name, option in spec.items()
    }  # fmt: skip


def test_returned_keys_are_documented(run_flow):
    result, _backend = run_flow()
    assert set(yaml.safe_load(auth_flow.RETURN)) == set(result) - {"changed", "invocation"}
