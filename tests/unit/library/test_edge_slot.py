"""The idle slot, opened to one run and closed again."""

from __future__ import annotations

import json

import docker
import edge_slot
import pytest
from ansible.module_utils.edge_runtime import EdgeError, EdgeRuntime, read_map_file
from docker_engine import NETWORK
from edge_admin import CONTAINER_MAPS, LIVE, PROBE
from manual import results_in_manual, returned

KEY = "prove-key-of-tests"
BLUE = {"live": "blue", "blue": "v1"}
UP = {"api_green": ("UP", "L7OK", "172.18.0.7:8000"), "web_green": ("UP", "L7OK", "172.18.0.8:8080")}


@pytest.fixture
def options(edge, engine):
    """Options that open green to v2, on an edge on which v1 is live in blue."""
    edge.holds(BLUE)
    edge.servers = dict(UP)
    engine.run_both("v1", "blue", "172.18.0.5", "172.18.0.6")
    engine.run_both("v2", "green", "172.18.0.7", "172.18.0.8")
    return {
        "socket": edge.socket_path,
        "maps_dir": str(edge.maps_dir),
        "container_maps_dir": CONTAINER_MAPS,
        "slot": "green",
        "release": "v2",
        "slot_network": NETWORK,
        "prove_key": KEY,
        "timeout_seconds": 0,
    }


@pytest.fixture
def slot(run_module, options):
    """Call the module; returns the result."""
    return lambda check_mode=False, **changes: run_module(edge_slot, options | changes, check_mode)


def assert_closed(edge) -> None:
    assert (edge.writes, read_map_file(str(edge.live_file)), edge.memory) == (
        [],
        BLUE,
        {LIVE: BLUE, PROBE: {}},
    )


def test_slot_is_named_and_opened_to_the_key(slot, edge):
    result = slot()
    assert result["changed"] is True
    assert result["addresses"] == {"api": "172.18.0.7", "web": "172.18.0.8"}
    assert edge.memory == {LIVE: BLUE | {"green": "v2"}, PROBE: {KEY: "green"}}
    assert read_map_file(str(edge.live_file)) == BLUE | {"green": "v2"}
    assert returned(result) == results_in_manual(edge_slot)


def test_slot_has_its_name_before_anybody_reaches_it(slot, edge):
    files = []
    edge.hears = lambda command: (
        None if command.startswith("show") else files.append(edge.live_file.read_text())
    )
    slot()
    assert [command.split()[:3] for command in edge.writes] == [
        ["add", "map", LIVE],
        ["clear", "map", PROBE],
        ["add", "map", PROBE],
    ]
    assert set(files) == {"blue v1\ngreen v2\nlive blue\n"}


def test_slot_is_given_to_the_next_release(slot, edge):
    edge.holds(BLUE | {"green": "v0"})
    slot()
    assert edge.memory[LIVE] == read_map_file(str(edge.live_file)) == BLUE | {"green": "v2"}


def test_key_that_a_killed_run_left_behind_is_forgotten(slot, edge):
    edge.memory[PROBE] = {"old-key": "green"}
    slot()
    assert edge.memory[PROBE] == {KEY: "green"}


def test_closing_forgets_the_key_and_nothing_else(slot, edge):
    slot()
    result = slot(state="closed")
    assert result["changed"] is True
    assert edge.memory == {LIVE: BLUE | {"green": "v2"}, PROBE: {}}
    assert "failed" not in slot(state="closed")


def test_slot_that_comes_up_is_waited_for(slot, edge):
    asked = []

    def come_up(command: str) -> None:
        asked.append(command)
        status = ("UP 1/6", "INI") if len(asked) < 3 else ("UP", "L7OK")
        edge.servers["api_green"] = (*status, "172.18.0.7:8000")

    edge.hears = come_up
    result = slot(timeout_seconds=5)
    assert asked[:4] == ["show stat"] * 3 + [f"show map {LIVE}"]
    assert 0.1 < result["waited_seconds"] < 4


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        (("UP", "", "172.18.0.7:8000"), "api_green is UP (check not run)"),
        (("UP 1/6", "INI", "172.18.0.7:8000"), "api_green is UP 1/6 (check INI)"),
        (("DOWN", "L7STS", "172.18.0.7:8000"), "api_green is DOWN (check L7STS)"),
        (("UP", "L7OK", "172.18.0.5:8000"), "api_green points to 172.18.0.5:8000, 172.18.0.7 is needed"),
        (("MAINT (resolution)", "", ""), "api_green points to no address, 172.18.0.7 is needed"),
    ],
)
def test_slot_that_is_not_up_stays_closed(slot, edge, server, problem):
    edge.servers["api_green"] = server
    assert slot()["msg"] == f"edge did not get slot green up in 0 s: {problem}."
    assert_closed(edge)


