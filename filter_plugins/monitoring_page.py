"""Filters of the page that playbooks/monitor.yml makes: figures with their charts, and what can be said of how many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ansible.module_utils

# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.refresh_outcomes import FAILED, OVER  # noqa: E402

#: Of so many trials without a failure on, a success above 99.9 % is shown with 95 % confidence.
SAMPLE = 2995
CONFIDENCE = 0.95
UNKNOWN = "Nothing tells how refreshes ended: nothing can be said of their success."
#: How a log's refreshes are named, before their outcome.
OUTCOME = "refresh: "
WIDTH, HEIGHT = 1000, 120


def success_at_least(failed: float, trials: float, confidence: float = CONFIDENCE) -> float:
    """Return the lower bound of the share of successes: the exact one-sided bound of Clopper and Pearson."""
    failed, trials = round(failed), round(trials)
    if trials <= 0 or failed >= trials:
        return 0.0
    low, high = failed / trials, 1.0
    for _ in range(60):
        share = (low + high) / 2
        low, high = (share, high) if _at_most(failed, trials, share) > 1 - confidence else (low, share)
    return 1 - high


def _at_most(failed: int, trials: int, share: float) -> float:
    """Probability of no more than that many failures among these trials."""
    if share >= 1:
        return 0.0
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(share)
        + (trials - k) * math.log1p(-share)
        for k in range(failed + 1)
    )
    return sum(map(math.exp, logs))


def survival(days: Iterable[Mapping[str, float]]) -> list[list[float]]:
    """Return [day, share alive] by Kaplan and Meier.

    ``days`` has for each day of their life how many sessions ended on it (``ended_then``), and how many live and are no
    older (``alive_then``), which says nothing about later days.
    """
    rows = sorted(days, key=lambda row: row["day"])
    at_risk = sum(row["ended_then"] + row["alive_then"] for row in rows)
    share, curve = 1.0, [[0, 1.0]]
    for row in rows:
        share *= 1 - row["ended_then"] / at_risk if at_risk else 1
        at_risk -= row["ended_then"] + row["alive_then"]
        curve.append([row["day"] + 1, share])
    return curve


def monitoring_known(asked: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return what a Prometheus answered, with a problem where it answers and has none of the figures."""
    if asked["problem"] or any(asked["points"].values()):
        return dict(asked)
    said = f"{place} answers, and has none of the figures: it reads no exporter, or lacks the rules."
    return dict(asked) | {"problem": said}


def monitoring_view(
    figures: list[Mapping],
    asked: Mapping[str, Any],
    place: str,
    database: list[Mapping],
    kept: Iterable[Mapping] = (),
) -> dict[str, Any]:
    """Return what the page shows: rows with charts, the survival of remembered sessions, and what is not known.

    figures: name, unit and goal of each. asked: ``points`` by their names, and the ``problem`` of the Prometheus, which
    is ``place``. database: rows of the query now.sql.j2. kept: what the filters of monitoring_kept.py return, of each
    source.
    """
    kept = list(kept)
    days = [row for row in database if row["day"] is not None]
    values = next((row for row in database if row["day"] is None), {})
    alive = [source["alive"] for source in kept if source.get("alive")]
    rows = [
        _row(figure, *_known(figure, asked, place, values, alive[0] if alive else [])) for figure in figures
    ]
    shown = {row["name"]: row["last"] for row in rows}
    failed, trials = (shown.get(f"refreshes{part} in three days") for part in (" that failed", ""))
    counted = [series for source in kept for series in source["series"]]
    curve = survival(days)
    notes = [note for source in kept for note in source["notes"]]
    return {
        "source": "the database and the logs" if asked["problem"] else place,
        "notes": [f"{asked['problem']} The database and the logs are used.", *notes]
        if asked["problem"]
        else notes,
        "rows": [*rows, *map(_counted, counted)],
        "success": _success(failed, trials, "three days") or _success(*_ended(counted)) or UNKNOWN,
        "survival": _chart(curve, 1.0) if days else {},
        "survivors": _survivors(curve, 7),
    }


def _known(figure: Mapping, asked: Mapping, place: str, values: Mapping, alive: list) -> tuple[list, str]:
    """Return the points of a figure and where they are from: of the Prometheus, else what the database knows."""
    if points := asked["points"].get(figure["name"]):
        return points, place
    value = values.get(figure.get("sql", ""))
    if value is None:
        return [], ""
    return alive if alive and figure["sql"] == "active" else [[0, value]], "the database"


