"""The host after four releases that broke: before they were healthy, in their proof, and twice once they were live."""

import json

import pytest
from app_host import ROOT
from playbook_run import PROJECT, Case, check_refusal, run

BROKEN = ["broken-start", "broken-login", "broken-later", "forgets-sessions"]


def test_the_release_that_was_live_serves(app):
    assert app.live().startswith("before-")
    assert app.get("/").status == 200


def test_only_the_live_release_runs(app):
    assert all(name.startswith("before-") for name in app.running())


@pytest.mark.parametrize("version", BROKEN)
def test_a_broken_release_is_marked_failed_with_its_first_cause_and_its_logs(app, version):
    record = app.releases()[version]
    assert record["state"] == "failed"
    assert record["failure"]["task"]
    assert record["logs"]


def test_the_one_that_broke_once_live_had_been_switched_to(app):
    phases = [
        entry["phase"] for entry in app.releases()["broken-later"]["journal"] if entry["event"] == "ended"
    ]
    assert phases[-1] == "switch"
    phases = [
        entry["phase"] for entry in app.releases()["broken-login"]["journal"] if entry["event"] == "ended"
    ]
    assert "switch" not in phases


def report_on(app, version):
    """The report of the run that deployed a version."""
    release = app.releases()[version]["id"]
    return json.loads((PROJECT / "reports" / f"{release}.json").read_text())


def test_the_one_that_failed_in_the_idle_slot_is_reported_with_its_checks(app):
    verification = report_on(app, "broken-login")["verification"]
    assert verification["level"] == "proof"
    assert "critical" in {check["status"] for check in verification["checks"]}


def test_the_one_that_forgets_sessions_was_told_by_them_alone(app):
    """Its own logins worked, and every row was there."""
    report = report_on(app, "forgets-sessions")
    checks = report["verification"]["checks"]
    assert {check["name"][:7] for check in checks if check["status"] == "critical"} == {"canary_"}
    assert "with the cookie" in report["failure"]["reason"]


@pytest.mark.parametrize(
    ("version", "first", "outcome"), [("broken-start", "skipped", "failed"), ("broken-later", None, "broken")]
)
def test_a_tab_from_before_goes_on_after_the_failure(app, version, first, outcome):
    """What it has seen of the release that broke once it was live depends on when it looked. It refused logins then."""
    report = report_on(app, version)
    seen = {check["name"]: check for check in report["verification"]["checks"]}
    assert seen["browser_tab_left_open_again"]["status"] == "ok", seen
    assert seen["public_address"]["status"] == "ok", seen
    assert first in (None, seen["browser_tab_left_open"]["status"]), seen
    history = [json.loads(line) for line in app.run(f"cat {ROOT}/audit.jsonl").splitlines()]
    assert [line["outcome"] for line in history if line["release"] == report["release"]] == [outcome]


def test_nobody_holds_the_lock(host):
    assert not host.file("/data/app/igny8/lock.json").exists


@pytest.mark.parametrize("version", BROKEN)
def test_a_broken_release_is_never_a_rollback_target(app, inventory, version):
    release, live = app.releases()[version]["id"], app.live()
    case = Case(version, "rollback", f"release {release} is in state 'failed'", ("-e", f"release={release}"))
    check_refusal(case, run(case, inventory))
    assert app.live() == live


def test_there_is_nothing_to_go_back_to(app, inventory):
    case = Case("none", "rollback", "has no proven predecessor to roll back to")
    check_refusal(case, run(case, inventory))
