"""How the public port moves between two containers that keep running."""

from __future__ import annotations

import docker.errors
import pytest
from ansible.module_utils import edge_port
from ansible.module_utils.edge_port import (
    Edge,
    PortError,
    describe,
    give_back,
    is_listened_on,
    state_of,
    swap,
)

EDGE = Edge("edge-1", 80, "public", "slots")
TABLE = """  sl  local_address rem_address   st tx_queue
   0: 00000000:0050 00000000:0000 0A 00000000
   1: 0100007F:0CEA 00000000:0000 01 00000000
"""


class Networks:
    """An engine of two containers that publish port 80 on any network that is not internal; one of them has it."""

    def __init__(self) -> None:
        self.api = self
        self.joined = {"web-1": {"default": ["web"], "slots": ["web-blue"]}, "edge-1": {"slots": []}}
        self.fails_for: tuple[str, str] | None = None
        self.calls: list[tuple[str, str, str]] = []

    def inspect_network(self, name: str) -> dict:
        return {"Internal": name == "slots"}

    def inspect_container(self, name: str) -> dict:
        if name not in self.joined:
            raise docker.errors.NotFound("No such container")
        networks = self.joined[name]
        has_port = [{"HostPort": "80"}] if set(networks) - {"slots"} else None
        return {
            "Id": name,
            "Name": f"/{name}",
            "State": {"Running": True},
            "Config": {"Labels": {"com.docker.compose.project": name[:-2]}},
            "NetworkSettings": {
                "Ports": {"8080/tcp": has_port},
                "Networks": {n: {"Aliases": aliases} for n, aliases in networks.items()},
            },
        }

    def connect_container_to_network(self, name: str, network: str, aliases: list[str] | None = None) -> None:
        self.calls.append(("connect", name, network))
        holders = [n for n, joined in self.joined.items() if set(joined) - {"slots"}]
        if self.fails_for == (name, network) or (network != "slots" and holders):
            raise docker.errors.APIError("port is already allocated")
        self.joined[name][network] = aliases or []

    def disconnect_container_from_network(self, name: str, network: str, force: bool = False) -> None:
        self.calls.append(("disconnect", name, network))
        del self.joined[name][network]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Networks:
    monkeypatch.setattr(edge_port, "_iptables", lambda verb, rule: False)
    return Networks()


def test_the_edge_gets_the_port_and_the_container_stays_in_its_slot(engine):
    done = swap(engine, EDGE, engine.inspect_container("web-1"))
    assert state_of(engine, EDGE) == "public"
    assert engine.joined["web-1"] == {"slots": ["web-blue"]}
    assert (done["from"], done["networks"], done["held"]) == ("web-1", {"default": ["web"]}, False)


def test_it_leaves_the_network_of_the_slots_first_since_the_port_would_move_there(engine):
    swap(engine, EDGE, engine.inspect_container("web-1"))
    assert engine.calls[:3] == [
        ("disconnect", "web-1", "slots"),
        ("disconnect", "web-1", "default"),
        ("connect", "edge-1", "public"),
    ]


@pytest.mark.parametrize("failing", [("edge-1", "public"), ("web-1", "slots")])
def test_a_failure_gives_the_port_back(engine, failing):
    before = {name: dict(networks) for name, networks in engine.joined.items()}
    engine.fails_for = failing
    give = engine.connect_container_to_network

    def once(name, network, aliases=None):
        try:
            give(name, network, aliases)
        except docker.errors.APIError:
            engine.fails_for = None
            raise

    engine.connect_container_to_network = once
    with pytest.raises(docker.errors.APIError):
        swap(engine, EDGE, engine.inspect_container("web-1"))
    assert engine.joined == before


def test_what_was_taken_can_be_given_back(engine):
    before = {name: dict(networks) for name, networks in engine.joined.items()}
    done = swap(engine, EDGE, engine.inspect_container("web-1"))
    give_back(engine, EDGE, done["from"], done["networks"], done["aliases"])
    assert engine.joined == before


def test_a_container_that_is_in_no_slot_keeps_its_port(engine):
    del engine.joined["web-1"]["slots"]
    with pytest.raises(PortError, match="has to be adopted first"):
        swap(engine, EDGE, engine.inspect_container("web-1"))
    assert engine.calls == []


@pytest.mark.parametrize(("port", "listened_on"), [(80, True), (3306, False), (443, False)])
def test_listeners_are_read_from_the_kernels_table(port, listened_on):
    assert is_listened_on([TABLE], port) is listened_on


@pytest.mark.parametrize(("listened_on", "name"), [(True, "a process that is no container"), (False, "")])
def test_a_port_without_a_container_may_be_a_process(listened_on, name):
    assert describe(None, listened_on) == {"name": name, "project": ""}


def test_an_edge_that_was_never_made_is_absent(engine):
    del engine.joined["edge-1"]
    assert state_of(engine, EDGE) == "absent"
