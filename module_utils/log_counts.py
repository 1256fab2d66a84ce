"""Counts what the logs of the edge and of a backend tell, over time. Nothing of a line is handed on."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: Statuses of answers that are counted one by one.
STATUSES = (401, 402, 403, 429)
#: Of those that may come of a refresh; what is neither these nor 2xx or 5xx is `other`.
REFRESH_STATUSES = (401, 429)
#: What is counted by minutes at first: (logs of less than these seconds, seconds of a step that is handed on).
STEPS = ((3 * 3600, 60), (86400, 600))
LONGEST_STEP = 3600
#: So many names of events at most, the most frequent ones; the rest is counted as `other`.
MOST_NAMES = 12
WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
OTHER = "other"

#: What a line says: when it was, and the names under which it is counted. None where it is no line of its kind.
Event = tuple[float, list[str]]


def names_of_edge(refresh_path: str) -> list[str]:
    """Return what an edge's log tells of, whether it happened or not."""
    statuses = [f"answers of {status}" for status in (*STATUSES, "5xx")]
    refreshes = [f"refreshes answered {status}" for status in ("2xx", *REFRESH_STATUSES, "5xx")]
    return ["answers", *statuses, *(refreshes if refresh_path else [])]


def edge_event(line: dict[str, Any], refresh_path: str) -> Event | None:
    """Return what a line of the edge's log says: each request is an answer, and some are one of several kinds."""
    at, status = line.get("at"), line.get("status")
    if not _is_number(at) or not isinstance(status, int):
        return None
    # HAProxy's status of a request that ended without an answer, as when the client went away, is -1.
    names = ["answers" if status > 0 else "requests without an answer"]
    if status in STATUSES:
        names.append(f"answers of {status}")
    if status >= 500:
        names.append("answers of 5xx")
    if refresh_path and line.get("method") == "POST" and line.get("path") == refresh_path:
        names.append(f"refreshes answered {_refresh_status(status)}")
    return float(at), names


def _refresh_status(status: int) -> str:
    if status in REFRESH_STATUSES:
        return str(status)
    return f"{status // 100}xx" if status // 100 in (2, 5) else OTHER


def backend_event(line: dict[str, Any], _refresh_path: str = "") -> Event | None:
    """Return what a line of a backend's log says: an event, with its outcome or reason where it has one."""
    event, more = line.get("event"), line.get("outcome", line.get("reason"))
    if not _is_word(event):
        return None
    try:
        at = datetime.fromisoformat(str(line.get("time")).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
    return at, [f"{event}: {more}" if _is_word(more) else str(event)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(WORD.fullmatch(value))


@dataclass
class LogCounts:
    """What was counted of the lines of some logs, between two times."""

    kind: Callable[[dict[str, Any], str], Event | None]
    since: float
    until: float
    refresh_path: str = ""
    first: float | None = None
    lines: int = 0
    understood: int = 0
    minutes: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, lines: Iterable[str]) -> None:
        """Count lines; one that is of another kind is passed over."""
        for text in lines:
            self.lines += 1
            event = self._read(text)
            if event is None or not self.since <= event[0] <= self.until:
                continue
            at, names = event
            self.understood += 1
            self.first = at if self.first is None else min(self.first, at)
            self.minutes.update((int(at) // 60 * 60, name) for name in names)

    def take(self, other: LogCounts) -> None:
        """Add what was counted of another log."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        self.first = min(firsts, default=None)
        self.lines += other.lines
        self.understood += other.understood
        self.minutes += other.minutes

    def _read(self, text: str) -> Event | None:
        if not text.startswith("{"):
            return None
        try:
            line = json.loads(text)
        except ValueError:
            return None
        return self.kind(line, self.refresh_path) if isinstance(line, dict) else None

    @property
    def step(self) -> int:
        """Seconds that are counted together: the fewer, the shorter ago the first line was."""
        age = self.until - (self.until if self.first is None else self.first)
        return next((step for below, step in STEPS if age < below), LONGEST_STEP)

    def counts(self) -> list[dict[str, Any]]:
        """Return {at, name, count} by steps; what is not in it did not happen since the first line."""
        totals: Counter[str] = Counter()
        for (_at, name), count in self.minutes.items():
            totals[name] += count
        kept = {name for name, _count in totals.most_common(MOST_NAMES)}
        found: Counter[tuple[int, str]] = Counter()
        for (at, name), count in self.minutes.items():
            found[at // self.step * self.step, name if name in kept else OTHER] += count
        return [{"at": at, "name": name, "count": count} for (at, name), count in sorted(found.items())]


def logs_command(container: str, since: float, lines: int, seconds: int) -> list[str]:
    """Return the command that prints the end of a container's log, for so many seconds at most."""
    return [
        "timeout", str(seconds), "docker", "logs", "--since", str(int(since)), "--tail", str(lines), container,
    ]  # fmt: skip


def logs_problem(container: str, code: int, seconds: int) -> str:
    """Return why a log was not read whole, as a sentence; empty when it was."""
    if code == 124:
        return f"The log of {container} took longer than {seconds} s to read, and is left out; read fewer lines of it."
    if code:
        return f"The log of {container} cannot be read (docker logs ends with {code}), so nothing of it is known."
    return ""
