"""Who a run is, and whether the control process of another run is dead."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import control_run
import pytest

HERE = {"machine_id": "m1", "boot_id": "b1", "pid_namespace": "pid:[1]"}
NO_PROCESS = 2**22 + 1  # beyond the largest pid that Linux gives


@pytest.fixture
def place(monkeypatch):
    """Put this run in a known place."""
    monkeypatch.setattr(control_run, "place", lambda: dict(HERE))


@pytest.fixture
def sleeper(tmp_path) -> Iterator[subprocess.Popen]:
    """A process whose name looks like the fields of /proc/<pid>/stat."""
    shutil.copy(shutil.which("sleep"), tmp_path / "a) S 1 (b")
    with subprocess.Popen([tmp_path / "a) S 1 (b", "60"]) as process:
        yield process
        process.kill()


def holder(pid: int, **changes: str) -> dict:
    lives = {
        "holder": "ann",
        "host": platform.node(),
        "pid": pid,
        "pid_started": control_run.process_started(pid),
    }
    return HERE | lives | changes


def test_process_that_lives_is_not_dead(place, sleeper):
    assert control_run.control_run_is_dead(holder(os.getpid())) is False
    assert control_run.control_run_is_dead(holder(sleeper.pid)) is False


def test_process_that_ended_is_dead(place, sleeper):
    found = holder(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert control_run.control_run_is_dead(found) is True


def test_process_that_nobody_has_asked_how_it_ended_is_dead(place, sleeper):
    found = holder(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{sleeper.pid}").exists()
    assert control_run.control_run_is_dead(found) is True


def test_process_that_this_user_may_not_look_at_is_not_dead(place, sleeper, monkeypatch):
    """Another operator's, where /proc is mounted with hidepid: its files are not there, and it is."""
    found = holder(sleeper.pid)
    own = control_run._read
    monkeypatch.setattr(control_run, "_read", lambda path: "" if f"/{sleeper.pid}/" in path else own(path))
    assert control_run.control_run_is_dead(found) is False
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", refused)
        assert control_run.control_run_is_dead(found) is False


def refused(_pid: int, _signal: int) -> None:
    raise PermissionError


def test_pid_that_was_given_to_another_process_is_dead(place):
    assert control_run.control_run_is_dead(holder(os.getpid(), pid_started="1")) is True


@pytest.mark.parametrize(
    ("changes", "dead"),
    [
        ({}, True),
        ({"machine_id": "m2"}, False),
        ({"machine_id": "", "boot_id": "b2"}, False),
        ({"host": "another", "boot_id": "b2"}, False),
        ({"machine_id": "m2", "boot_id": "b2"}, False),
        ({"boot_id": "b2"}, True),
        ({"boot_id": "b2", "pid_namespace": "pid:[2]"}, True),
        ({"pid_namespace": "pid:[2]"}, False),
    ],
)
def test_where_a_pid_that_is_not_here_may_still_live(place, changes, dead):
    assert control_run.control_run_is_dead(holder(NO_PROCESS, pid_started="1", **changes)) is dead


@pytest.mark.parametrize("unknown", [{}, HERE])
def test_machine_without_a_name_knows_nothing(monkeypatch, unknown):
    monkeypatch.setattr(control_run, "place", lambda: dict.fromkeys(HERE, ""))
    found = holder(NO_PROCESS, pid_started="1") | dict.fromkeys(HERE, "") | unknown
    assert control_run.control_run_is_dead(found) is False


def test_no_holder_is_not_dead(place):
    assert control_run.control_run_is_dead({}) is False


def test_start_of_a_process_is_read_past_its_name(sleeper):
    started = int(control_run.process_started(sleeper.pid)) / os.sysconf("SC_CLK_TCK")
    assert -1 < time.clock_gettime(time.CLOCK_BOOTTIME) - started < 60
    assert control_run.process_started(NO_PROCESS) == ""


def test_place_is_named_on_this_machine():
    found = control_run.place()
    assert set(found) == set(HERE)
    assert found["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert found["pid_namespace"].startswith("pid:[")


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"pid": 8}, False),
        ({"started": "78"}, False),
        ({"place": HERE | {"boot_id": "b2"}}, False),
    ],
)
def test_holder_is_one_run_and_no_other(monkeypatch, change, same):
    def run(pid: int = 7, started: str = "77", place: dict = HERE) -> dict:
        monkeypatch.setattr(control_run, "control_process", lambda: pid)
        monkeypatch.setattr(control_run, "process_started", lambda _pid: started)
        monkeypatch.setattr(control_run, "place", lambda: place)
        return control_run.control_run("deploy")

    assert (run()["holder"] == run(**change)["holder"]) is same


def test_identity_has_what_the_lock_writes(place):
    found = control_run.control_run("rollback")
    assert set(found) == {"holder", "user", "host", "verb", "pid", "pid_started", *HERE}
    assert (found["verb"], len(found["holder"])) == ("rollback", 12)
    assert control_run.control_run("deploy")["holder"] == found["holder"]
    assert control_run.control_run_is_dead(found) is False


def test_tasks_that_are_forked_are_the_same_run():
    code = (
        "import os, control_run\n"
        "def tell(): print(control_run.control_process(), flush=True)\n"
        "tell()\n"
        "if not os.fork():\n"
        "    if not os.fork(): tell(); os._exit(0)\n"
        "    os.wait(); os._exit(0)\n"
        "os.wait()\n"
    )
    folder = Path(control_run.__file__).parent
    with subprocess.Popen([sys.executable, "-S", "-c", code], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].decode().split() == [str(process.pid)] * 2


def test_machine_without_an_id_knows_nobody_dead(monkeypatch):
    nameless = HERE | {"machine_id": ""}
    monkeypatch.setattr(control_run, "place", lambda: nameless)
    assert control_run.control_run_is_dead(holder(NO_PROCESS, machine_id="", boot_id="b2")) is False


HELD = "deploy by ann from {} has the lock, in phase start, since 2026-01-03 10:00."
DIED = f"{HELD} It died: the same command again finishes what it had begun, and a rollback gives it up."


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, HELD),
        ({"pid": NO_PROCESS}, DIED),
        ({"returned": True}, DIED),
        # It had begun no release: there is nothing that a rollback could give up.
        (
            {"pid": NO_PROCESS, "verb": "backup"},
            HELD.replace("deploy", "backup") + " It died: the next run takes the lock over.",
        ),
    ],
    ids=["lives", "died", "given back", "a backup that died"],
)
def test_who_has_the_lock_is_said(place, changes: dict, line: str):
    lock = holder(os.getpid()) | {
        "verb": "deploy",
        "user": "ann",
        "phase": "start",
        "since": "2026-01-03T10:00:01.000Z",
    }
    assert control_run.lock_line(json.dumps(lock | changes)) == line.format(platform.node())


@pytest.mark.parametrize("text", ["", '{"verb": "dep', "[]", "{}"])
def test_a_lock_that_cannot_be_read_is_no_reason_to_fail(text: str):
    assert control_run.lock_line(text) == ""
