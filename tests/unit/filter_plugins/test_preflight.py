"""What a run says when it refuses to begin."""

from __future__ import annotations

import pytest
from preflight import (
    clock_skew,
    first_line,
    folder_and_parents,
    memory_limits_mb,
    problem_list,
    reach_problem,
    rooms,
    rooms_below,
    rooms_taken,
)

SSH = "Task failed: Failed to connect to the host via ssh: "


@pytest.mark.parametrize(
    ("problems", "text"),
    [
        (["One\n thing."], "1 problem was found:\n1. One thing.\nNothing was changed."),
        (["One.", "Two."], "2 problems were found:\n1. One.\n2. Two.\nNothing was changed."),
    ],
)
def test_problems_are_numbered_one_a_line(problems: list[str], text: str):
    assert problem_list(problems) == text


def test_what_was_created_before_is_not_denied():
    text = problem_list(["One."], ["postgres", "edge"])
    assert (
        text.splitlines()[-1]
        == "Nothing was changed but that the host was given what it lacked: postgres, edge."
    )


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({"rc": 0, "stdout": "0\r\n"}, ""),
        ({"rc": 0, "stdout": "1000\n"}, "lets this run in as user number 1000; root is needed"),
        (
            {"unreachable": True, "msg": f"{SSH}@@@\nHOST IDENTIFICATION HAS CHANGED!\nPermission denied"},
            "shows another",
        ),
        ({"unreachable": True, "msg": f"{SSH}Host key verification failed."}, "shows an SSH host key that"),
        (
            {"unreachable": True, "msg": f"{SSH}deploy@h: Permission denied (publickey)."},
            "refuses the SSH login",
        ),
        ({"rc": 1, "msg": "non-zero return code", "stderr": "sudo: unknown user: x"}, "refuses sudo."),
        ({"rc": -1, "msg": "Missing sudo password"}, "refuses sudo."),
        (
            {"unreachable": True, "msg": f"{SSH}ssh: connect to host h port 1: Connection refused"},
            "cannot be reached over SSH: ssh: connect to host h port 1: Connection refused. Check",
        ),
        ({"unreachable": True}, "cannot be reached over SSH: nothing was said. Check"),
    ],
)
def test_it_is_said_why_a_host_is_not_reached(result: dict, sentence: str):
    found = reach_problem(result)
    assert found.startswith(sentence)
    assert bool(found) == bool(sentence)
    assert "\n" not in found


@pytest.mark.parametrize(
    ("text", "line"),
    [("\n  It  broke.\nmore", "It broke."), ("no stop", "no stop."), ("", "nothing was said.")],
)
def test_the_first_line_is_the_end_of_a_sentence(text: str, line: str):
    assert first_line(text) == line


def test_a_folder_comes_before_those_above_it():
    assert folder_and_parents("/srv/app/one") == ["/srv/app/one", "/srv/app", "/srv", "/"]


TITLES = "Avail Mounted on   File"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([TITLES, " 99 /srv     /srv/app", "500 / /", "500 / /var/lib/docker"], ["/srv/app has 99 MB free"]),
        ([TITLES, "100 / /srv", " 9 / /", " 8 /with space /with space"], ["/with space has 8 MB free"]),
        ([TITLES, "  9 / /"], ["/ has 9 MB free"]),
        ([TITLES, "100 / /srv", "100 / /"], []),
        ([], []),
    ],
    ids=["deepest", "last", "same", "enough", "nothing"],
)
def test_only_the_nearest_folder_and_the_engines_count(lines: list[str], found: list[str]):
    assert rooms_below(rooms(lines), 100) == found


def test_needs_and_room_are_summed_by_file_system():
    looked_at = rooms([TITLES, "100 /srv /srv/app", "100 / /var/lib/docker"])
    assert rooms_taken(looked_at, 7) == {"/srv": 7, "/": 7}
    assert rooms_below(looked_at, 100, {"/": 1}) == [
        "/var/lib/docker has 100 MB free, less 1 MB for the release"
    ]
    assert rooms_below(looked_at, 101, {"/": 1}, [1, 1]) == [
        "/var/lib/docker has 100 MB free, 1 MB more once what a run has left is removed, less 1 MB for the release"
    ]
    same = rooms([TITLES, "90 / /srv/app", "90 / /var/lib/docker"])
    assert rooms_below(same, 100, {}, [4, 6]) == []
    assert rooms_below(rooms([TITLES, "90 / /srv/app"]), 100, {}, [4, 6]) == []


@pytest.mark.parametrize(
    ("later", "earlier", "elapsed", "skew"),
    [
        ("100.5", "100", 1, 0),
        ("103", "100", 1, 2),
        ("98", "100", 1, -2),
        ("100", "100", 0, 0),
        ("101", "100", 0.97, 0),
        ("101.2", "100", 1, 0.2),
    ],
)
def test_the_time_between_two_readings_is_no_skew(later: str, earlier: str, elapsed: float, skew: float):
    assert clock_skew(later, earlier, elapsed) == skew


@pytest.mark.parametrize(
    ("memory", "megabytes"),
    [("512m", 512), ("1.5g", 1536), ("1GB", 1024), ("2048k", 2), (1048577, 2), ("1048576b", 1)],
)
def test_limits_are_read_as_docker_reads_them(memory: str | int, megabytes: int):
    assert memory_limits_mb({"api": {"memory": memory}}) == megabytes
    assert memory_limits_mb({"api": {"memory": memory}, "web": {"memory": "128m"}}) == megabytes + 128


def test_a_limit_that_docker_would_not_take_is_named():
    with pytest.raises(ValueError, match="memory 'much' in release_services is none that Docker takes"):
        memory_limits_mb({"api": {"memory": "much"}})
