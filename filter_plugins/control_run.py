"""Who this run is, and whether the control process of another run is dead.

A run is identified across time and machines by machine id, boot id, pid namespace, pid and the pid's start
time: a pid alone is reused (proc(5): field 22 of ``/proc/<pid>/stat`` is the start time in clock ticks since boot).
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read().strip()
    except OSError:
        return ""


def _stat_fields(pid: int) -> list[str]:
    # The command's name is in parentheses and may hold spaces: read the fields after it (state is the first).
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def process_started(pid: int) -> str:
    """Return when a process was started, in clock ticks since boot; empty where there is no such process.

    One that has ended is none, also while nobody has asked how (state Z, or X): it does nothing any more.
    """
    fields = _stat_fields(pid)
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def _is_hidden(pid: int) -> bool:
    """Say whether there is a process of which this user may not know more, as where /proc is mounted with hidepid."""
    if _stat_fields(pid):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def control_process() -> int:
    """Return the pid of the ansible-playbook process: the oldest forebear with this process's command line."""
    pid = os.getpid()
    command = _read(f"/proc/{pid}/cmdline")
    while (fields := _stat_fields(pid)) and _read(f"/proc/{fields[1]}/cmdline") == command:
        pid = int(fields[1])
    return pid


def place() -> dict[str, str]:
    """Return the three names that say where a pid has a meaning."""
    return {
        "machine_id": _read("/etc/machine-id"),
        "boot_id": _read("/proc/sys/kernel/random/boot_id"),
        "pid_namespace": os.readlink("/proc/self/ns/pid") if os.path.exists("/proc/self/ns/pid") else "",
    }


def control_run(verb: str) -> dict:
    """Return the identity of this run, as the release lock writes it; the same for every task of the run."""
    pid = control_process()
    where = {**place(), "pid": pid, "pid_started": process_started(pid)}
    holder = hashlib.sha256(repr(sorted(where.items())).encode()).hexdigest()[:12]
    return {"holder": holder, "user": getpass.getuser(), "host": platform.node(), "verb": verb, **where}


def control_run_is_dead(holder: dict) -> bool:
    """Say whether the holder's control process is known to be gone; False where this machine cannot know."""
    here = place()
    # Cloned machines may share their machine id, and slim containers have none.
    if not holder or not here["machine_id"] or not here["boot_id"]:
        return False
    if (holder.get("machine_id"), holder.get("host")) != (here["machine_id"], platform.node()):
        return False
    if holder.get("boot_id") != here["boot_id"]:
        return True
    if holder.get("pid_namespace") != here["pid_namespace"]:
        return False
    pid = int(holder["pid"])
    return process_started(pid) != holder["pid_started"] and not _is_hidden(pid)


def lock_line(text: str) -> str:
    """Return a sentence about the run that has the lock of a host; empty where its file is none that can be read.

    text: the file's. A lock that was given back to a run, by one that followed it, is that of a run that died.
    """
    try:
        lock = json.loads(text)
        since = lock["since"][:16].replace("T", " ")
        who = f"{lock['verb']} by {lock['user']} from {lock['host']}"
        said = f"{who} has the lock, in phase {lock['phase']}, since {since}."
        died = lock.get("returned") or control_run_is_dead(lock)
    except (ValueError, KeyError, TypeError):
        return ""
    next_steps = {
        "deploy": "the same command again finishes what it had begun, and a rollback gives it up",
        "rollback": "the same command again finishes what it had begun",
    }
    return (
        f"{said} It died: {next_steps.get(lock['verb'], 'the next run takes the lock over')}."
        if died
        else said
    )


class FilterModule:
    """Filters of the release lock."""

    def filters(self) -> dict:
        return {
            "control_run": control_run,
            "control_run_is_dead": control_run_is_dead,
            "lock_line": lock_line,
        }
