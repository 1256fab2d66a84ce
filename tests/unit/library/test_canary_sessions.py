"""Sessions through a change, against a real HTTP server: all of them go on, and each way to lose one is seen."""

from __future__ import annotations

import json
import os
from pathlib import Path

import canary_sessions
import pytest
from auth_backend import PASSWORD, RELEASE, USER, Backend, make_token, serve
from manual import results_in_manual, returned

ALL = {
    f"canary_{length}_{moment}{client}"
    for length in ("plain", "remember")
    for moment in ("idle", "refreshing")
    for client in ("", "_old_client")
}


def options(base_url: str, path: Path, **changes) -> dict:
    return {
        "path": str(path),
        "base_url": base_url,
        "user": USER,
        "password": PASSWORD,
        "paths": {name: f"/{name}" for name in ("login", "refresh", "logout", "me")},
        "rotate_header": {"X-Auth-Rotate": 1},
        "timeout_seconds": 5,
    } | changes


@pytest.fixture
def through(run_module, tmp_path: Path):
    """Makes canaries, lets `change` happen to the backend, and uses them; returns both results and the backend."""
    path = tmp_path / "canaries.json"

    def run(change=lambda _backend: None, *faults: str, **changes):
        backend = Backend(*faults)
        with serve(backend) as base_url:
            given = options(base_url, path) | changes
            made = run_module(canary_sessions, given | {"state": "made"})
            change(backend)
            used = run_module(canary_sessions, given | {"state": "used"})
            run_module(canary_sessions, given | {"state": "ended"})
            return made, used, backend

    run.path = path
    return run


def red(result: dict) -> set[str]:
    return {check["name"] for check in result["checks"] if check["status"] == "critical"}


def test_every_kind_goes_on_without_a_login_and_is_ended(through):
    logins = []
    made, used, backend = through(lambda backend: logins.append(backend.log.count(("POST", "/login"))))
    assert (made["status"], made["problem"], made["made_on"]) == ("ok", "", [RELEASE])
    assert {check["name"]: check["status"] for check in used["checks"]} == dict.fromkeys(ALL, "ok")
    assert (used["status"], used["made_on"]) == ("ok", [RELEASE])
    assert logins == [len(ALL)] and backend.log.count(("POST", "/login")) == len(ALL)
    assert not backend.sessions and not any(family["live"] for family in backend.families)
    assert not through.path.exists()
    assert returned(used) == results_in_manual(canary_sessions)


def test_their_secrets_are_in_a_file_of_its_owner_alone(through):
    seen = {}

    def look(_backend):
        seen["mode"] = os.stat(through.path).st_mode & 0o777
        seen["kept"] = json.loads(through.path.read_text())["canaries"]

    made, used, _backend = through(look)
    assert seen["mode"] == 0o600
    said = json.dumps([made, used])
    assert not [value for canary in seen["kept"] for name in ("access", "refresh", "cookie")
                if (value := canary[name]) in said]  # fmt: skip


def test_without_a_capability_there_is_one_kind_of_client(through):
    _made, used, _backend = through(rotate_header={})
    assert {check["name"] for check in used["checks"]} == {n for n in ALL if not n.endswith("_old_client")}


def test_an_old_client_announces_nothing(through):
    _made, _used, backend = through()
    sent = [
        "X-Auth-Rotate" in headers
        for headers, (_method, path) in zip(backend.headers_seen, backend.log, strict=True)
        if path == "/login"
    ]
    assert sorted(sent) == [False] * 4 + [True] * 4


def end_family(backend):
    backend.families[0]["live"] = False


def end_cookie(backend):
    backend.sessions.discard(backend.families[0]["cookie"])


def end_access(backend):
    backend.families[0]["access"].clear()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (end_family, "/refresh answered 401 (session_revoked); 200 is required"),
        (end_cookie, "with the cookie"),
        (end_access, "with the access token"),
    ],
)
def test_one_that_is_revoked_turns_it_red(through, change, words):
    _made, used, backend = through(change)
    assert used["status"] == "critical" and len(red(used)) == 1
    [reason] = [check["reason"] for check in used["checks"] if check["reason"]]
    assert reason.startswith(f"made on {RELEASE}: ") and words in reason


def test_what_was_lost_for_a_while_goes_on_after_the_switch_back(run_module, tmp_path):
    backend, path = Backend(), tmp_path / "kept"
    with serve(backend) as base_url:
        given = options(base_url, path)
        run_module(canary_sessions, given | {"state": "made"})
        backend.faults.add("refresh_html")
        assert red(run_module(canary_sessions, given | {"state": "used"})) == ALL
        backend.faults.clear()
        again = run_module(canary_sessions, given | {"state": "used"})
    assert {check["name"]: check["status"] for check in again["checks"]} == {f"{n}_again": "ok" for n in ALL}


