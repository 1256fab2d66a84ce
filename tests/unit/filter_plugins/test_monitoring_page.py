"""What the page of playbooks/monitor.yml says, and of how many."""

from __future__ import annotations

import pytest
from monitoring import monitoring_burns, monitoring_identifier, monitoring_windows
from monitoring_page import monitoring_table, monitoring_view, success_at_least, survival
from report import html_page

FIGURES = [
    {"name": "refreshes in three days"},
    {"name": "refreshes that failed in three days", "goal": "0.1 % at most"},
    {"name": "answers of 5xx", "unit": "share"},
]


def view(trials: float, failed: float, days: list | None = None) -> dict:
    answers = [{"points": [[0, "0"], [60, str(value)]]} for value in (trials, failed, 0.25)]
    return monitoring_view(FIGURES, answers, days or [], "Prometheus")


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
    empty = monitoring_view(FIGURES, [{"points": []}] * 3, [], "the database")
    assert [row["shown"] for row in empty["rows"]] == ["no data"] * 3
    assert (
        empty["success"] == "No Prometheus tells how refreshes ended: nothing can be said of their success."
    )


def test_the_page_shows_figures_and_charts_and_takes_nothing_for_markup():
    shown = view(5000, 2, [{"day": day, "ended_then": 1, "alive_then": 3} for day in range(9)])
    shown["rows"][0]["name"] = "<script>"
    page = html_page(shown, "monitor.html.j2")
    assert "25.000 %" in page and page.count("<polyline") == 4 and "<script>" not in page
    assert monitoring_table(shown)[2].split() == ["answers", "of", "5xx", "25.000", "%"]


def test_windows_shrink_to_some_scrapes_and_no_further():
    assert monitoring_windows(1)["6h"] == 21600
    windows = {"5m": 5, "30m": 5, "1h": 5, "2h": 5, "6h": 15, "1d": 60, "3d": 180, "7d": 420}
    assert monitoring_windows(1440, 5) == windows


def test_names_are_quoted():
    assert monitoring_identifier('app.a"b') == '"app"."a""b"'


def test_a_budget_is_burnt_in_both_windows_and_beyond_chance():
    assert monitoring_burns("refresh", "1h", "5m", 14.4) == (
        "refresh:bad_ratio_1h > 0.0144 and refresh:bad_ratio_5m > 0.0144"
        " and refresh:bad_1h > 1 + 0.001 * refresh:all_1h + 3 * sqrt(0.001 * refresh:all_1h)"
    )
