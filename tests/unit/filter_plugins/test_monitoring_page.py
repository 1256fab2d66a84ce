"""What the page of playbooks/monitor.yml says, and of how many."""

from __future__ import annotations

import pytest
from monitoring import monitoring_burns, monitoring_identifier, monitoring_windows
from monitoring_kept import monitoring_rows
from monitoring_page import monitoring_known, monitoring_table, monitoring_view, success_at_least, survival
from report import html_page

FIGURES = [
    {"name": "refreshes in three days"},
    {"name": "refreshes that failed in three days", "goal": "0.1 % at most"},
    {"name": "answers of 5xx", "unit": "share"},
]

NOT_ASKED = {"points": {}, "problem": "It does not answer."}
KEPT = [
    {"at": 0, "name": "tokens issued", "count": 2, "step": 3600},
    {"at": 7200, "name": "tokens issued", "count": 7, "step": 3600},
    {"at": 7300, "name": "alive", "count": 9, "step": 3600},
]


def view(trials: float, failed: float, days: list | None = None) -> dict:
    values = zip(FIGURES, (trials, failed, 0.25), strict=True)
    points = {figure["name"]: [[0, "0"], [60, str(value)]] for figure, value in values}
    return monitoring_view(FIGURES, {"points": points, "problem": ""}, "Prometheus", days or [])


@pytest.mark.parametrize(
    ("failed", "trials", "bound"),
    [(0, 2995, 0.999), (1, 2995, 0.99842), (0, 0, 0.0), (3, 3, 0.0), (5, 100, 0.89775)],
)
def test_the_bound_is_that_of_clopper_and_pearson(failed: int, trials: int, bound: float):
    assert success_at_least(failed, trials) == pytest.approx(bound, abs=2e-5)


def test_no_failure_shows_the_goal_from_2995_on():
    assert success_at_least(0, 2995) >= 0.999 > success_at_least(0, 2994)


def test_few_refreshes_show_nothing():
    assert "too few" in view(2994, 0)["success"]
    assert "99.900% or more" in view(2995, 0)["success"]


def test_survival_takes_those_who_live_out_of_what_is_at_risk():
    days = [{"day": 0, "ended_then": 1, "alive_then": 5}, {"day": 1, "ended_then": 2, "alive_then": 2}]
    assert survival(days) == [[0, 1.0], [1, pytest.approx(0.9)], [2, pytest.approx(0.9 * 0.5)]]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (range(9), "40.0% after 7 days"),
        ([0, 1, 8], "60.0% after 7 days"),
        ([0, 6], "60.0% after 7 days"),
        ([0, 20], "80.0% after 7 days"),
        ([8], "100.0% after 7 days"),
        ([*range(6)], ""),
        ([], ""),
    ],
)
def test_what_is_alive_after_seven_days_is_said_where_that_is_known(days: list[int], said: str):
    """Days on which no session ended, and on which none of those that live began, are not among the rows."""
    rows = [{"day": day, "ended_then": 2 if day in (0, 1, 6) else 0, "alive_then": 0} for day in days]
    rows = rows and [*rows[:-1], {**rows[-1], "alive_then": 10 - sum(row["ended_then"] for row in rows)}]
    assert view(0, 0, rows)["survivors"] == said


def test_nothing_known_is_said():
    empty = monitoring_view(
        FIGURES, NOT_ASKED, "Prometheus", [], [{"series": [], "notes": ["Nothing is known."]}]
    )
    assert [(row["shown"], row["source"], row["chart"]) for row in empty["rows"]] == [("no data", "", {})] * 3
    assert empty["notes"] == ["It does not answer. The database and the logs are used.", "Nothing is known."]
    assert empty["source"] == "the database and the logs"
    assert html_page(empty, "monitor.html.j2").count("not known") == 3
    assert empty["success"] == "Nothing tells how refreshes ended: nothing can be said of their success."


