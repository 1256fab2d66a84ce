"""Taking the lock of another run, of this control node: one that lives is waited for, one that died is not."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from ansible.module_utils.release_lock import acquire, hand_back, read
from control_run import control_run, place, process_started
from local_play import begin, play

pytestmark = pytest.mark.skipif(not place()["machine_id"], reason="This machine has no name to be known by.")
MINE = control_run("rollback") | {"holder": "bob"}
DEAD = control_run("deploy") | {"holder": "ann", "pid_started": "1", "user": "ann", "phase": "stage"}
LIVES = control_run("deploy") | {"holder": "ann", "user": "ann", "phase": "stage"}


def lock(root: Path) -> dict:
    """The task that takes the lock, and waits a minute for whom it has to wait for."""
    settings = {
        "release_root": str(root),
        "release_run": MINE,
        "release_lock_wait_seconds": 60,
        "release_inventory_name": "staging",
    }
    include = {"name": "release", "tasks_from": "lock"}
    return {"name": "Lock", "ansible.builtin.include_role": include, "vars": settings}


def test_a_run_that_died_is_not_waited_for_and_told_of(tmp_path: Path):
    acquire(str(tmp_path), DEAD, 600)
    begun = time.monotonic()
    play(tmp_path, [lock(tmp_path)])
    assert time.monotonic() - begun < 50
    assert read(str(tmp_path))["holder"] == "bob"
    [line] = (tmp_path / "audit.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["verb"], told["user"], told["from"]) == ("deploy", "ann", os.uname().nodename)
    assert (told["outcome"], told["inventory"]) == ("cut short", "staging")
    assert told["evidence"].startswith("in phase stage, since ")


@pytest.mark.parametrize(
    ("holder", "lease_seconds", "followed"),
    [
        pytest.param(DEAD, 600, [{"holder": "ann", "verb": "deploy"}], id="dead"),
        pytest.param(DEAD, 0, [{"holder": "ann", "verb": "deploy"}], id="dead and over"),
        pytest.param(LIVES, 600, [], id="lives"),
    ],
)
def test_a_dry_run_follows_whom_the_real_one_would_and_takes_nothing(
    tmp_path: Path, holder: dict, lease_seconds: int, followed: list[dict]
):
    acquire(str(tmp_path), holder, lease_seconds)
    before = (tmp_path / "lock.json").read_text()
    say = {"name": "Say", "ansible.builtin.debug": {"msg": "FOLLOWS {{ release_followed | to_json }} END"}}
    going = begin(tmp_path, [lock(tmp_path), say], "--check")
    printed = going.communicate()[0]
    assert going.returncode == 0, printed
    said = printed.partition("FOLLOWS ")[2].partition(" END")[0]
    assert json.loads(said.replace("\\", "")) == followed
    assert (tmp_path / "lock.json").read_text() == before
    assert not (tmp_path / "audit.jsonl").exists()


def test_a_run_that_lives_is_waited_for(tmp_path: Path):
    """Its lease is over within the minute."""
    acquire(str(tmp_path), LIVES, 8)
    play(tmp_path, [lock(tmp_path)])
    assert read(str(tmp_path))["holder"] == "bob"
    assert [(one["holder"], one["verb"]) for one in read(str(tmp_path))["followed"]] == [("ann", "deploy")]


def test_a_holder_that_dies_is_not_waited_for_any_longer(tmp_path: Path):
    with subprocess.Popen(["sleep", "100"]) as sleeper:
        pid = {"pid": sleeper.pid, "pid_started": process_started(sleeper.pid)}
        acquire(str(tmp_path), LIVES | pid, 600)
        timer = threading.Timer(12, sleeper.kill)
        timer.start()
        begun = time.monotonic()
        play(tmp_path, [lock(tmp_path)])
        assert time.monotonic() - begun < 50
    assert read(str(tmp_path))["holder"] == "bob"


def test_a_lock_that_nobody_has_is_taken_and_nothing_is_told(tmp_path: Path):
    play(tmp_path, [lock(tmp_path)])
    assert read(str(tmp_path))["holder"] == "bob"
    assert not (tmp_path / "audit.jsonl").exists()


def test_a_run_that_died_is_told_of_once_however_many_follow_it(tmp_path: Path):
    """A backup has taken its lock over, told of it, and given the lock back: the next run finds what had been begun."""
    acquire(str(tmp_path), DEAD, 0)
    acquire(str(tmp_path), LIVES | {"holder": "eve", "verb": "backup"}, 600)
    hand_back(str(tmp_path), "eve")
    play(tmp_path, [lock(tmp_path)])
    assert [one["holder"] for one in read(str(tmp_path))["followed"]] == ["ann"]
    assert not (tmp_path / "audit.jsonl").exists()
