"""The lock that lets one run at a time change a host.

The lock is the file ``<root>/lock.json``. Every operation reads and writes it under a kernel lock on
``<root>/lock.guard``, which is held for that operation only and so cannot go stale. The file itself outlives
the connection that made it: it is a lease, renewed with every phase, and it names its holder.

What a run does on the host carries the holder's id in its environment, as `RUN_VARIABLE`. So one task may take longer
than the lease, and what a run that died has left at work is found.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

from ansible.module_utils.release_store import ReleaseError, utc_now, write_json

RUN_VARIABLE = "RELEASE_RUN"
#: How long a process may take to end after it was asked to, before it is killed.
TERMINATE_SECONDS = 10
POLL_SECONDS = 0.5
#: How long the lock of a run that was seen at work holds from then on: it has the time to begin its next task.
SEEN_SECONDS = 60
#: What leaves a release half way when it dies.
CHANGES = ("deploy", "rollback")


class LockBusy(ReleaseError):
    """Another run holds the lock; ``holder`` is what it wrote there."""

    def __init__(self, holder: dict) -> None:
        super().__init__(describe(holder))
        self.holder = holder


def lock_path(root: str) -> str:
    """Return the path of the lock."""
    return os.path.join(root, "lock.json")


def describe(holder: dict) -> str:
    """Say who holds the lock, from where, doing what and since when."""
    return (
        f"release lock is held by {holder['user']} on {holder['host']} (pid {holder['pid']}), {holder['verb']} in "
        f"phase {holder['phase']}, since {holder['since']}. Wait with -e deploy_wait_seconds=900, or, once you know "
        f"that run is dead, take it over with -e take_over={holder['holder']}."
    )


def expired(lock: dict, now: float) -> bool:
    """Say whether the holder has let its lease run out; ``now`` is in seconds since the epoch."""
    return now >= lock["expires_at"]


@contextlib.contextmanager
def _guard(root: str) -> Iterator[None]:
    with open(os.path.join(root, "lock.guard"), "a", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def read(root: str) -> dict | None:
    """Return the lock's content, None where nobody holds it."""
    try:
        with open(lock_path(root), encoding="utf-8") as handle:
            return json.load(handle)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ReleaseError(
            f"{lock_path(root)} is not JSON ({error}). Look who runs a deploy, then remove the file."
        ) from error


def processes_of(holder: str, proc: str = "/proc") -> list[int]:
    """Return the processes of this machine that work for a run, but for those that root itself may not look at."""
    wanted = f"{RUN_VARIABLE}={holder}".encode()
    return [
        pid for pid in map(int, filter(str.isdigit, os.listdir(proc))) if wanted in _environment(proc, pid)
    ]


def _environment(proc: str, pid: int) -> list[bytes]:
    try:
        with open(os.path.join(proc, str(pid), "environ"), "rb") as handle:
            return handle.read().split(b"\0")
    except OSError:
        return []


def end_work(holders: Sequence[str], wait_seconds: float) -> int:
    """Wait until nothing works for runs that died, and end what still does then; return how many had to be ended."""
    left = _wait_for_end(holders, wait_seconds)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _at_work(holders):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        _wait_for_end(holders, TERMINATE_SECONDS)
    return len(left)


def _at_work(holders: Sequence[str]) -> list[int]:
    return [pid for holder in holders for pid in processes_of(holder)]


def wait_for_work(root: str, mine: str, seconds: float) -> None:
    """Give a run whose lease is over the time to begin its next task: between two of them it is not dead."""
    found = read(root)
    if not found or found["holder"] == mine or found.get("returned") or not expired(found, time.time()):
        return
    deadline = time.monotonic() + seconds
    while not processes_of(found["holder"]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _wait_for_end(holders: Sequence[str], seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := _at_work(holders)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return left


def in_force(lock: dict, now: float, at_work: Callable[[str], object] = processes_of) -> bool:
    """Say whether a lock holds: its lease runs, or its run is at a task that takes longer than that.

    What a run is at work with that its holder has followed does not count: it is dead, and ended by who takes the lock.
    """
    return not expired(lock, now) or bool(at_work(lock["holder"]))


def acquire(
    root: str, mine: dict, lease_seconds: int, take_over: str | None = None, now: float | None = None
) -> dict | None:
    """Take the lock, or raise `LockBusy`.

    A lock that is not in force any more, or whose holder is the one named by ``take_over``, is taken over; what it
    said is returned, so that the run can report whom it followed. The new lock tells of the runs that died, too: when
    its own run dies, the next one still knows what the first of them had begun.

    Who is seen at work keeps the lock for a while: the next time somebody looks, it may be between two tasks.
    """
    now = time.time() if now is None else now
    with _guard(root):
        found = read(root)
        other = found if found and found["holder"] != mine["holder"] else None
        if other and take_over != other["holder"] and in_force(other, now):
            if expired(other, now):
                write_json(lock_path(root), {**other, "expires_at": now + SEEN_SECONDS})
            raise LockBusy(other)
        followed = runs_of(other) if other else (found or {}).get("followed", [])
        taken = {**mine, "followed": followed, "since": utc_now(), "expires_at": now + lease_seconds}
        write_json(lock_path(root), taken)
    return other


def runs_of(lock: dict) -> list[dict]:
    """Return what each run wrote that a lock tells of: its own, then those it has followed, the last first."""
    own = {key: value for key, value in lock.items() if key not in ("followed", "expires_at")}
    return [own, *lock.get("followed", [])]


def renew(root: str, holder: str, phase: str, lease_seconds: int, now: float | None = None) -> None:
    """Extend the lease and note the phase, the same where it is empty; raise where this run has no lock (any more)."""
    now = time.time() if now is None else now
    with _guard(root):
        found = assert_held(root, holder)
        write_json(
            lock_path(root), {**found, "phase": phase or found["phase"], "expires_at": now + lease_seconds}
        )


def assert_held(root: str, holder: str) -> dict:
    """Return the lock of this run; raise where it does not hold it (any more)."""
    found = read(root)
    if not found or found["holder"] != holder:
        owner = f"{found['user']} on {found['host']} holds it" if found else "nobody holds it"
        raise ReleaseError(
            f"this run does not hold the release lock: {owner}. Run the whole playbook; phases that change the host "
            "cannot be started alone."
        )
    return found


def hand_back(root: str, holder: str) -> bool:
    """Give the lock back to the deploy or rollback that died with it, or to nobody; False where this run has it not.

    A run that does not look at what those had begun must not be the last one that knows of them. The lock says then
    that it was ``returned``: nobody need be given the time to begin its next task.
    """
    with _guard(root):
        found = read(root)
        if not found or found["holder"] != holder:
            return False
        died = [run for run in found.get("followed", []) if run["verb"] in CHANGES]
        if died:
            returned = {**died[0], "followed": died[1:], "expires_at": 0, "returned": True}
            write_json(lock_path(root), returned)
        else:
            os.unlink(lock_path(root))
        return True


def release(root: str, holder: str) -> bool:
    """Give the lock back; False where this run does not hold it."""
    with _guard(root):
        found = read(root)
        if not found or found["holder"] != holder:
            return False
        os.unlink(lock_path(root))
        return True