def test_without_a_prometheus_the_logs_tell_how_refreshes_ended():
    counts = {"rotated": 2900, "replayed": 95, "failed": 1, "token_invalid": 2, "session_revoked": 50}
    kept = [
        {"name": f"refresh: {outcome}", "points": [[0, count], [60, 0]], "source": "the backends' logs"}
        | {"span": "4 hours", "step": "a minute"}
        for outcome, count in counts.items()
    ]
    known = monitoring_view(FIGURES, NOT_ASKED, "Prometheus", [], [{"series": kept, "notes": []}])
    assert known["success"].startswith("3 of 2998 refreshes failed in 4 hours: with 95 % confidence 99.7")
    few = monitoring_view(FIGURES, NOT_ASKED, "Prometheus", [], [{"series": kept[2:4], "notes": []}])
    assert few["success"].startswith("3 of 3 refreshes failed in 4 hours; they are too few to show")


def test_the_page_shows_figures_and_charts_and_takes_nothing_for_markup():
    shown = view(5000, 2, [{"day": day, "ended_then": 1, "alive_then": 3} for day in range(9)])
    shown["rows"][0]["name"] = "<script>"
    page = html_page(shown, "monitor.html.j2")
    assert "25.000 %" in page and page.count("<polyline") == 4 and "<script>" not in page
    assert monitoring_table(shown)[2].split() == ["answers", "of", "5xx", "25.000", "%", "Prometheus"]
    assert "From Prometheus. At most 25.000 %. From 1970-01-01 00:00 UTC until now." in page


def test_what_was_counted_is_shown_with_its_source_and_has_a_chart_where_there_was_any():
    figures = [
        {"name": "tokens", "query": "tokens", "sql": "active"},
        {"name": "mean", "query": "mean", "sql": "mean"},
    ]
    now = {"day": None, "active": 9, "mean": 1.5}
    shown = monitoring_view(
        figures, NOT_ASKED, "Prometheus", [now], [monitoring_rows({"query_result": KEPT}, 86400)]
    )
    rows = {row["name"]: row for row in shown["rows"]}
    assert (rows["tokens"]["shown"], rows["mean"]["shown"]) == ("9", "1.5")
    assert (rows["tokens issued"]["shown"], rows["tokens issued"]["most"]) == ("9 in 3 hours", "7 in an hour")
    assert {row["source"] for row in shown["rows"]} == {"the database"}
    assert {name for name, row in rows.items() if row["chart"]} == {"tokens", "tokens issued"}
    assert html_page(shown, "monitor.html.j2").count("<polyline") == 2


def test_a_prometheus_that_has_none_of_the_figures_is_of_no_use():
    asked = {"points": {"a": [], "alerts": []}, "problem": ""}
    assert (
        "Prometheus answers, and has none of the figures" in monitoring_known(asked, "Prometheus")["problem"]
    )
    one = asked | {"points": {"a": [[0, "1"]], "alerts": []}}
    assert monitoring_known(one, "Prometheus")["problem"] == ""
    assert monitoring_known(NOT_ASKED, "Prometheus") == NOT_ASKED


def test_windows_shrink_to_some_scrapes_and_no_further():
    assert monitoring_windows(1)["6h"] == 21600
    windows = {"5m": 5, "30m": 5, "1h": 5, "2h": 5, "6h": 15, "1d": 60, "3d": 180, "7d": 420}
    assert monitoring_windows(1440, 5) == windows


def test_names_are_quoted():
    assert monitoring_identifier('app.a"b') == '"app"."a""b"'


def test_a_budget_is_burnt_in_both_windows_beyond_chance_and_by_some_failures():
    assert monitoring_burns("refresh", "1h", "5m", 14.4, 5) == (
        "refresh:bad_ratio_1h > 0.0144 and refresh:bad_ratio_5m > 0.0144"
        " and refresh:bad_1h > 4.5"
        " and refresh:bad_1h > 1 + 0.001 * refresh:all_1h + 3 * sqrt(0.001 * refresh:all_1h)"
    )
