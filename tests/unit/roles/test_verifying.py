"""What the verification remembers of a release. What the modules answer is made up, the rules are the role's own."""

from __future__ import annotations

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
