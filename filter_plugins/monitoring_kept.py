"""Filters of what is known without a Prometheus: counts over time, of the token table's rows and of logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

#: What the rows tell whether it happened or not: from the first row on, nothing of it is none of it.
NAMES = ["tokens issued", "logins", "rotations", "sessions ended"]
SOURCES = {"database": "the database", "edge": "the edge's log", "backend": "the backends' logs"}
#: Rows of the database of which something else is made.
OVER, ALIVE, ENDED = "over", "alive", "sessions ended"
STEPS = {60: "a minute", 600: "ten minutes", 3600: "an hour"}


def monitoring_rows(
    answer: Mapping[str, Any], seconds: int, stored: bool = True, canaries: int = 0
) -> dict[str, Any]:
    """Return ``series`` of what the token table's rows tell, the tokens ``alive`` over time, and ``notes``.

    answer: of the query kept.sql.j2. seconds: how far back it looks. stored: whether the live release stores tokens.
    canaries: how many users' sessions are not counted, as those of checks and of the prober.
    """
    if not stored:
        return _unknown("The live release stores no tokens, so the database tells nothing of them.")
    # A task that lets its failure pass is no failed one, but has no rows.
    if "query_result" not in answer:
        said = str(answer.get("msg", "")).strip().splitlines() or ["no answer"]
        reason = "it takes longer than 10 s" if "statement timeout" in said[0] + said[-1] else said[-1][-200:]
        return _unknown(f"What the database's rows tell over time is not known: {reason}.")
    rows = answer["query_result"]
    counts = [row for row in rows if row["name"] not in (OVER, ALIVE)]
    if not counts:
        return _unknown(f"The database has no token of the last {span(seconds)}.")
    first, until = min(row["at"] for row in counts), max(row["at"] for row in rows)
    note = f"The database's rows tell of the last {span(until - first)}; rotated ones are kept for {span(seconds)}."
    own = [
        f"Logins, rotations and ended sessions of the database are without those of {canaries} users of the checks."
    ]
    steps = _steps(first, until, rows[0]["step"])
    return {
        "series": _series("database", NAMES, counts, steps),
        "notes": [note, *(own if canaries else [])],
        "alive": _alive(rows, steps),
    }


def monitoring_log(answer: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    """Return ``series`` of what a log tells, and ``notes``: since when it does, or why it does not.

    answer: of the module log_counts_info. kind: ``edge`` or ``backend``. name: of its containers.
    """
    if answer["first"] is None:
        what = "answers" if kind == "edge" else "events (lines of JSON with time and event)"
        silent = [f"The log of {name or 'no container'} tells of no {what}: nothing is known of them."]
        return _unknown(*(answer["problems"] or silent))
    told = span(answer["until"] - answer["first"])
    note = f"The log of {name}: {answer['understood']} of {answer['lines']} lines tell of the last {told}."
    steps = _steps(answer["first"], answer["until"], answer["step"])
    return {
        "series": _series(kind, answer["names"], answer["counts"], steps),
        "notes": [note, *answer["problems"]],
    }


def _unknown(*notes: str) -> dict[str, Any]:
    return {"series": [], "notes": list(notes)}


def _alive(rows: Iterable[Mapping[str, Any]], steps: range) -> list[list[int]]:
    """Return how many tokens could be used at the end of each step: those of now, less newer ones, and who went."""
    alive, change = 0, defaultdict(int)
    for row in rows:
        alive += row["count"] if row["name"] == ALIVE else 0
        change[row["at"]] += {"tokens issued": 1, OVER: -1}.get(row["name"], 0) * row["count"]
    points = []
    for at in reversed(steps):
        points.append([at, alive])
        alive -= change[at]
    return points[::-1]


def _steps(first: float, until: float, step: int) -> range:
    return range(int(first) // step * step, int(until) + 1, step)


def _series(kind: str, names: list[str], counts: Iterable[Mapping], steps: range) -> list[dict[str, Any]]:
    """Return what a source has counted: name, source, points, and over how long and by what time, in words.

    What is not among ``names`` is only there where it was counted.
    """
    found: dict[str, dict[int, int]] = {name: defaultdict(int) for name in names}
    for row in counts:
        whole, _colon, _reason = row["name"].partition(": ")
        for name in {row["name"], whole if whole == ENDED else row["name"]}:
            found.setdefault(name, defaultdict(int))[row["at"]] += row["count"]
    about = {"source": SOURCES[kind], "span": span(len(steps) * steps.step), "step": STEPS[steps.step]}
    return [
        about | {"name": name, "points": [[at, found[name][at]] for at in steps]}
        for name in [*names, *sorted(set(found) - set(names))]
    ]


def span(seconds: float) -> str:
    """Return how long a time is, in the largest unit of which it has two."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict:
        return {"monitoring_rows": monitoring_rows, "monitoring_log": monitoring_log}
