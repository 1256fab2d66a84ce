"""A release that is live already and fails its verification: the history of the host tells of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.module_utils.redaction import SECRET
from local_play import play
from project_files import ROOT, dicts, load

UNVERIFIED = ROOT / "playbooks/tasks/unverified.yml"
WIRING = load(ROOT / "playbooks/group_vars/all/wiring.yml")
#: What the verification says, and what is told of it.
SAID = "Release v1-aa fails 1 of 9 checks: login with k3y-of-app gives sid=abcdef."
TOLD = f"Release v1-aa fails 1 of 9 checks: login with {SECRET} gives sid={SECRET}"
KNOWN = {
    name: WIRING[name] for name in ("__first_cause", "release_known_secrets", "release_known_secret_names")
} | {
    "verify_password": "k3y-of-app",
    "verify_session_cookie": "sid",
    "release_id": "v1-aa",
    "release_run": {"holder": "0123456789ab", "user": "ann", "host": "desk", "verb": "verify"},
    "release_inventory_name": "staging",
}


def told(folder: Path, root: Path, **known: bool) -> str:
    """What a verification that fails says last."""
    fails = {"name": "judge", "ansible.builtin.fail": {"msg": SAID}}
    keep = {
        "name": "Keep",
        "ansible.builtin.copy": {
            "content": "{{ ansible_failed_result.msg }}",
            "dest": str(folder / "said"),
        },
    }
    outer = {
        "name": "Verify",
        "block": [
            {
                "name": "Inner",
                "block": [fails],
                "rescue": [{"name": "Fail", "ansible.builtin.include_tasks": str(UNVERIFIED)}],
            }
        ],
        "rescue": [keep],
    }
    play(folder, [outer], **KNOWN, **known, release_root=str(root))
    return (folder / "said").read_text()


def test_the_history_has_the_outcome_and_the_run_its_cause(tmp_path: Path):
    assert told(tmp_path, tmp_path) == TOLD
    [line] = (tmp_path / "audit.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["verb"], entry["release"], entry["user"]) == ("verify", "v1-aa", "ann")
    assert (entry["outcome"], entry["evidence"]) == (
        "failed",
        f'in "judge": {TOLD}',
    )


def test_who_follows_a_run_that_died_is_told_how_to_leave_what_it_went_to(tmp_path: Path):
    assert told(tmp_path, tmp_path, release_follows=True) == (
        f"{TOLD} v1-aa stays live, and the same command verifies it again. To leave it, name one of the releases that "
        "ansible-playbook -i localhost, playbooks/releases.yml lists: "
        "ansible-playbook -i localhost, playbooks/rollback.yml -e release=<id>."
    )


def test_a_history_that_cannot_be_written_hides_no_cause(tmp_path: Path):
    assert told(tmp_path, tmp_path / "nowhere") == TOLD


@pytest.mark.parametrize("playbook", ["verify", "deploy", "rollback"])
def test_what_is_live_already_is_verified_nowhere_else(playbook: str):
    """A playbook verifies by the tasks that tell of a failure, and by what brings a release live."""
    used = [
        task.get(f"ansible.builtin.{kind}_tasks")
        for task in dicts(load(ROOT / f"playbooks/{playbook}.yml"))
        for kind in ("import", "include")
    ]
    roles = [
        role["tasks_from"]
        for task in dicts(load(ROOT / f"playbooks/{playbook}.yml"))
        if (role := task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role"))
        and role["name"] == "verify"
    ]
    assert "tasks/verify_live.yml" in used
    assert "main" not in roles


def test_a_failure_of_it_is_told():
    [block] = [task for task in load(ROOT / "playbooks/tasks/verify_live.yml") if "rescue" in task]
    assert [task["ansible.builtin.include_tasks"] for task in block["rescue"]] == ["unverified.yml"]
