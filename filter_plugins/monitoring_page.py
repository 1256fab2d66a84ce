"""Filters of the page that playbooks/monitor.yml makes: figures with their charts, and what can be said of how many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

#: Of so many trials without a failure on, a success above 99.9 % is shown with 95 % confidence.
SAMPLE = 2995
CONFIDENCE = 0.95
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


def monitoring_points(
    figures: list[Mapping], answers: list[Mapping], values: Mapping[str, Any]
) -> list[dict[str, list]]:
    """Return the points of each figure: Prometheus' answers to a range, else the database's one value."""
    points = []
    for place, figure in enumerate(figures):
        result = (answers[place].get("json") or {}).get("data", {}).get("result", []) if answers else []
        value = values.get(figure.get("sql", ""))
        own = [[0, value]] if value is not None else []
        points.append({"points": result[0]["values"] if result else own})
    return points


def monitoring_view(
    figures: list[Mapping], answers: list[Mapping], days: list[Mapping], source: str
) -> dict[str, Any]:
    """Return what the page shows: a row and a chart for each figure, and the survival of remembered sessions.

    figures: name, unit and goal of each. answers: for each [time, value] pairs as ``points``. days: see ``survival``.
    """
    rows = [_row(figure, answer["points"]) for figure, answer in zip(figures, answers, strict=True)]
    values = {row["name"]: row["last"] for row in rows}
    failed, trials = (values.get(f"refreshes{part} in three days") for part in (" that failed", ""))
    curve = survival(days)
    return {
        "source": source,
        "rows": rows,
        "success": _success(failed, trials),
        "survival": _chart(curve, 1.0) if days else {},
        "survivors": _survivors(curve, 7),
    }


def _survivors(curve: list[list[float]], days: int) -> str:
    """Say which share is alive after so many days; nothing where no session has come that far.

    The curve has no point of a day without sessions: its share is that of the point before.
    """
    if curve[-1][0] < days:
        return ""
    share = [share for day, share in curve if day <= days][-1]
    return f"{share:.1%} after {days} days"


def _row(figure: Mapping, points: list) -> dict[str, Any]:
    known = [(float(at), float(value)) for at, value in points if str(value) not in ("NaN", "+Inf", "-Inf")]
    last = known[-1][1] if known else None
    most = max((value for _at, value in known), default=0.0)
    return {
        "name": figure["name"],
        "goal": figure.get("goal", ""),
        "last": last,
        "shown": _shown(last, figure.get("unit", "")),
        "most": _shown(most if known else None, figure.get("unit", "")),
        "chart": _chart(known, most) if len(known) > 1 else {},
    }


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "no data"
    return f"{100 * value:.3f} %" if unit == "share" else f"{value:.4g} {unit}".rstrip()


def _success(failed: float | None, trials: float | None) -> str:
    if failed is None or trials is None:
        return "No Prometheus tells how refreshes ended: nothing can be said of their success."
    if trials < SAMPLE:
        return f"{trials:.0f} refreshes in three days are too few to show a success above 99.9 %: it takes {SAMPLE}."
    bound = success_at_least(failed, trials)
    counted = f"{failed:.0f} of {trials:.0f} refreshes failed in three days"
    return f"{counted}: with 95 % confidence {bound:.3%} or more succeed."


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
    """Return the current values as lines of text."""
    width = max((len(row["name"]) for row in view["rows"]), default=0)
    lines = [f"{row['name']:{width}}  {row['shown']:>14}  {row['goal']}".rstrip() for row in view["rows"]]
    return [
        *lines,
        view["success"],
        *([f"Remembered sessions alive: {view['survivors']}"] * bool(view["survivors"])),
    ]


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict:
        return {
            "monitoring_view": monitoring_view,
            "monitoring_table": monitoring_table,
            "monitoring_points": monitoring_points,
        }
