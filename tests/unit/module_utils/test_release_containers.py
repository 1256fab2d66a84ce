"""What is read of containers and images, and what follows from it."""

from __future__ import annotations

import pytest
from ansible.module_utils.release_containers import (
    addresses,
    containers_by_release,
    missing_images,
    serving,
    summarise,
)
from docker_engine import NETWORK, inspected

UP = {"running": True, "health": "healthy"}


def test_summary_of_a_running_container():
    assert summarise(inspected("v1-aaa", "api", "blue", "172.18.0.5"), NETWORK) == {
        "name": "v1-aaa-api-1",
        "service": "app_api",
        "project": "v1-aaa",
        "part": "api",
        "slot": "blue",
        "running": True,
        "health": "healthy",
        "address": "172.18.0.5",
        "image": "sha256:api",
        "labelled": True,
    }


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"running": False}, "address", ""),
        ({"running": False}, "running", False),
        ({"health": None}, "health", "none"),
        ({"health": "starting"}, "health", "starting"),
    ],
)
def test_summary_of_other_states(changes, key, value):
    assert summarise(inspected("v1", "api", "blue", "172.18.0.5", **changes), NETWORK)[key] == value


@pytest.mark.parametrize("networks", [{}, {"data": {"IPAddress": "172.19.0.5"}}, {NETWORK: None}])
def test_container_outside_the_network_of_the_edge_has_no_address(networks):
    attributes = inspected("v1", "api", "blue", "172.18.0.5")
    attributes["NetworkSettings"]["Networks"] = networks
    assert summarise(attributes, NETWORK)["address"] == ""


def test_containers_are_grouped_whether_they_run_or_not(engine):
    engine.run_both("v1", "blue", "", "", running=False)
    engine.run("v2", "api", "green", "172.18.0.6")
    found = containers_by_release(engine, NETWORK)
    assert {name: [c["part"] for c in containers] for name, containers in found.items()} == {
        "v1": ["api", "web"],
        "v2": ["api"],
    }


def test_one_off_container_belongs_to_no_slot(engine):
    engine.run("v1", "api", "blue", "172.18.0.6", oneoff=True)
    engine.run("v1", "api", "blue", "172.18.0.5")
    assert [c["address"] for c in containers_by_release(engine, NETWORK)["v1"]] == ["172.18.0.5"]


def test_container_that_goes_while_it_is_looked_at_is_left_out(engine):
    engine.run_both("v1", "blue", "172.18.0.5", "172.18.0.6")
    engine.vanished = {"id0"}
    assert [c["part"] for c in containers_by_release(engine, NETWORK)["v1"]] == ["web"]


def test_containers_of_others_are_left_out(engine):
    engine.run("v1", "api", "blue", "172.18.0.5")
    del engine.known["id0"]["Config"]["Labels"]["release.id"]
    assert containers_by_release(engine, NETWORK) == {}


def test_missing_images(engine):
    engine.images = {"sha256:1"}
    assert missing_images(engine, {"web": "sha256:3", "api": "sha256:2", "kept": "sha256:1"}) == [
        "api",
        "web",
    ]
    assert missing_images(engine, {}) == []


@pytest.mark.parametrize(
    ("second", "whole"),
    [
        (UP, True),
        (UP | {"health": "none"}, True),
        (UP | {"health": "starting"}, False),
        (UP | {"health": "unhealthy"}, False),
        (UP | {"running": False}, False),
    ],
)
def test_release_serves_when_all_its_containers_do(second, whole):
    assert serving([UP, second]) is whole


def test_release_without_containers_does_not_serve():
    assert serving([]) is False


def test_addresses_are_those_of_the_parts():
    containers = [
        {"part": part, "address": address} for part, address in (("api", "1"), ("", "2"), ("web", ""))
    ]
    assert addresses(containers) == {"api": "1", "web": ""}
