"""What a browser alone has shown: the doctor asks it again before it brings another release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from local_play import play
from project_files import ROOT, load, tasks_of

AGAIN = ROOT / "playbooks/tasks/ask_again.yml"
CHECK = "browser_logout"
#: What happens when the browser is asked again -> whether a rollback is due, the findings.
CASES = {
    "again": ("critical", True, {("tabs", "critical")}),
    "once": ("ok", False, {("tabs", "warning")}),
    "blind": (None, False, {("login", "critical"), ("tabs", "consequence"), ("tabs", "consequence")}),
}


def seen(status: str) -> dict[str, Any]:
    """What a browser shows."""
    return {
        "checks": [{"name": CHECK, "status": status, "reason": "slow"}],
        "browser": "browser",
        "problem": "",
    }


@pytest.mark.parametrize("name", CASES)
def test_a_release_is_left_only_for_what_is_seen_again(tmp_path: Path, name: str):
    status, rolls_back, kinds = CASES[name]
    facts = {"verify_seen": seen(status)} if status else {"doctor_blind": {"login": {"reason": "no answer"}}}
    look = [{"name": "Look", "ansible.builtin.set_fact": facts}]
    (tmp_path / "look_at_logins.yml").write_text(yaml.safe_dump(look))
    (tmp_path / "ask_again.yml").write_text(AGAIN.read_text())
    known = {
        "verify_seen": seen("critical"),
        "doctor_blind": {},
        "doctor_seen": {"blind": "{{ doctor_blind }}", "login": "{{ verify_seen }}"},
        "doctor_report_file": str(tmp_path / "report.json"),
    }
    told = {
        "name": "Keep",
        "ansible.builtin.copy": {
            "content": "{{ doctor_mends | to_json }}",
            "dest": str(tmp_path / "mends.json"),
        },
    }
    play(
        tmp_path,
        [{"name": "Ask", "ansible.builtin.include_tasks": str(tmp_path / "ask_again.yml")}, told],
        **known,
    )
    findings = json.loads((tmp_path / "report.json").read_text())["findings"]
    found = {(f["kind"], f["status"]) for f in findings if f["kind"] in ("login", "tabs")}
    assert found == kinds
    assert [m["act"] for m in json.loads((tmp_path / "mends.json").read_text())] == ["rollback"] * rolls_back


def test_it_is_asked_again_before_anything_is_mended():
    [doctor] = load(ROOT / "playbooks/doctor.yml")
    included = {task.get("ansible.builtin.include_tasks"): task for task in tasks_of(doctor["tasks"])}
    order = [file for file in included if file in ("tasks/ask_again.yml", "tasks/mend.yml")]
    assert order == ["tasks/ask_again.yml", "tasks/mend.yml"]
    assert "doctor_fix" in included["tasks/ask_again.yml"]["when"]


def test_both_looks_are_the_same():
    """The one of the diagnosis, and the one that asks again."""
    for file in ("look_at_release.yml", "ask_again.yml"):
        imported = [task.get("ansible.builtin.import_tasks") for task in tasks_of(load(AGAIN.parent / file))]
        assert "look_at_logins.yml" in imported
