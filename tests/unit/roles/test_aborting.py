"""A release whose failure cannot be recorded, because its folder cannot be written."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.release_lock import acquire
from local_play import play

RUN = {"holder": "ann", "user": "Ann", "host": "desk", "pid": 7, "verb": "deploy"}


def test_what_cannot_be_recorded_is_a_warning(tmp_path: Path):
    acquire(str(tmp_path), RUN | {"phase": "verify"}, 60)
    (tmp_path / "releases").write_text("no folder")
    abort = {
        "name": "Abort",
        "ansible.builtin.include_role": {"name": "release", "tasks_from": "abort"},
        "vars": {
            "release_root": str(tmp_path),
            "release_id": "v2-bb",
            "release_dir": f"{tmp_path}/releases/v2-bb",
            "release_run": RUN,
            "release_is_proven": False,
            "release_failure": {"task": "verify", "reason": "401"},
            "__release_info": {"live": "v1-aa", "releases": {}},
        },
    }
    goes_on = {"name": "Go on", "ansible.builtin.debug": {"msg": "the slot is closed"}}
    said = play(tmp_path, [abort, goes_on])
    assert "Why v2-bb failed could not be recorded" in said
    assert "verify: 401" in said
    assert "the slot is closed" in said
