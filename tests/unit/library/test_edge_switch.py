"""The switch, against an edge that keeps its maps or does not."""

from __future__ import annotations

import time

import edge_switch
import pytest
from ansible.module_utils.edge_runtime import read_map_file
from edge_admin import CONTAINER_MAPS, LIVE
from manual import results_in_manual, returned

BLUE = {"live": "blue", "blue": "v1"}
GREEN = {"live": "green", "blue": "v1", "green": "v2"}


@pytest.fixture
def switch(run_module, edge):
    """Switch an edge on which v1 is live in blue to v2 in green; returns the result."""
    edge.holds(BLUE)
    edge.servers = {name: ("UP", "L7OK", "172.18.0.5:80") for name in ("api_blue", "web_blue", "api_green")}

    def call(check_mode: bool = False, **options) -> dict:
        asked = {"socket": edge.socket_path, "maps_dir": str(edge.maps_dir), "slot": "green", "release": "v2"}
        return run_module(
            edge_switch,
            asked | {"container_maps_dir": CONTAINER_MAPS, "drain_seconds": 0} | options,
            check_mode,
        )

    return call


def in_file(edge) -> dict[str, str]:
    return read_map_file(str(edge.live_file))


def test_file_and_memory_get_the_new_slot(switch, edge):
    result = switch()
    assert in_file(edge) == edge.memory[LIVE] == GREEN
    assert (result["changed"], result["undrained"]) == (True, 0)
    assert result["diff"] == {"before": "live: blue (v1)\n", "after": "live: green (v2)\n"}
    assert returned(result) == results_in_manual(edge_switch)


def test_file_comes_first_then_the_release_then_the_pointer(switch, edge):
    files = []
    edge.hears = lambda command: None if command.startswith("show") else files.append(in_file(edge))
    switch()
    assert edge.writes == [f"add map {LIVE} green v2", f"set map {LIVE} live green"]
    assert files == [GREEN, GREEN]


def test_first_release_is_switched_to(switch, edge):
    edge.holds({})
    assert switch()["diff"]["before"] == "live: none (no release)\n"
    assert in_file(edge) == edge.memory[LIVE] == {"live": "green", "green": "v2"}


def test_second_switch_changes_nothing(switch, edge):
    edge.holds(GREEN)
    result = switch()
    assert (result["changed"], result["switch_seconds"], edge.writes) == (False, 0.0, [])


@pytest.mark.parametrize("other", [{}, BLUE, GREEN | {"green": "v3"}])
@pytest.mark.parametrize("stale", ["file", "memory"])
def test_switch_that_was_cut_short_is_mended(switch, edge, other, stale):
    edge.holds(other if stale == "file" else GREEN)
    edge.memory[LIVE] = dict(other if stale == "memory" else GREEN)
    assert switch()["changed"] is True
    assert GREEN.items() >= in_file(edge).items() >= {"live": "green", "green": "v2"}.items()
    assert GREEN.items() >= edge.memory[LIVE].items() >= {"live": "green", "green": "v2"}.items()


@pytest.mark.parametrize("verb", ["set map", "add map"])
def test_memory_that_does_not_take_it_is_noticed(switch, edge, verb):
    edge.canned[verb] = "\n"
    result = switch()
    assert result["failed"]
    assert "file and memory disagree after the switch" in result["msg"]


def test_file_that_does_not_take_it_is_noticed(switch, edge, monkeypatch):
    monkeypatch.setattr(edge_switch, "write_map", lambda _path, _entries: None)
    assert "file and memory disagree after the switch" in switch()["msg"]


def test_refused_switch_fails(switch, edge):
    edge.canned["set map"] = "Permission denied\n\n"
    assert switch()["msg"] == f"edge refused `set map {LIVE}`: Permission denied"
    assert edge.memory[LIVE]["live"] == "blue"


@pytest.mark.parametrize(("slot", "busy"), [("green", "blue"), ("blue", "green")])
def test_drain_waits_for_the_slot_that_lost_the_traffic(switch, edge, slot, busy):
    edge.holds({"live": busy})
    edge.servers[f"web_{busy}"] = ("UP", "L7OK", "")
    edge.sessions = {f"api_{slot}": [5], f"web_{busy}": [3, 1, 0]}
    begun = time.monotonic()
    result = switch(slot=slot, drain_seconds=5)
    assert (result["undrained"], edge.sessions[f"web_{busy}"]) == (0, [0])
    assert 0 < result["drain_seconds"] <= time.monotonic() - begun < 4


def test_drain_reports_what_is_left(switch, edge):
    edge.sessions = {"api_blue": [2], "web_blue": [1]}
    result = switch(drain_seconds=0)
    assert (result["changed"], result["undrained"]) == (True, 3)


def test_check_mode_writes_nothing(switch, edge):
    result = switch(check_mode=True)
    assert (result["changed"], result["diff"]["after"]) == (True, "live: green (v2)\n")
    assert (edge.writes, in_file(edge), edge.memory[LIVE]) == ([], BLUE, BLUE)


def test_check_mode_says_when_nothing_would_change(switch, edge):
    edge.holds(GREEN)
    assert switch(check_mode=True)["changed"] is False


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"socket": "/nowhere/admin.sock"}, "edge admin socket /nowhere/admin.sock does not answer"),
        ({"container_maps_dir": "/nowhere"}, "edge has no map /nowhere/live.map"),
    ],
)
def test_edge_that_cannot_be_read_leaves_the_file_alone(switch, edge, options, problem, check_mode):
    assert problem in switch(check_mode, **options)["msg"]
    assert (in_file(edge), edge.memory[LIVE]) == (BLUE, BLUE)


def test_going_back_sets_the_memory_though_the_disk_is_full(switch, edge, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    edge.holds(BLUE)
    monkeypatch.setattr(edge_switch, "write_map", full)
    assert "No space left" in switch(memory_first=True)["msg"]
    assert edge.memory[LIVE]["live"] == "green"


def test_going_forward_leaves_the_memory_when_the_disk_is_full(switch, edge, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    edge.holds(BLUE)
    monkeypatch.setattr(edge_switch, "write_map", full)
    assert "No space left" in switch()["msg"]
    assert edge.memory[LIVE]["live"] == "blue"
