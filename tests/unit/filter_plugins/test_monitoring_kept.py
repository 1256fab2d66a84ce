"""What is known without a Prometheus, and that what is not known is said and is no zero."""

from __future__ import annotations

from typing import Any

import pytest
from monitoring_kept import monitoring_log, monitoring_rows, span

BEGAN = 1_799_996_400
DAY = 8 * 86400


def row(at: int, name: str, count: int) -> dict[str, Any]:
    return {"at": BEGAN + at, "name": name, "count": count, "step": 60}


ROWS = [
    row(0, "tokens issued", 5),
    row(0, "logins", 5),
    row(120, "tokens issued", 3),
    row(120, "rotations", 3),
    row(120, "over", 4),
    row(120, "sessions ended: logout", 1),
    row(180, "over", 1),
    row(180, "sessions ended: reuse_detected", 2),
    row(190, "alive", 3),
]
LOG = {
    "names": ["answers", "answers of 401"],
    "counts": [{"at": BEGAN, "name": "answers", "count": 9}],
    "step": 60,
    "first": BEGAN + 0.5,
    "until": BEGAN + 125.0,
    "lines": 10,
    "understood": 9,
    "problems": [],
}


def series(kept: dict, name: str) -> dict:
    [found] = [one for one in kept["series"] if one["name"] == name]
    return found


def counts(kept: dict, name: str) -> list[int]:
    return [count for _at, count in series(kept, name)["points"]]


def test_a_step_without_rows_has_none():
    kept = monitoring_rows({"query_result": ROWS}, DAY)
    assert counts(kept, "tokens issued") == [5, 0, 3, 0]
    assert counts(kept, "sessions ended") == [0, 0, 1, 2]
    assert counts(kept, "sessions ended: logout") == [0, 0, 1, 0]
    assert [one["name"] for one in kept["series"]][:4] == [
        "tokens issued",
        "logins",
        "rotations",
        "sessions ended",
    ]
    assert {one["source"] for one in kept["series"]} == {"the database"}
    assert "tell of the last 3 minutes; rotated ones are kept for 8 days" in kept["notes"][0]


def test_how_many_were_alive_is_reckoned_back_from_now():
    kept = monitoring_rows({"query_result": ROWS}, DAY)
    assert [count for _at, count in kept["alive"]] == [5, 5, 4, 3]


@pytest.mark.parametrize(
    ("answer", "stored", "said"),
    [
        ({"skipped": True}, False, "The live release stores no tokens"),
        ({"query_result": []}, True, "has no token of the last 8 days"),
        (
            {"failed": False, "msg": "x: canceling statement due to statement timeout\n"},
            True,
            "longer than 10 s",
        ),
        ({"failed": False, "msg": 'a\nrelation "t" does not exist'}, True, 'relation "t" does not exist'),
        ({"failed": False}, True, "no answer"),
    ],
)
def test_what_the_database_does_not_tell_is_said(answer: dict, stored: bool, said: str):
    kept = monitoring_rows(answer, DAY, stored)
    assert kept["series"] == []
    assert said in kept["notes"][0]


def test_a_log_that_tells_of_the_time_tells_what_did_not_happen():
    kept = monitoring_log(LOG, "edge", "edge-1")
    assert counts(kept, "answers") == [9, 0, 0]
    assert counts(kept, "answers of 401") == [0, 0, 0]
    assert series(kept, "answers")["source"] == "the edge's log"
    assert kept["notes"] == ["The log of edge-1: 9 of 10 lines tell of the last 2 minutes."]


@pytest.mark.parametrize("kind", ["edge", "backend"])
def test_a_log_without_such_lines_tells_nothing(kind: str):
    silent = LOG | {"first": None, "counts": [], "understood": 0}
    kept = monitoring_log(silent, kind, "a-1")
    assert (kept["series"], "nothing is known of them" in kept["notes"][0]) == ([], True)
    unread = monitoring_log(silent | {"problems": ["It cannot be read."]}, kind, "a-1")
    assert unread["notes"] == ["It cannot be read."]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7300, "2 hours"), (DAY, "8 days")],
)
def test_how_long_a_time_is(seconds: int, text: str):
    assert span(seconds) == text