def test_a_client_does_not_wait_for_ever_for_an_answer(through):
    """An application takes a token twice for a moment only; that a run was cut short is no reason to blame it."""
    _made, used, _backend = through(lambda backend: backend.faults.add("no_grace"), retry_seconds=0)
    states = {check["name"]: check["status"] for check in used["checks"]}
    assert states == {name: "skipped" if "refreshing" in name else "ok" for name in ALL}


def test_a_release_that_takes_no_token_twice_has_no_answers_to_lose(through):
    made, used, backend = through(lambda _backend: None, "no_grace")
    assert "refresh that is repeated" in made["problem"] and used["problem"] == made["problem"]
    assert {check["name"] for check in used["checks"]} == {name for name in ALL if "idle" in name}
    assert used["status"] == "ok" and not backend.sessions


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (lambda backend: backend.sessions.clear(), ALL),
        (lambda backend: backend.families.clear(), ALL),
        (lambda backend: backend.faults.add("no_grace"), {name for name in ALL if "refreshing" in name}),
        (lambda backend: backend.faults.add("other_user"), ALL),
    ],
    ids=["sessions forgotten", "tokens forgotten", "lost answers not redelivered", "somebody else"],
)
def test_a_release_that_loses_them_turns_it_red(through, change, lost):
    _made, used, _backend = through(change)
    assert red(used) == lost


def test_what_ended_by_its_own_time_is_no_loss(through):
    def wait(_backend):
        kept = json.loads(through.path.read_text())
        for canary in kept["canaries"]:
            canary["refresh"] = make_token(-1)
        through.path.write_text(json.dumps(kept))

    _made, used, _backend = through(wait)
    assert {check["status"] for check in used["checks"]} == {"skipped"}
    assert used["status"] == "ok"


def test_a_release_that_logs_nobody_in_has_none_and_is_asked_once(through):
    """A rollback may be leaving it because it hangs: eight logins would be eight times the wait."""
    made, used, backend = through(lambda _backend: None, "login_refused")
    assert backend.log == [("POST", "/login")]
    assert (made["status"], made["changed"]) == ("unknown", False)
    assert "/login answered 401 (bad_credentials)" in made["problem"]
    assert (used["status"], used["checks"]) == ("unknown", [])
    assert used["problem"] == made["problem"]


def test_where_none_was_made_there_is_none_to_use(run_module, tmp_path):
    used = run_module(canary_sessions, options("http://127.0.0.1:9", tmp_path / "kept", state="used"))
    assert (used["status"], used["changed"]) == ("unknown", False)
    assert "no session was made" in used["problem"]


def test_an_application_that_is_gone_afterwards_is_asked_once(run_module, tmp_path):
    path = tmp_path / "kept"
    with serve(Backend()) as base_url:
        run_module(canary_sessions, options(base_url, path, state="made"))
    used = run_module(canary_sessions, options(base_url, path, state="used"))
    assert red(used) == ALL


def test_an_application_that_does_not_answer_has_none(run_module, tmp_path):
    made = run_module(canary_sessions, options("http://127.0.0.1:9", tmp_path / "kept", state="made"))
    assert made["status"] == "unknown" and "127.0.0.1:9" in made["problem"]


@pytest.mark.parametrize("left", [None, "not what an earlier run wrote"])
def test_those_of_a_run_that_was_cut_short_are_ended_by_the_next(run_module, tmp_path, left):
    backend, path = Backend(), tmp_path / "kept"
    with serve(backend) as base_url:
        given = options(base_url, path, state="made")
        run_module(canary_sessions, given)
        first = set(backend.sessions)
        if left:
            path.write_text(left)
        assert run_module(canary_sessions, given)["status"] == "ok"
    assert len(json.loads(path.read_text())["canaries"]) == len(ALL)
    assert first <= backend.sessions if left else not first & backend.sessions


def test_a_folder_that_takes_no_file_is_a_sentence(run_module, tmp_path):
    with serve(Backend()) as base_url:
        result = run_module(canary_sessions, options(base_url, tmp_path / "none" / "kept", state="made"))
    assert result["failed"] and "the canaries must be kept there" in result["msg"]


def test_a_dry_run_sends_nothing(run_module, tmp_path):
    given = options("http://127.0.0.1:9", tmp_path / "kept", state="made")
    result = run_module(canary_sessions, given, check_mode=True)
    assert (result["status"], result["problem"], result["changed"]) == ("unknown", "", False)
