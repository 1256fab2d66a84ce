"""What the verification remembers of a release. What the modules answer is made up, the rules are the role's own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from browser_options import broken_browser
from local_play import play
from project_files import Role, load, tasks_of

SKIPPED = {"name": "browser_login", "status": "skipped", "reason": "", "guide": "Test 1"}
#: What the module answers of a release of which nothing in a browser is expected.
NOT_ASKED = {
    "status": "unknown",
    "problem": "Nothing is expected.",
    "checks": [SKIPPED],
    "features": [],
    "ended": "",
    "seconds": 0.0,
    "folder": "/srv/pictures/v1",
    "pictures": {},
}
SEEN = NOT_ASKED | {"status": "ok", "problem": "", "features": ["browser_login"]}
FLOW = {"status": "ok", "checks": [], "features": ["rotation"]}


def task_of(name: str, ending: str, **known: Any) -> tuple[dict[str, Any], Templar]:
    """A task of the role, and what renders it."""
    loader = DataLoader()
    path = Role("verify").path / f"tasks/{name}.yml"
    tasks = loader.load_from_file(str(path), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if task["name"].endswith(ending)]
    return task, Templar(loader=loader, variables=Role("verify").defaults | known | task.get("vars", {}))


def facts(name: str, ending: str, **known: Any) -> dict[str, Any]:
    """The facts that a task of the role sets."""
    task, templar = task_of(name, ending, **known)
    return templar.template(task["ansible.builtin.set_fact"])


@pytest.mark.parametrize(("answer", "level"), [(NOT_ASKED, "api"), (SEEN, "browser")])
def test_the_level_is_the_one_that_was_reached(answer: dict, level: str):
    known = {"__verify_browser": answer, "verify_level": "browser", "__verify_flow": FLOW}
    found = facts(
        "browser",
        "has shown in a browser",
        verify_result={"checks": []},
        verify_features_found=["rotation"],
        **known,
    )
    assert (found["verify_result"]["level"], found["verify_result"]["level_problem"]) == (
        level,
        answer["problem"],
    )
    assert facts("look", "Remember what was seen", **known)["verify_seen"]["browser"] == (
        "browser" if level == "browser" else ""
    )


@pytest.mark.parametrize(("browser", "server"), [("ok", "critical"), ("critical", "ok"), ("ok", "ok")])
def test_what_a_logout_leaves_on_the_server_counts_as_what_the_browser_shows(browser: str, server: str):
    """Red without the app host's part: the page is well, and the session goes on in Redis."""
    left = {"name": "browser_logout_key", "status": server, "reason": "still in redis", "guide": "Test 5"}
    seen = SEEN | {"status": browser, "ended": "5b90ad1f"}
    known = {"__verify_browser": seen, "__verify_ended": {"status": server, "checks": [left]}}
    found = facts("ended", "what the browser has shown", **known)["__verify_browser"]
    assert found["checks"] == [SKIPPED, left]
    assert found["status"] == ("critical" if "critical" in (browser, server) else "ok")
    rule, _templar = task_of("browser", "no test failed")
    judged = Templar(loader=DataLoader(), variables={"__verify_browser": found})
    assert judged.evaluate_conditional(rule["ansible.builtin.assert"]["that"]) is (
        "critical" not in (browser, server)
    )


@pytest.mark.parametrize(
    ("said", "good"),
    [({"status": "ok"}, True), ({"failed": True, "msg": "MODULE FAILURE"}, False), ({"started": 1}, False)],
)
def test_a_browser_that_comes_to_no_verdict_is_refused(said: dict[str, Any], good: bool):
    """As on a page that hangs: that it was not seen to fail is no reason to take it."""
    known = {"__verify_browser_ended": said, "ansible_check_mode": False}
    keep, templar = task_of("browser", "what it has shown", **known)
    kept = templar.template(keep["ansible.builtin.set_fact"]["__verify_browser"])
    rule, templar = task_of("browser", "come to a verdict", __verify_browser=kept)
    assert templar.evaluate_conditional(rule["ansible.builtin.assert"]["that"]) is good


def test_what_names_an_ended_session_is_looked_up_on_the_host_and_sealed_until_then():
    begin = load(Role("verify").path / "tasks/begin_browser.yml")
    [choose, use, _remember] = begin
    assert choose["no_log"] is True
    assert use["browser_flow"]["seal"] == "{{ __verify_seal }}"
    [look, _add] = load(Role("verify").path / "tasks/ended.yml")
    assert look["session_end_info"]["ended"] == "{{ __verify_browser.ended | unsealed(__verify_seal) }}"
    assert "delegate_to" in use and "delegate_to" not in look
    judge = [task["name"] for task in load(Role("verify").path / "tasks/browser.yml")]
    looked, judged = (
        next(number for number, name in enumerate(judge) if name.endswith(end))
        for end in ("left on the server", "no test failed")
    )
    assert looked < judged


