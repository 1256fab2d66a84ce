"""How refreshes ended since a switch, and when that is too bad to be chance."""

from __future__ import annotations

import pytest
from backend import FAILED, OVER, is_beyond_chance, refreshes_by_outcome, refreshes_since
from monitoring import COUNTED

TEXT = """# TYPE auth_refresh_total counter
auth_refresh_total{outcome="rotated"} 20
auth_refresh_total{outcome="token_invalid"} 3
auth_login_total 7
auth_refused_total{status="403"} 9
"""


def test_refreshes_are_read_by_outcome_and_nothing_else_is():
    assert refreshes_by_outcome(TEXT) == {"rotated": 20, "token_invalid": 3}


@pytest.mark.parametrize("text", ["", "<html>not found</html>", "auth_refresh_total 7\n"])
def test_what_does_not_count_refreshes_says_nothing(text):
    assert refreshes_by_outcome(text) == {}


def test_only_what_was_added_counts_and_sessions_that_were_over_do_not():
    now = {"rotated": 25, "kept": 4, "token_invalid": 4, "failed": 2, "token_expired": 50, "replayed": 1}
    before = {"rotated": 20, "kept": 4, "token_invalid": 3, "token_expired": 10, "replayed": 0}
    assert refreshes_since(now, before) == {
        "failed": 3,
        "all": 9,
        "by_outcome": {"failed": 2, "replayed": 1, "rotated": 5, "token_expired": 40, "token_invalid": 1},
    }


def test_counters_that_began_again_count_as_a_whole():
    assert refreshes_since({"rotated": 3, "failed": 1}, {"rotated": 20, "failed": 0})["all"] == 4


@pytest.mark.parametrize(("now", "before"), [({}, {"rotated": 20}), ({"token_invalid": 9}, {})])
def test_nothing_is_known_of_a_backend_that_did_not_say_then_or_does_not_now(now, before):
    assert refreshes_since(now, before) == {"failed": 0, "all": 0, "by_outcome": {}}


@pytest.mark.parametrize(
    ("failed", "trials", "beyond"),
    [(0, 0, False), (1, 1, False), (1, 10, False), (2, 10, True), (2, 1000, False), (6, 1000, True)],
)
def test_few_failures_are_chance_and_many_are_not(failed, trials, beyond):
    assert is_beyond_chance(failed, trials, 0.001) is beyond


def test_the_alerts_count_the_same():
    bad, everything = COUNTED["refresh"]
    assert set(bad.partition('=~"')[2].rstrip('"}').split("|")) == FAILED
    assert set(everything.partition('!~"')[2].rstrip('"}').split("|")) == OVER
