"""The table of what is not ok, and the results together."""

from __future__ import annotations

import pytest
from health_table import health_reasons, health_status, health_table


def check(name: str, status: str, reason: str = "", next_step: str = "") -> dict:
    return {"name": name, "status": status, "reason": reason, "next_step": next_step}


RESULTS = {
    "tokens": {
        "status": "critical",
        "checks": [
            check("schema", "ok"),
            check("purge_lag", "warning", "it is late", "start it"),
            check("clock", "critical", "2 rows are from the future", "set the clock"),
        ],
    },
    "sessions": {"status": "unknown", "checks": [check("memory", "unknown", "nobody knows")]},
}


def test_the_worst_comes_first_with_reason_and_next_step():
    assert health_table(RESULTS).splitlines() == [
        "CRITICAL  tokens.clock",
        "          2 rows are from the future",
        "          Next: set the clock.",
        "WARNING   tokens.purge_lag",
        "          it is late",
        "          Next: start it.",
        "UNKNOWN   sessions.memory",
        "          nobody knows",
        "1 of 4 checks are ok.",
    ]


def test_what_is_ok_is_only_counted():
    assert health_table({"tokens": {"checks": [check("schema", "ok")]}}) == "1 of 1 checks are ok."


def test_long_reasons_are_wrapped():
    table = health_table({"tokens": {"checks": [check("clock", "critical", "word " * 60)]}}, width=40)
    assert max(map(len, table.splitlines())) <= 40


@pytest.mark.parametrize(
    ("results", "status"),
    [(RESULTS, "critical"), ({"sessions": RESULTS["sessions"]}, "unknown"), ({}, "unknown")],
)
def test_the_worst_status(results, status):
    assert health_status(results) == status


def test_reasons_of_one_status():
    assert health_reasons(RESULTS) == ["tokens.clock: 2 rows are from the future"]
    assert health_reasons(RESULTS, "unknown") == ["sessions.memory: nobody knows"]


def test_what_was_so_before_is_left_out():
    assert health_reasons(RESULTS, "critical", RESULTS) == []
    assert health_reasons(RESULTS, "critical", {"sessions": RESULTS["sessions"]}) != []
    better = {"tokens": {"checks": [check("clock", "warning", "1 row")]}}
    assert health_reasons(RESULTS, "critical", better) != []
