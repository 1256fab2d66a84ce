"""What is counted of the lines of the edge's and of a backend's log."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.log_counts import (
    LogCounts,
    backend_event,
    edge_event,
    logs_command,
    logs_problem,
    names_of_edge,
)

PATH = "/token/refresh"
NOW = 1_800_000_000 - 1_800_000_000 % 3600


def edge_line(at: float, status: int, path: str = "/", method: str = "GET") -> str:
    return json.dumps({"at": at, "release": "v1", "method": method, "path": path, "status": status, "ms": 3})


def counted(*lines: str, kind=edge_event, since: float = NOW - 86400 * 30) -> LogCounts:
    counts = LogCounts(kind, since, NOW, PATH)
    counts.add(lines)
    return counts


def totals(counts: LogCounts) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in counts.counts():
        found[row["name"]] = found.get(row["name"], 0) + row["count"]
    return found


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (200, {"answers"}),
        (401, {"answers", "answers of 401"}),
        (402, {"answers", "answers of 402"}),
        (403, {"answers", "answers of 403"}),
        (404, {"answers"}),
        (429, {"answers", "answers of 429"}),
        (500, {"answers", "answers of 5xx"}),
        (504, {"answers", "answers of 5xx"}),
        (-1, {"requests without an answer"}),
    ],
)
def test_an_answer_counts_by_its_status(status: int, names: set[str]):
    assert set(totals(counted(edge_line(NOW - 60, status)))) == names


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "2xx"), (401, "401"), (429, "429"), (503, "5xx"), (403, "other"), (-1, "other")],
)
def test_a_refresh_counts_by_what_it_was_answered(status: int, outcome: str):
    found = totals(counted(edge_line(NOW - 60, status, PATH, "POST")))
    assert {name for name in found if "refreshes" in name} == {f"refreshes answered {outcome}"}


def test_what_is_no_refresh_is_none():
    lines = [edge_line(NOW, 200, PATH, "OPTIONS"), edge_line(NOW, 200, PATH + "/x", "POST")]
    assert totals(counted(*lines)) == {"answers": 2}
    assert edge_event(json.loads(edge_line(NOW, 200, "", "POST")), "") == (NOW, ["answers"])


def test_an_edges_log_tells_of_refreshes_where_their_path_is_known():
    assert [name for name in names_of_edge("") if "refresh" in name] == []
    assert "refreshes answered 5xx" in names_of_edge(PATH)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"event": "refresh", "outcome": "rotated"}, "refresh: rotated"),
        ({"event": "logout", "reason": "logout_all"}, "logout: logout_all"),
        ({"event": "login", "user_id": 7}, "login"),
        ({"event": "refresh", "outcome": "a token, eyJh.eyJh"}, "refresh"),
    ],
)
def test_an_event_counts_by_its_outcome(line: dict, name: str):
    text = json.dumps(line | {"time": "2027-01-15T07:59:00.123+00:00"})
    assert list(totals(counted(text, kind=backend_event))) == [name]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET / 200",
        "{",
        "[1]",
        '{"at": "now", "status": 200}',
        '{"at": true, "status": 200}',
        '{"at": 1, "status": "200"}',
        '{"time": "2027-01-15T07:59:00Z"}',
        '{"time": "soon", "event": "refresh"}',
        '{"time": "2027-01-15T07:59:00Z", "event": "<b>"}',
    ],
)
def test_a_line_of_another_kind_is_passed_over(line: str):
    for kind in (edge_event, backend_event):
        counts = counted(line, kind=kind)
        assert (counts.lines, counts.understood, counts.first, counts.counts()) == (1, 0, None, [])


def test_what_was_before_and_what_a_wrong_clock_says_is_left_out():
    counts = counted(
        edge_line(NOW - 7200, 200), edge_line(NOW + 60, 200), edge_line(NOW - 5, 200), since=NOW - 3600
    )
    assert (counts.lines, counts.understood, counts.first) == (3, 1, NOW - 5)


@pytest.mark.parametrize(("age", "step"), [(60, 60), (3 * 3600, 600), (86399, 600), (86400, 3600)])
def test_the_longer_ago_the_first_line_is_the_more_is_counted_together(age: int, step: int):
    counts = counted(edge_line(NOW - age, 200), edge_line(NOW - 1, 403))
    assert counts.step == step
    assert {row["at"] % step for row in counts.counts()} == {0}
    assert totals(counts) == {"answers": 2, "answers of 403": 1}


def test_logs_of_several_containers_are_one():
    counts, older = counted(edge_line(NOW - 5, 200)), counted(edge_line(NOW - 9, 200), "x")
    counts.take(older)
    assert (counts.first, counts.lines, counts.understood) == (NOW - 9, 3, 2)
    assert totals(counts) == {"answers": 2}
    empty = counted()
    empty.take(counted())
    assert empty.first is None


def test_names_are_few_however_many_there_are():
    time = "2027-01-15T07:59:00Z"
    lines = [json.dumps({"time": time, "event": f"e{number % 40}"}) for number in range(100)]
    found = totals(counted(*lines, kind=backend_event))
    assert len(found) == 13 and sum(found.values()) == 100


def test_a_log_is_asked_for_within_bounds():
    command = logs_command("edge-1", NOW + 0.5, 500, 30)
    assert command == ["timeout", "30", "docker", "logs", "--since", str(NOW), "--tail", "500", "edge-1"]


def test_a_log_that_was_not_read_is_a_sentence():
    assert logs_problem("a", 0, 30) == ""
    assert "took longer than 30 s" in logs_problem("a", 124, 30)
    assert "cannot be read (docker logs ends with 1), so nothing of it is known" in logs_problem("a", 1, 30)
