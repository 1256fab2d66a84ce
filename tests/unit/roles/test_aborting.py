"""What is recorded of a release that failed, and one whose failure cannot be: its folder cannot be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.redaction import SECRET, TOKEN
from ansible.module_utils.release_lock import acquire
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader
from ansible.template import Templar
from local_play import play
from project_files import Role, tasks_of

filter_loader.add_directory(str(Role("release").path.parents[1] / "filter_plugins"))

RUN = {"holder": "ann", "user": "Ann", "host": "desk", "pid": 7, "verb": "deploy"}
LOGS = """\
backend-1  | GET /api/me/ 200 of v2-bb
backend-1  | settings: k3y-of-app
backend-1  | sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl with sid=abcdef
"""


@pytest.fixture
def abort(tmp_path: Path) -> dict[str, Any]:
    acquire(str(tmp_path), RUN | {"phase": "verify"}, 60)
    return {
        "name": "Abort",
        "ansible.builtin.include_role": {"name": "release", "tasks_from": "abort"},
        "vars": {
            "release_root": str(tmp_path),
            "release_id": "v2-bb",
            "release_dir": f"{tmp_path}/releases/v2-bb",
            "release_run": RUN,
            "release_is_proven": False,
            "release_failure": {"task": "verify", "reason": "401", "switched_back": True},
            "release_predecessor": "v1-aa",
            "release_known_secrets": ["k3y-of-app"],
            "release_known_secret_names": ["sid"],
            "__release_info": {"live": "v1-aa", "releases": {}},
        },
    }


def test_what_cannot_be_recorded_is_a_warning(tmp_path: Path, abort: dict[str, Any]):
    (tmp_path / "releases").write_text("no folder")
    goes_on = {"name": "Go on", "ansible.builtin.debug": {"msg": "the slot is closed"}}
    said = play(tmp_path, [abort, goes_on])
    assert "Why v2-bb failed could not be recorded" in said
    assert "verify: 401" in said
    assert "the slot is closed" in said


def test_the_last_lines_are_recorded_without_secrets(
    tmp_path: Path, abort: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "docker").write_text(f"#!/bin/sh\ncat <<'END'\n{LOGS}END\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    play(tmp_path, [abort])
    record = json.loads((tmp_path / "releases/v2-bb/record.json").read_text())
    assert record["logs"] == [
        "backend-1  | GET /api/me/ 200 of v2-bb",
        f"backend-1  | settings: {SECRET}",
        f"backend-1  | sent {TOKEN} with sid={SECRET}",
    ]


def test_what_runs_that_died_have_left_is_stopped_and_nothing_that_was_good():
    running = {"containers": [{"running": True, "slot": "green"}]}
    states = {"v0-00": "good", "v1-aa": "verified", "v2-bb": "good", "v3-cc": "started", "v4-dd": "live"}
    releases = {name: running | {"record": {"state": state}} for name, state in states.items()}
    releases["v5-ee"] = {"record": {"state": "staged"}, "containers": []}
    releases["v6-ff"] = running | {"record": {}}
    found = {"live": "v1-aa", "releases": releases}
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("release").path / "tasks/abort.yml"), trusted_as_template=True)
    stopped = {}
    for task in [task for task in tasks_of(tasks) if "release_stopped" in task.get("vars", {})]:
        known = {"release_id": "v2-bb", "__release_info": found} | task["vars"]
        stopped[task["name"]] = Templar(loader=loader, variables=known).template(
            task["vars"]["release_stopped"]
        )
    assert stopped == {
        "abort | Stop the failed release": ["v2-bb"],
        "abort | Stop what they have left unproven": ["v3-cc"],
    }


def test_what_cannot_be_stopped_keeps_no_failure_from_its_record(tmp_path: Path, abort: dict[str, Any]):
    stray = {"record": {"state": "started"}, "containers": [{"running": True, "slot": "green"}]}
    abort["vars"]["__release_info"] = {"live": "v1-aa", "releases": {"v3-cc": stray}}
    said = play(tmp_path, [abort])
    assert "What earlier runs have left could not be stopped" in said
    assert json.loads((tmp_path / "releases/v2-bb/record.json").read_text())["state"] == "failed"


def test_a_first_release_that_keeps_the_traffic_is_the_current_one(tmp_path: Path, abort: dict[str, Any]):
    abort["vars"] |= {"__release_info": {"live": "v2-bb", "releases": {}}, "release_predecessor": ""}
    play(tmp_path, [abort])
    assert (tmp_path / "current").readlink() == tmp_path / "releases/v2-bb"
