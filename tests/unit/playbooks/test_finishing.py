"""What a rollback says that finds another run cut short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from local_play import begin
from project_files import ROOT, load, tasks_of

lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
NOTE = "Note that nothing went back"


def facts(name: str, ending: str, **variables: str) -> dict:
    """The facts that a task sets, of a file that playbooks include."""
    loader = DataLoader()
    tasks = loader.load_from_file(str(ROOT / f"playbooks/tasks/{name}.yml"), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if task["name"].endswith(ending)]
    return Templar(loader=loader, variables={"release_id": "v2-bb"} | variables).template(
        task["ansible.builtin.set_fact"]
    )


def test_a_rollback_that_finishes_a_switch_says_that_nothing_went_back():
    assert facts("finish", NOTE)["release_note"] == (
        "Nothing went back: a run had been cut short after its switch to v2-bb, which is verified now, and stays. "
        "To leave it: ansible-playbook playbooks/rollback.yml."
    )


def test_a_deploy_that_finishes_its_own_switch_does_not():
    tasks = {task["name"]: task for task in tasks_of(load(ROOT / "playbooks/tasks/finish.yml"))}
    assert tasks[f"finish | {NOTE}"]["when"] == "release_verb == 'rollback'"


@pytest.mark.parametrize(("problem", "undone"), [("", True), ("the edge does not answer", False)])
def test_a_deploy_is_undone_where_the_traffic_is_where_it_was(problem: str, undone: bool, tmp_path: Path):
    said = facts("undo", "Remember that there is something to report", release_not_switched_back=problem)
    assert said["release_undone"] is undone
    tasks = load(ROOT / "playbooks/tasks/undo.yml")
    last = tasks[[task["name"] for task in tasks].index("undo | Give the traffic back") + 1 :]
    wired = load(ROOT / "playbooks/group_vars/all/wiring.yml")["__not_undone"]
    known = {"release_id": "v2-bb", "release_predecessor": "v1-aa", "release_not_switched_back": problem}
    known["release_unfinished"] = {"beside": "v1-aa"}
    going = begin(tmp_path, last, **known, __not_undone=wired)
    printed = " ".join(going.communicate()[0].split())
    assert (going.returncode == 0) is undone, printed
    assert ("v1-aa serves, as before it" in printed) is undone
    assert ("the traffic back to v1-aa: the edge does not answer Mend that" in printed) is not undone
    next_step = "which sets the edge right: ansible-playbook -i localhost, playbooks/deploy.yml."
    assert (next_step in printed) is not undone


@pytest.mark.parametrize("problem", ["", "the edge does not answer"])
def test_what_a_dead_run_had_begun_beside_is_undone_where_the_traffic_is_where_it_was(
    problem: str, tmp_path: Path
):
    _take_back, *last = load(ROOT / "playbooks/tasks/undo_beside.yml")
    wired = load(ROOT / "playbooks/group_vars/all/wiring.yml")["__not_undone"]
    run = {"verb": "deploy", "user": "Ann", "host": "desk"}
    known = {"release_root": str(tmp_path), "release_run": run, "release_inventory_name": "here"}
    unfinished = {"id": "v3-cc", "beside": "v1-aa"}
    # As the plan sets them, which wins over what a task is given.
    planned = {"release_id": "v1-aa", "release_predecessor": "", "release_unfinished": unfinished}
    plan = {"name": "Plan", "ansible.builtin.set_fact": planned}
    going = begin(tmp_path, [plan, *last], **known, release_not_switched_back=problem, __not_undone=wired)
    printed = " ".join(going.communicate()[0].split())
    assert (going.returncode == 0) is (not problem), printed
    assert ("to bring v3-cc live; that is undone. v1-aa serves" in printed) is (not problem)
    assert ("the traffic back to v1-aa: the edge does not answer Mend that" in printed) is bool(problem)
    history = tmp_path / "audit.jsonl"
    told = [json.loads(line) for line in history.read_text().splitlines()] if history.exists() else []
    assert [(one["release"], one["outcome"]) for one in told] == [("v3-cc", "undone")] * (not problem)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"release_follows": True}, "would verify v2-bb, which is live and recorded, and end what"),
        ({"release_follows": False}, "would verify v2-bb, to which a run that was cut short had switched"),
    ],
)
def test_a_dry_run_says_that_nothing_would_go_back(known: dict, said: str, tmp_path: Path):
    known |= {"release_undoes": False, "release_is_live": True, "release_is_serving": True}
    known |= {"release_id": "v2-bb", "release_slot": "blue", "release_predecessor": "v1-aa"}
    going = begin(tmp_path, load(ROOT / "playbooks/tasks/would_roll_back.yml"), **known)
    printed = going.communicate()[0]
    assert said in printed and "nothing would go back" in printed


def test_the_next_run_need_not_follow_a_run_whose_work_was_ended():
    """Only then: a rollback that fails before it is followed by one that goes no further either."""
    *_, last = load(ROOT / "playbooks/tasks/follow.yml")
    assert last["ansible.builtin.set_fact"] == {"release_follows": False, "release_journaled": True}
    for playbook in ("deploy", "rollback"):
        tasks = list(tasks_of(load(ROOT / f"playbooks/{playbook}.yml")[0]["tasks"]))
        places = {task.get("ansible.builtin.include_tasks"): place for place, task in enumerate(tasks)}
        places |= {task.get("ansible.builtin.import_tasks"): place for place, task in enumerate(tasks)}
        assert places["tasks/verify_live.yml"] < places["tasks/follow.yml"] < places["tasks/end.yml"]
