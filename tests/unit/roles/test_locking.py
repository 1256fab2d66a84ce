"""Taking the lock of another run, of this control node: one that lives is waited for, one that died is not."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from ansible.module_utils.release_lock import acquire, hand_back, read, release
from control_run import control_run, place, process_started
from local_play import begin, play

pytestmark = pytest.mark.skipif(not place()["machine_id"], reason="This machine has no name to be known by.")
DEAD = control_run("deploy") | {"holder": "ann", "pid_started": "1", "user": "ann", "phase": "stage"}
#: As the wiring names it: its control process is the one that plays.
OWN = "{{ 'rollback' | control_run | combine({'holder': 'bob'}) }}"
LIVES = control_run("deploy") | {"holder": "ann", "user": "ann", "phase": "stage"}


def lock(root: Path) -> dict:
    """The task that takes the lock, and waits a minute for whom it has to wait for."""
    settings = {
        "release_root": str(root),
        "release_run": OWN,
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


def begin_until(root: Path, task: str) -> subprocess.Popen[str]:
    """Begin to take the lock, and return when a task of it begins."""
    going = begin(root, [lock(root)])
    while f"| {task}]" not in (line := going.stdout.readline()):
        assert line
    return going


def another_is_first(root: Path, holder: dict, lease_seconds: int) -> subprocess.Popen[str]:
    """Begin to take the lock of a run that died, and have another run take it over the moment before."""
    acquire(str(root), DEAD, 600)
    going = begin_until(root, "Take over the release lock of a run that died")
    acquire(str(root), holder, lease_seconds, take_over="ann")
    return going


def test_who_is_not_the_first_to_take_over_waits_for_who_was(tmp_path: Path):
    """Its lease is over within the minute."""
    going = another_is_first(tmp_path, LIVES | {"holder": "eve"}, 8)
    printed = going.communicate()[0]
    assert going.returncode == 0, printed
    assert read(str(tmp_path))["holder"] == "bob"
    assert [one["holder"] for one in read(str(tmp_path))["followed"]] == ["eve", "ann"]


def test_who_was_the_first_and_died_is_followed_at_once(tmp_path: Path):
    going = another_is_first(tmp_path, DEAD | {"holder": "eve"}, 600)
    begun = time.monotonic()
    printed = going.communicate()[0]
    assert going.returncode == 0, printed
    assert time.monotonic() - begun < 50
    assert read(str(tmp_path))["holder"] == "bob"


@pytest.mark.parametrize("raced", [False, True], ids=["for a run that lives", "for who was the first"])
def test_a_run_that_is_killed_while_it_waits_takes_no_lock_later(tmp_path: Path, raced: bool):
    if raced:
        going = another_is_first(tmp_path, LIVES | {"holder": "eve"}, 600)
    else:
        acquire(str(tmp_path), LIVES | {"holder": "eve"}, 600)
        going = begin_until(tmp_path, "Wait for the run that has it")
    time.sleep(2)
    going.kill()
    going.communicate()
    # What it had begun may still look once more.
    time.sleep(12)
    release(str(tmp_path), "eve")
    time.sleep(8)
    assert read(str(tmp_path)) is None


def test_a_lock_that_nobody_has_is_taken_and_nothing_is_told(tmp_path: Path):
    play(tmp_path, [lock(tmp_path)])
    assert read(str(tmp_path))["holder"] == "bob"
    assert not (tmp_path / "audit.jsonl").exists()


def test_a_run_that_died_is_told_of_once_however_many_follow_it(tmp_path: Path):
    """A backup has taken its lock over, told of it, and given the lock back: the next run finds what had been begun."""
    acquire(str(tmp_path), DEAD, 600)
    play(tmp_path, [lock(tmp_path)])
    hand_back(str(tmp_path), "bob")
    play(tmp_path, [lock(tmp_path)])
    assert [one["holder"] for one in read(str(tmp_path))["followed"]] == ["ann"]
    assert told(tmp_path) == [("ann", "deploy", "rollback")]


@pytest.mark.parametrize("returned", [False, True], ids=["at once", "after a backup"])
def test_a_run_is_told_of_although_who_followed_it_died_before_it_told(tmp_path: Path, returned: bool):
    acquire(str(tmp_path), DEAD, 600)
    acquire(str(tmp_path), DEAD | {"holder": "eve", "verb": "rollback"}, 600, take_over="ann")
    if returned:
        acquire(str(tmp_path), LIVES | {"holder": "cid", "verb": "backup"}, 600, take_over="eve")
        hand_back(str(tmp_path), "cid")
    play(tmp_path, [lock(tmp_path)])
    assert told(tmp_path) == [("ann", "deploy", "rollback"), ("eve", "rollback", "rollback")]


@pytest.mark.parametrize(
    ("facts", "holder"),
    [
        pytest.param({"release_looked": False}, "ann", id="has not looked"),
        pytest.param(
            {"release_looked": True, "release_follows": True}, "ann", id="has not ended what it follows"
        ),
        pytest.param({"release_looked": True, "release_follows": False}, None, id="has done all"),
        pytest.param(
            {"release_looked": True, "release_follows": True, "__release_info": {"nothing_begun": True}},
            None,
            id="has looked, and there is nothing to end",
        ),
        pytest.param(
            {
                "release_looked": True,
                "release_follows": True,
                "release_followed": [
                    {"holder": "cid", "verb": "deploy"},
                    {"holder": "ann", "verb": "rollback"},
                ],
                "__release_info": {"nothing_begun": True, "recorded_by": "ann"},
            },
            "ann",
            id="has not ended the rollback before the one that began nothing",
        ),
    ],
)
def test_the_lock_goes_back_to_the_run_that_died_until_all_is_done(
    tmp_path: Path, facts: dict, holder: str | None
):
    acquire(str(tmp_path), DEAD, 600)
    acquire(str(tmp_path), LIVES | {"holder": "bob"}, 600, take_over="ann")
    include = {"name": "release", "tasks_from": "unlock"}
    known = {"release_root": str(tmp_path), "release_run": OWN, "release_locked": True} | facts
    play(tmp_path, [{"name": "Unlock", "ansible.builtin.include_role": include, "vars": known}])
    assert (read(str(tmp_path)) or {}).get("holder") == holder


def told(root: Path) -> list[tuple[str | None, str, str]]:
    """Each run of which the history tells that it was cut short: its id, its verb, and the one of the run after it."""
    lines = [json.loads(line) for line in (root / "audit.jsonl").read_text().splitlines()]
    return [(line.get("run"), line["verb"], line["evidence"].rpartition("followed by ")[2]) for line in lines]