def _survivors(curve: list[list[float]], days: int) -> str:
    """Say which share is alive after so many days; nothing where no session has come that far.

    The curve has no point of a day without sessions: its share is that of the point before.
    """
    if curve[-1][0] < days:
        return ""
    share = [share for day, share in curve if day <= days][-1]
    return f"{share:.1%} after {days} days"


def _row(figure: Mapping, points: list, source: str) -> dict[str, Any]:
    known = [(float(at), float(value)) for at, value in points if str(value) not in ("NaN", "+Inf", "-Inf")]
    last = known[-1][1] if known else None
    most = max((value for _at, value in known), default=0.0)
    return {
        "name": figure["name"],
        "goal": figure.get("goal", ""),
        "source": source if known else "",
        "last": last,
        "shown": _shown(last, figure.get("unit", "")),
        "most": _shown(most if known else None, figure.get("unit", "")),
        "chart": _chart(known, most) if len(known) > 1 else {},
        "begins": moment(known[0][0]) if len(known) > 1 else "",
    }


def _counted(series: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of what was counted over time, which has a chart where there was any."""
    points, most = series["points"], max(count for _at, count in series["points"])
    total = sum(count for _at, count in points)
    return {
        "name": series["name"],
        "goal": "",
        "source": series["source"],
        "last": float(total),
        "shown": f"{total} in {series['span']}",
        "most": f"{most} in {series['step']}",
        "chart": _chart(points, most) if most and len(points) > 1 else {},
        "begins": moment(points[0][0]),
    }


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "no data"
    return f"{100 * value:.3f} %" if unit == "share" else f"{value:.4g} {unit}".rstrip()


def _ended(counted: Iterable[Mapping]) -> tuple[float | None, float | None, str]:
    """Return how many refreshes failed, of how many, and in which time, by a log; None where it has none."""
    found = {
        series["name"].removeprefix(OUTCOME): (sum(count for _at, count in series["points"]), series["span"])
        for series in counted
        if series["name"].startswith(OUTCOME)
    }
    if not found:
        return None, None, ""
    failed = sum(count for outcome, (count, _span) in found.items() if outcome in FAILED)
    trials = sum(count for outcome, (count, _span) in found.items() if outcome not in OVER)
    return failed, trials, next(span for _count, span in found.values())


def _success(failed: float | None, trials: float | None, span: str) -> str:
    """Say what so many refreshes show; nothing where they are not known."""
    if failed is None or trials is None:
        return ""
    if trials < SAMPLE:
        few = "are too few to show a success above 99.9 %"
        return f"{failed:.0f} of {trials:.0f} refreshes failed in {span}; they {few}: it takes {SAMPLE}."
    bound = success_at_least(failed, trials)
    counted = f"{failed:.0f} of {trials:.0f} refreshes failed in {span}"
    return f"{counted}: with 95 % confidence {bound:.3%} or more succeed."


def moment(at: float) -> str:
    """Return a time as the page has it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _chart(points: list, most: float) -> dict[str, Any]:
    """Return the line of a chart in its units."""
    begins, ends = points[0][0], points[-1][0]
    span, top = (ends - begins) or 1, most or 1
    line = " ".join(
        f"{WIDTH * (at - begins) / span:.1f},{HEIGHT - (HEIGHT - 10) * value / top:.1f}"
        for at, value in points
    )
    return {"line": line, "width": WIDTH, "height": HEIGHT}


def monitoring_table(view: Mapping[str, Any]) -> list[str]:
    """Return the current values as lines of text, and where they are from."""
    width = max((len(row["name"]) for row in view["rows"]), default=0)
    lines = [
        f"{row['name']:{width}}  {row['shown']:>20}  {row['goal']:14}  {row['source']}".rstrip()
        for row in view["rows"]
    ]
    return [
        *lines,
        view["success"],
        *([f"Remembered sessions alive: {view['survivors']}"] * bool(view["survivors"])),
        *view["notes"],
    ]


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict:
        return {
            "monitoring_view": monitoring_view,
            "monitoring_table": monitoring_table,
            "monitoring_known": monitoring_known,
        }