def test_edge_without_the_slot_is_told(slot, edge):
    edge.servers = {}
    assert "edge has no backend api_green; edge has no backend web_green" in slot()["msg"]
    assert_closed(edge)


def test_slot_of_two_releases_stays_closed(slot, edge, engine):
    engine.run("v0", "api", "green", "172.18.0.9")
    assert slot()["msg"] == "slot green is taken by v0 as well; one release at a time may hold it."
    assert_closed(edge)


@pytest.mark.parametrize("changes", [{"running": False}, {"oneoff": True}])
def test_containers_that_do_not_serve_do_not_take_a_slot(slot, engine, changes):
    engine.run("v0", "api", "green", "172.18.0.9", **changes)
    assert "failed" not in slot()


@pytest.mark.parametrize(
    ("gone", "missing"),
    [({"id2"}, "api"), ({"id3"}, "web"), ({"id2", "id3"}, "api and no web")],
)
def test_release_that_is_not_whole_stays_closed(slot, edge, engine, gone, missing):
    for name in gone:
        engine.known[name]["State"]["Running"] = False
    assert slot()["msg"] == f"release v2 has no running {missing} container in slot green."
    assert_closed(edge)


def test_release_in_the_other_slot_is_not_opened(slot, edge, engine):
    assert slot(release="v1", slot="green")["msg"].startswith("slot green is taken by v2")
    assert_closed(edge)


@pytest.mark.parametrize("state", ["proving", "closed"])
def test_check_mode_touches_nothing(slot, edge, state):
    edge.memory[PROBE] = {KEY: "green"}
    assert slot(check_mode=True, state=state)["changed"] is True
    assert (edge.commands, edge.memory[PROBE]) == ([], {KEY: "green"})
    assert read_map_file(str(edge.live_file)) == BLUE


def test_slot_is_closed_to_the_key_of_a_run_that_died_as_well(slot, edge):
    edge.memory[PROBE] = {"key-of-a-run-that-died": "green", KEY: "green"}
    assert slot(state="closed")["changed"] is True
    assert edge.memory == {LIVE: BLUE, PROBE: {}}


@pytest.mark.parametrize("state", ["proving", "closed"])
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"socket": "/nowhere/admin.sock"}, "edge admin socket /nowhere/admin.sock does not answer"),
        ({"container_maps_dir": "/nowhere"}, "edge has no map /nowhere/"),
    ],
)
def test_edge_that_cannot_be_read_fails(slot, edge, changes, problem, state):
    result = slot(state=state, **changes)
    assert result["failed"]
    assert problem in result["msg"]
    assert edge.memory == {LIVE: BLUE, PROBE: {}}


def test_engine_that_is_down_fails(slot, edge, monkeypatch):
    def down() -> None:
        raise docker.errors.DockerException("connection refused")

    monkeypatch.setattr(docker, "from_env", down)
    assert slot()["msg"] == "connection refused"
    assert_closed(edge)


def test_key_is_in_no_result(slot):
    results = [slot(), slot(state="closed"), slot(check_mode=True), slot(slot="blue")]
    assert KEY not in json.dumps(results)


@pytest.mark.parametrize("verb", ["add map", "clear map", "show stat"])
def test_key_is_in_no_error(options, edge, verb):
    edge.canned[verb] = "Permission denied\n\n"
    with pytest.raises(EdgeError) as caught:
        edge_slot.prove(EdgeRuntime(edge.socket_path), options)
    assert KEY not in f"{caught.value!r} {caught.value}"
