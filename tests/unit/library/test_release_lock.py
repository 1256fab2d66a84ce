"""The lock as a run takes it, waits for it and gives it back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest
import release_lock
from ansible.module_utils.release_lock import RUN_VARIABLE, acquire, read, release
from manual import results_in_manual, returned


def holder(name: str) -> dict:
    return {"holder": name, "user": name.title(), "host": "desk", "pid": 7, "verb": "deploy"}


@pytest.fixture
def lock(run_module, tmp_path, monkeypatch):
    """Call the module for a run. None of the holders here is between two tasks."""
    monkeypatch.setattr(release_lock, "PAUSE_SECONDS", 0)

    def call(name: str, check_mode: bool = False, **options) -> dict:
        return run_module(release_lock, {"root": str(tmp_path), "holder": holder(name)} | options, check_mode)

    return call


@pytest.fixture
def held(tmp_path):
    """Let another run hold the lock for some seconds."""

    def hold(lease_seconds: float = 60) -> None:
        acquire(str(tmp_path), holder("ann") | {"phase": "migrate"}, lease_seconds)

    return hold


def test_free_lock_is_taken_and_given_back(lock, tmp_path):
    result = lock("bob", lease_seconds=60)
    assert (result["changed"], result["busy"], result["found"], result["taken_over"]) == (
        False,
        False,
        {},
        False,
    )
    found = read(str(tmp_path))
    assert (found["holder"], found["phase"]) == ("bob", "lock")
    assert 50 < found["expires_at"] - time.time() <= 60
    assert lock("bob", state="absent")["changed"] is False
    assert read(str(tmp_path)) is None
    assert returned(result) == results_in_manual(release_lock)


def test_a_lease_that_cannot_be_written_is_no_lost_lock(lock, tmp_path, monkeypatch):
    """What goes back because the disk is full needs the lock, and writes nothing for it."""

    def full(path: str, content: dict) -> None:
        raise OSError(28, "No space left on device")

    lock("bob")
    monkeypatch.setattr("ansible.module_utils.release_lock.write_json", full)
    assert not lock("bob", state="held").get("failed")
    assert "this run does not hold the release lock" in lock("eve", state="held")["msg"]


def test_lock_is_returned_to_the_run_that_died(lock, held, tmp_path):
    held(0)
    lock("bob")
    assert lock("bob", state="returned")["changed"] is False
    assert read(str(tmp_path))["holder"] == "ann"
    lock("eve")
    lock("eve", state="absent")
    assert lock("eve", state="returned")["msg"].startswith("release lock was not held by this run")


def test_folder_of_the_lock_is_made(lock, tmp_path):
    lock("bob", root=str(tmp_path / "srv/app"))
    assert read(str(tmp_path / "srv/app"))["holder"] == "bob"


def test_held_lock_fails_and_says_who_has_it(lock, held, tmp_path):
    held()
    result = lock("bob")
    assert result["failed"]
    assert (result["busy"], result["taken_over"], result["found"]["holder"]) == (True, False, "ann")
    assert "held by Ann on desk (pid 7), deploy in phase migrate" in result["msg"]
    assert read(str(tmp_path))["holder"] == "ann"


@pytest.mark.parametrize(("lease_seconds", "options"), [(0, {}), (60, {"take_over": "ann"})])
def test_dead_run_is_followed(lock, held, tmp_path, lease_seconds, options):
    held(lease_seconds)
    result = lock("bob", **options)
    assert (result["taken_over"], result["found"]["holder"], result["busy"]) == (True, "ann", False)
    assert result["followed"] == [{"holder": "ann", "verb": "deploy"}]
    assert read(str(tmp_path))["holder"] == "bob"


def test_work_of_all_that_died_is_ended(lock, tmp_path):
    """Who followed the first of them died before it had ended that one's work."""
    acquire(str(tmp_path), holder("ann") | {"phase": "migrate"}, 60)
    acquire(str(tmp_path), holder("eve") | {"phase": "lock"}, 60, take_over="ann")
    with subprocess.Popen(["sleep", "60"], env={"PATH": os.defpath, RUN_VARIABLE: "ann"}) as left:
        # A zombie has no environment any more; without a wait it would stay one.
        threading.Thread(target=left.wait, daemon=True).start()
        try:
            result = lock("bob", take_over="eve", work_seconds=0)
            assert left.wait(5) == -signal.SIGTERM
        finally:
            left.kill()
    assert result["ended"] == 1


@pytest.mark.parametrize("lease_seconds", [0.2, 60], ids=["expires", "is given back"])
def test_run_waits_for_the_one_before(lock, held, tmp_path, monkeypatch, lease_seconds):
    monkeypatch.setattr(release_lock, "POLL_SECONDS", 0.02)
    held(lease_seconds)
    ends = threading.Timer(0.2, release, (str(tmp_path), "ann"))
    ends.start()
    assert "failed" not in lock("bob", wait_seconds=5)
    ends.join()
    assert read(str(tmp_path))["holder"] == "bob"


@pytest.mark.parametrize("wait_seconds", [0, 3])
def test_waiting_ends(lock, held, monkeypatch, wait_seconds):
    slept = []
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr(release_lock, "time", clock)
    held()
    assert lock("bob", wait_seconds=wait_seconds)["busy"]
    assert sum(slept) == wait_seconds


@pytest.mark.parametrize("lease_seconds", [60, 0])
def test_check_mode_only_looks(lock, held, tmp_path, lease_seconds):
    held(lease_seconds)
    before = (tmp_path / "lock.json").read_text()
    result = lock("bob", check_mode=True)
    assert result["busy"] is (lease_seconds > 0)
    assert result["found"] == json.loads(before)
    assert result["followed"] == ([] if lease_seconds else [{"holder": "ann", "verb": "deploy"}])
    assert result["taken_over"] is False
    assert (tmp_path / "lock.json").read_text() == before


def test_check_mode_follows_a_run_that_is_known_to_be_dead(lock, held, tmp_path):
    """The whole chain, as the run would that takes the lock over."""
    held(0)
    lock("bob", lease_seconds=60)
    before = (tmp_path / "lock.json").read_text()
    foretold = lock("eve", check_mode=True, take_over="bob")
    assert (tmp_path / "lock.json").read_text() == before
    taken = lock("eve", take_over="bob")
    for key in ("busy", "found", "followed"):
        assert foretold[key] == taken[key]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_check_mode_leaves_a_bare_host_bare(lock, tmp_path, state):
    result = lock("bob", check_mode=True, root=str(tmp_path / "app"), state=state)
    assert (result["busy"], result["found"]) == (False, {})
    assert list(tmp_path.iterdir()) == []


def test_own_lock_is_not_busy_in_check_mode(lock, held):
    held()
    assert lock("ann", check_mode=True)["busy"] is False


def test_lock_that_was_lost_cannot_be_given_back(lock, held, tmp_path):
    held()
    assert "another run took it over" in lock("bob", state="absent")["msg"]
    assert read(str(tmp_path))["holder"] == "ann"


def test_root_that_cannot_be_a_folder_fails(lock, tmp_path):
    (tmp_path / "file").touch()
    assert "Not a directory" in lock("bob", root=str(tmp_path / "file/app"))["msg"]


def test_lock_that_is_held_is_renewed_and_that_of_another_is_not(lock, tmp_path):
    lock("bob")
    before = read(str(tmp_path))["expires_at"]
    assert lock("bob", state="held", lease_seconds=3600)["changed"] is False
    assert read(str(tmp_path))["expires_at"] > before + 1800
    assert "does not hold the release lock: bob" in lock("ann", state="held")["msg"].lower()
