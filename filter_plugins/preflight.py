"""What a run says when it refuses to begin."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import PurePosixPath

#: What a failed connection says -> what is wrong, what to do. The first that fits is taken.
REACH_PROBLEMS = {
    "HOST IDENTIFICATION HAS CHANGED": (
        "shows another SSH host key than known_hosts has for it. Compare its fingerprint with the one you were given "
        "before you accept it."
    ),
    "Host key verification failed": (
        "shows an SSH host key that known_hosts does not have. Compare its fingerprint with the one you were given, "
        "then add it."
    ),
    "Permission denied": "refuses the SSH login. Check ansible_user and the key that is offered.",
    "sudo": "refuses sudo. Check ansible_become_user, and give a needed password with --ask-become-pass.",
}
#: Free megabytes, mount point and folder; its first line, of titles, does not fit.
DF_LINE = re.compile(r"\s*(\d+)\s+(/.*?)\s+(/.*)")
#: A size of memory as Docker takes it: a number, and a unit that is bytes where there is none.
DOCKER_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmg]?)b?", re.IGNORECASE)
ROOT_UID = "0"
#: What Ansible puts before the words of ssh.
SSH_FAILED = "Task failed: Failed to connect to the host via ssh: "


def problem_list(problems: list[str], created: list[str] | None = None) -> str:
    """Return sentences as a numbered list, one a line, that says how many there are and what was changed before.

    ``created``: what this run had created by then on a host that lacked it.
    """
    head = "1 problem was found:" if len(problems) == 1 else f"{len(problems)} problems were found:"
    numbered = [f"{number}. {' '.join(problem.split())}" for number, problem in enumerate(problems, start=1)]
    changed = f"Nothing was changed but that the host was given what it lacked: {', '.join(created or [])}."
    return "\n".join([head, *numbered, changed if created else "Nothing was changed."])


def reach_problem(result: dict) -> str:
    """Return why `id -u` on a host did not answer 0, as a sentence without its subject; empty when it did."""
    if not result.get("unreachable") and result.get("rc") == 0:
        uid = (result.get("stdout") or "").strip()
        needed = f"lets this run in as user number {uid}; root is needed: set ansible_become."
        return "" if uid == ROOT_UID else needed
    said = " ".join(str(result.get(key) or "") for key in ("msg", "stderr", "stdout"))
    for sign, sentence in REACH_PROBLEMS.items():
        if sign in said:
            return sentence
    reason = first_line(said.replace(SSH_FAILED, ""))
    return f"cannot be reached over SSH: {reason} Check ansible_host, ansible_port and the network."


def first_line(text: str) -> str:
    """Return the first line of a message that says something, as the end of a sentence."""
    lines = [" ".join(line.split()) for line in str(text).splitlines()]
    return f"{next(filter(None, lines), 'nothing was said').rstrip('.')}."


def folder_and_parents(folder: str) -> list[str]:
    """Return a folder and all above it, the deepest first."""
    path = PurePosixPath(folder)
    return [str(path), *map(str, path.parents)]


def rooms(lines: list[str]) -> list[dict]:
    """Return the folders whose room counts, {folder, mount, mb}, the same one once; none where nothing was read.

    ``lines`` are what `df --output=avail,target,file` prints for a folder that may not exist, all above it (the deepest
    first), and one more folder. The first and the last that it prints are looked at.
    """
    found = [match.groups() for match in map(DF_LINE.fullmatch, lines) if match]
    looked_at = dict.fromkeys([found[0], found[-1]]) if found else {}
    return [{"folder": folder, "mount": mount, "mb": int(mb)} for mb, mount, folder in looked_at]


def rooms_taken(looked_at: list[dict], megabytes: int) -> dict[str, int]:
    """Return what a run takes of each file system that was looked at, by its mount point."""
    return {room["mount"]: megabytes for room in looked_at}


def rooms_below(
    looked_at: list[dict], least_mb: int, taken: dict[str, int] | None = None, left: list[int] | None = None
) -> list[str]:
    """Return the folders with less than ``least_mb`` MB free, as ``<folder> has <MB> MB free``.

    ``taken`` is what the same run takes besides of a file system, in MB by its mount point; ``left`` the MB that it
    removes before it needs the room, in the first and in the last folder.
    """
    freed: Counter[str] = Counter()
    for room, megabytes in zip(looked_at[:1] + looked_at[-1:], left or [], strict=False):
        freed[room["mount"]] += megabytes
    sentences = []
    for room in looked_at:
        less, more = (taken or {}).get(room["mount"], 0), freed[room["mount"]]
        if room["mb"] + more - less < least_mb:
            besides = f", {more} MB more once what a run has left is removed" if more else ""
            besides += f", less {less} MB for the release" if less else ""
            sentences.append(f"{room['folder']} has {room['mb']} MB free{besides}")
    return sentences


def memory_limits_mb(services: dict) -> int:
    """Return the megabytes that all services of a release may use, by the limits that Docker is given."""
    return math.ceil(sum(_bytes(str(service["memory"])) for service in services.values()) / 1024**2)


def _bytes(size: str) -> float:
    match = DOCKER_SIZE.fullmatch(size.strip())
    if not match:
        raise ValueError(f"memory {size!r} in release_services is none that Docker takes; 512m is, or 1.5g.")
    return float(match[1]) * 1024 ** "bkmg".index((match[2] or "b").lower())


def clock_skew(later: str | float, earlier: str | float, elapsed: float) -> float:
    """Return by how many seconds the clock that was read later is surely ahead of the one that was read earlier.

    At most ``elapsed`` seconds passed between the two readings, so that much ahead may be nothing.
    """
    ahead = float(later) - float(earlier)
    return round(min(ahead, 0) + max(ahead - elapsed, 0), 1)


class FilterModule:
    """Filters of the checks before a run."""

    def filters(self) -> dict:
        return {
            "clock_skew": clock_skew,
            "first_line": first_line,
            "memory_limits_mb": memory_limits_mb,
            "folder_and_parents": folder_and_parents,
            "problem_list": problem_list,
            "reach_problem": reach_problem,
            "rooms": rooms,
            "rooms_below": rooms_below,
            "rooms_taken": rooms_taken,
        }