def remembered(level: str, answer: dict) -> list[str]:
    """The features that a run remembers of a release that a browser has seen before."""
    known = {"__verify_flow": FLOW, "verify_features_recorded": ["old", "browser_login", "browser_tabs"]}
    found = facts("api", "features that the release has shown", **known)
    if level != "api":
        known |= {"__verify_browser": answer, "verify_level": level}
        found = facts("browser", "has shown in a browser", verify_result={"checks": []}, **found | known)
    return found["verify_features_found"]


@pytest.mark.parametrize(
    ("level", "answer", "features"),
    [
        ("api", {}, ["rotation", "browser_login", "browser_tabs"]),
        ("browser", NOT_ASKED, ["rotation", "browser_login", "browser_tabs"]),
        ("browser", SEEN, ["rotation", "browser_login"]),
    ],
    ids=["by the API", "without a browser", "in a browser"],
)
def test_what_a_browser_has_seen_is_kept_until_one_looks_again(level: str, answer: dict, features: list[str]):
    assert remembered(level, answer) == features


@pytest.mark.parametrize(
    ("name", "status", "good"),
    [
        ("browser_tab_left_open", "critical", False),
        ("browser_tab_left_open_again", "critical", False),
        ("public_address", "critical", False),
        ("browser_tab_left_open", "skipped", True),
        ("canary_plain_idle", "critical", False),
        ("canary_plain_idle", "ok", True),
    ],
)
def test_a_rollback_fails_for_what_it_has_ended(name: str, status: str, good: bool):
    check = {"name": name, "status": status, "reason": "no user any more"}
    task, templar = task_of("judge_canaries", "met no refusal", verify_result={"checks": [check]})
    rule = task["ansible.builtin.assert"]
    assert templar.evaluate_conditional(rule["that"]) is good
    if not good:
        assert f"before the change failed: {name}: no user any more." in templar.template(rule["fail_msg"])


@pytest.mark.parametrize(("status", "kept"), [("critical", True), ("ok", False)])
def test_what_fails_in_the_proof_is_kept(status: str, kept: bool):
    """Of a release that passes, the same checks follow on the public address."""
    known = {"__verify_flow": FLOW | {"status": status, "checks": [SKIPPED], "changed": False}}
    task, templar = task_of("prove", "Remember what has failed", **known)
    assert templar.evaluate_conditional(task["when"]) is kept
    found = facts("keep_flow", "all checks", **known, **task["vars"])["verify_result"]
    assert found == {"status": status, "checks": [SKIPPED], "features": ["rotation"], "level": "proof"}


def test_what_fails_in_the_proof_is_kept_before_it_is_judged():
    imported = [
        task.get("ansible.builtin.import_tasks") for task in load(Role("verify").path / "tasks/prove.yml")
    ]
    assert imported[-3:] == ["flow.yml", "keep_flow.yml", "judge_flow.yml"]


def test_what_was_seen_on_the_public_address_is_added_to_the_sessions_from_before():
    task, _templar = task_of("api", "Remember what the release has shown")
    before = {"checks": [{"name": "canary_plain_idle"}], "canaries": {"made_on": "v1"}}
    known = {"__verify_flow": FLOW | {"checks": [SKIPPED]}, "verify_result": before}
    found = facts("keep_flow", "all checks", **known, **task["vars"])["verify_result"]
    assert (found["level"], found["canaries"]) == ("api", {"made_on": "v1"})
    assert [check["name"] for check in found["checks"]] == ["canary_plain_idle", "browser_login"]


@pytest.mark.parametrize(("level", "warned"), [("browser", True), ("api", False)])
def test_a_preflight_warns_of_a_browser_that_does_not_start(level: str, warned: bool, tmp_path: Path):
    """Before anything is touched, and it refuses nothing for it."""
    known = {"verify_user": "ann", "verify_password": "x", "verify_url": "http://localhost"}
    browser = {"verify_browser_site": {"home": "/"}, "verify_browser_program": broken_browser(tmp_path)}
    preflight = {"ansible.builtin.import_role": {"name": "verify", "tasks_from": "preflight"}}
    good = {"ansible.builtin.assert": {"that": "verify_preflight_problems | length == 0"}}
    said = play(tmp_path, [preflight, good], verify_level=level, **known, **browser)
    assert (f"although verify_level is {level}" in said) is warned
    assert ("libnss3.so: cannot open it" in said) is warned


@pytest.mark.parametrize(("named", "good"), [("v1-aa", True), ("v2-bb", False), ("", False)])
def test_a_preflight_asks_the_public_address_which_release_answers(named: str, good: bool, tmp_path: Path):
    """Whatever the status: an app that is broken is no reason to refuse what mends it."""

    class Edge(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(503)
            if named:
                self.send_header("X-Release", named)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    known = {"verify_user": "ann", "verify_password": "x", "verify_release_now": "v1-aa"}
    preflight = {"ansible.builtin.import_role": {"name": "verify", "tasks_from": "preflight"}}
    judged = {
        "ansible.builtin.assert": {
            "that": f"verify_preflight_problems | length == {0 if good else 1}",
            "fail_msg": "{{ verify_preflight_problems }}",
        }
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Edge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        play(tmp_path, [preflight, judged], verify_url=f"http://127.0.0.1:{server.server_port}", **known)
        server.shutdown()
