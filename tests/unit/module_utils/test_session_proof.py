"""What became of the members of a snapshot: live, explained or lost."""

from __future__ import annotations

import itertools

import pytest
from ansible.module_utils.health_checks import Limits
from ansible.module_utils.session_proof import judge_kind, sort_fates
from ansible.module_utils.session_snapshot import Lines

REASONS = ["logout", "password"]


@pytest.mark.parametrize(
    ("fates", "logouts", "explained", "lost_by"),
    [
        ({"live": 5}, 0, {}, {}),
        ({"live": 4, "expired": 1}, 0, {"expired": 1}, {}),
        ({"live": 3, "logout": 1, "password": 1}, 0, {"logout": 1, "password": 1}, {}),
        ({"live": 4, "reuse_detected": 1}, 9, {}, {"reuse_detected": 1}),
        ({"live": 4, "missing": 1}, 0, {}, {"missing": 1}),
        ({"live": 4, "missing": 1}, 1, {"logged_out": 1}, {}),
        ({"live": 2, "missing": 3}, 2, {"logged_out": 2}, {"missing": 1}),
        ({"missing": 5}, 9, {"logged_out": 5}, {}),
        ({}, 9, {}, {}),
    ],
)
def test_sort_fates(fates, logouts, explained, lost_by):
    outcome = sort_fates(5, fates, REASONS, logouts)
    assert (outcome["explained"], outcome["lost_by"]) == (explained, lost_by)
    assert (outcome["live"], outcome["lost"]) == (fates.get("live", 0), sum(lost_by.values()))


@pytest.mark.parametrize(
    ("lost", "allowed", "status"), [(0, 0, "ok"), (1, 0, "critical"), (2, 2, "ok"), (3, 2, "critical")]
)
def test_more_than_is_allowed_is_critical(lost, allowed, status):
    outcome = sort_fates(5, {"live": 5 - lost, "missing": lost}, REASONS)
    check = judge_kind("sessions", outcome, "", Limits(None, allowed))
    assert (check.name, check.status, check.value, check.sample) == ("sessions_kept", status, lost, 5)


def test_without_an_outcome_nothing_is_known():
    check = judge_kind("families", None, "there is no table", Limits(None, 0))
    assert (check.status, check.reason) == ("unknown", "there is no table")


def test_lines_are_read_in_parts_to_their_end():
    lines = Lines(f"{number}\n" for number in range(2500))
    parts = list(itertools.takewhile(bool, iter(lines.read, None)))
    assert [part.count("\n") for part in parts] == [1000, 1000, 500]
