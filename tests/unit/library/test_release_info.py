"""What a host runs, read from records, edge and engine."""

from __future__ import annotations

import json

import docker
import pytest
import release_info
from docker_engine import NETWORK
from edge_admin import CONTAINER_MAPS, LIVE
from manual import results_in_manual, returned

GREEN = {"live": "green", "blue": "v1", "green": "v2"}


@pytest.fixture
def info(run_module, edge, engine, tmp_path):
    """Read the host; returns the result."""

    def call(check_mode: bool = False, **options) -> dict:
        asked = {"root": str(tmp_path), "edge_socket": edge.socket_path, "edge_maps_dir": str(edge.maps_dir)}
        asked |= {"edge_container_maps_dir": CONTAINER_MAPS, "slot_network": NETWORK}
        return run_module(release_info, asked | options, check_mode)

    return call


@pytest.fixture
def deployed(edge, engine, tmp_path):
    """A host on which v0, v1 and v2 were deployed: v2 is live in green, v1 still runs in blue."""
    edge.holds(GREEN)
    engine.run_both("v1", "blue", "172.18.0.5", "172.18.0.6")
    engine.run_both("v2", "green", "172.18.0.7", "172.18.0.8")
    engine.images = {"sha256:0", "sha256:1", "sha256:2"}
    for number, state in enumerate(["good", "good", "live"]):
        journal = [{"at": f"{number}", "run": f"{number}", "phase": "record", "event": "ended"}]
        record = {
            "state": state,
            "predecessor": f"v{number - 1}",
            "updated_at": f"{number}",
            "journal": journal,
        }
        record["images"] = {"app_api": f"sha256:{number}"}
        (tmp_path / f"releases/v{number}").mkdir(parents=True)
        (tmp_path / f"releases/v{number}/record.json").write_text(json.dumps(record))


def test_bare_host(info, edge):
    result = info()
    assert (result["live"], result["live_slot"], result["idle_slot"]) == ("", "", "blue")
    assert (result["live_serving"], result["releases"], result["prunable"]) == (False, {}, [])
    assert (result["rollback_target"], result["problems"]) == ("", [])
    assert result["rollback_problem"].startswith("no live release is recorded")
    assert returned(result) == results_in_manual(release_info)


@pytest.mark.parametrize("check_mode", [False, True])
def test_host_with_releases(info, deployed, edge, check_mode):
    result = info(check_mode)
    assert (result["live"], result["live_slot"], result["idle_slot"]) == ("v2", "green", "blue")
    assert (result["live_serving"], result["problems"], result["changed"]) == (True, [], False)
    assert (result["rollback_target"], result["rollback_problem"]) == ("v1", "")
    assert {name: r["serving"] for name, r in result["releases"].items()} == {
        "v0": False,
        "v1": True,
        "v2": True,
    }
    assert edge.writes == []


def test_release_is_described_without_its_journal(info, deployed):
    found = info()["releases"]["v1"]
    assert (found["record"]["state"], "journal" in found["record"]) == ("good", False)
    assert [(c["part"], c["slot"], c["address"]) for c in found["containers"]] == [
        ("api", "blue", "172.18.0.5"),
        ("web", "blue", "172.18.0.6"),
    ]


def test_live_release_with_a_sick_container_does_not_serve(info, deployed, engine):
    engine.known["id2"]["State"]["Health"]["Status"] = "unhealthy"
    assert info()["live_serving"] is False


def test_containers_without_a_record_are_shown(info, engine):
    engine.run("v9", "api", "blue", "172.18.0.9")
    assert info()["releases"]["v9"]["record"] == {}


@pytest.mark.parametrize(
    ("memory", "live"),
    [({"live": "blue", "blue": "v1"}, "v1"), ({}, "")],
)
def test_live_release_is_the_one_in_the_memory_of_the_edge(info, deployed, edge, memory, live):
    edge.memory[LIVE] = memory
    result = info()
    assert result["live"] == live
    assert result["problems"] == [
        f"edge has {memory.get('live', 'nothing')} in memory and green in its file as the live slot; "
        "a switch was cut short. The next deploy or rollback mends it."
    ]


def test_live_release_behind_the_page_of_the_edge_is_the_one_in_its_file(info, deployed, edge):
    del edge.memory[LIVE]["live"]
    result = info()
    assert (result["live"], result["live_slot"]) == ("v2", "green")
    assert result["problems"] == [
        "edge answers everybody with its page, although green is the live slot in its file. Any deploy, rollback or "
        "restore takes it away."
    ]


def test_dead_edge_leaves_its_file(info, deployed, tmp_path):
    result = info(edge_socket=str(tmp_path / "none.sock"))
    assert (result["live"], len(result["problems"])) == ("v2", 1)
    assert "none.sock does not answer" in result["problems"][0]


def test_live_release_without_a_record_is_a_problem(info, edge, tmp_path):
    edge.holds(GREEN)
    result = info()
    assert result["problems"] == [f"live release v2 has no record in {tmp_path}/releases."]
    assert result["rollback_target"] == ""


def test_rollback_goes_where_it_was_asked_to(info, deployed):
    assert info(rollback_to="v0")["rollback_target"] == "v0"
    assert info(rollback_to="")["rollback_target"] == "v1"
    result = info(rollback_to="v9")
    assert (result["rollback_target"], "v9 has no record" in result["rollback_problem"]) == ("", True)


def test_release_whose_image_is_gone_is_no_target(info, deployed, engine):
    engine.images.remove("sha256:1")
    result = info()
    assert result["rollback_target"] == ""
    assert result["rollback_problem"] == (
        "release v1 cannot be started: the image of app_api is not on this host any more."
    )


@pytest.mark.parametrize(("keep", "gone"), [(3, []), (2, ["v0"]), (0, ["v0"])])
def test_releases_beyond_those_kept_are_prunable(info, deployed, keep, gone):
    assert info(keep=keep)["prunable"] == gone


def test_damaged_record_fails(info, deployed, tmp_path):
    (tmp_path / "releases/v1/record.json").write_text("{")
    result = info()
    assert result["failed"]
    assert "releases cannot be read: record" in result["msg"]


def test_engine_that_is_down_fails(info, monkeypatch):
    def down() -> None:
        raise docker.errors.DockerException("connection refused")

    monkeypatch.setattr(docker, "from_env", down)
    assert info()["msg"] == "releases cannot be read: connection refused"


def test_strays_beside_the_releases_are_left_out(info, deployed, tmp_path):
    (tmp_path / "releases/note").write_text("not a release")
    (tmp_path / "releases/v1..old").mkdir()
    assert set(info()["releases"]) == {"v0", "v1", "v2"}
