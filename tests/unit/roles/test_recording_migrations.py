"""What is recorded of a release before it migrates, while it does, and afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from local_play import play
from project_files import ROOT, load, tasks_of

TASKS = ROOT / "roles" / "migration" / "tasks"
READ = {"known": ["a.1", "a.2", "a.3"], "applied": ["a.1", "old.1"]}


def recorded(folder: Path, after: dict) -> list[dict]:
    """The record after the plan, what is journaled with the beginning, and the record while and after it migrates.

    `a.2` is allowed and contracts; of the floor so far `old.1` is applied, and `gone.1` is not.
    """
    facts = [
        {key: value for key, value in task.items() if key in ("ansible.builtin.set_fact", "vars", "when")}
        for file in ("plan.yml", "main.yml")
        for task in tasks_of(load(TASKS / file))
        if "ansible.builtin.set_fact" in task
    ]
    tasks = []
    for number, fact in enumerate(facts):
        kept = {"content": "{{ {'record': migration_record, 'begun': migration_begun} | to_json }}"}
        tasks += [fact, {"ansible.builtin.copy": {**kept, "dest": f"{folder}/{number}.json"}}]
    play(
        folder,
        tasks,
        migration_floor=["gone.1", "old.1"],
        __migration_read={"stdout": json.dumps(READ)},
        __migration_lint={"contracting": ["a.2"]},
        __migration={"stdout": json.dumps(after)},
    )
    said = [json.loads((folder / f"{number}.json").read_text()) for number in range(3)]
    return [said[0]["record"], said[0]["begun"], said[1]["record"], said[2]["record"]]


@pytest.mark.parametrize(
    ("after", "floor", "applied"),
    [
        ({"reached": True, "there": ["a.1", "old.1", "a.2"]}, ["a.2", "old.1"], ["a.1", "old.1", "a.2"]),
        ({"reached": True, "there": ["a.1", "old.1"]}, ["old.1"], ["a.1", "old.1"]),
        ({"reached": False, "there": []}, ["a.2", "old.1"], None),
    ],
    ids=["it was applied", "one before it failed", "nobody knows"],
)
def test_what_contracts_is_recorded_from_its_beginning_on_and_where_it_is_applied(
    tmp_path, after, floor, applied
):
    planned, begun, migrating, ended = recorded(tmp_path, after)
    assert (planned["schema_floor"], planned["applied"]) == (["old.1"], READ["applied"])
    assert (begun["schema_floor"], begun["applied"]) == (["a.2", "old.1"], READ["applied"])
    assert migrating == {"migrations": READ["known"], "schema_floor": ["a.2", "old.1"]}
    assert (ended["schema_floor"], ended.get("applied")) == (floor, applied)
