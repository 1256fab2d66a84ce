"""How the public port moves between two containers that keep running."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

import pytest
from ansible.module_utils import edge_port
from ansible.module_utils.edge_port import (
    Edge,
    PortError,
    alone,
    describe,
    give_back,
    held_connections,
    is_listened_on,
    plan,
    problem_of,
    state_of,
    swap,
)
from port_engine import Killed, Networks

EDGE = Edge("edge-1", (80,), "public", "slots")
TABLE = """  sl  local_address rem_address   st tx_queue
   0: 00000000:0050 00000000:0000 0A 00000000
   1: 0100007F:0CEA 00000000:0000 01 00000000
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Networks:
    monkeypatch.setattr(edge_port, "_iptables", lambda *arguments: None)
    return Networks()


def taken(engine: Networks) -> dict:
    """Take the port, and return how it is given back."""
    takeover = plan(engine, EDGE, engine.inspect_container("web-1"))
    return takeover | swap(engine, EDGE, takeover)


def test_the_edge_gets_the_port_and_the_container_stays_in_its_slot(engine):
    done = taken(engine)
    assert state_of(engine, EDGE) == "public"
    assert engine.joined["web-1"] == {"slots": ["web-blue"]}
    assert (done["from"], done["networks"], done["held"]) == ("web-1", {"default": ["web"]}, False)


def test_it_leaves_the_network_of_the_slots_first_since_the_port_would_move_there(engine):
    taken(engine)
    assert engine.calls[:3] == [
        ("disconnect", "web-1", "slots"),
        ("disconnect", "web-1", "default"),
        ("connect", "edge-1", "public"),
    ]


def test_a_container_that_is_in_no_slot_keeps_its_port(engine):
    del engine.joined["web-1"]["slots"]
    with pytest.raises(PortError, match="has to be adopted first"):
        taken(engine)
    assert engine.calls == []


@pytest.mark.parametrize("steps", range(5))
def test_whatever_step_was_the_last_the_port_can_be_given_back(engine, steps):
    before = {name: dict(networks) for name, networks in engine.joined.items()}
    takeover = plan(engine, EDGE, engine.inspect_container("web-1"))
    engine.left = steps
    with suppress(Killed):
        swap(engine, EDGE, takeover)
    engine.left = 99
    give_back(engine, EDGE, takeover)
    assert engine.joined == before


@pytest.mark.parametrize("steps", range(6))
def test_giving_back_can_be_cut_short_and_done_again(engine, steps):
    before = {name: dict(networks) for name, networks in engine.joined.items()}
    takeover = taken(engine)
    engine.left = steps
    with suppress(Killed):
        give_back(engine, EDGE, takeover)
    engine.left = 99
    give_back(engine, EDGE, takeover)
    assert engine.joined == before


def test_a_container_that_was_removed_gets_nothing_back(engine):
    takeover = taken(engine)
    del engine.joined["web-1"]
    give_back(engine, EDGE, takeover)
    assert state_of(engine, EDGE) == "public"


def test_the_rule_of_a_process_that_was_killed_is_removed(monkeypatch):
    dead = "PREROUTING -p tcp -m tcp --dport 80 -m time --datestop 2000-01-01T00:00:00 -j DROP"
    others = f"-P PREROUTING ACCEPT\n-A {dead.replace('80', '8080')}"
    asked = []

    def answer(*arguments):
        asked.append(" ".join(arguments))
        return f"{others}\n-A {dead}\n"

    monkeypatch.setattr(edge_port, "_iptables", answer)
    with held_connections(80) as held:
        assert held
    assert asked[:2] == ["-S PREROUTING", f"-D {dead}"]
    assert len(asked) == 4 and asked[2].replace("-I", "-D", 1) == asked[3]


def test_only_one_process_works_on_the_port(tmp_path):
    with alone(str(tmp_path)):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


SECURE = Edge("edge-1", (80, 443), "public", "slots")


@pytest.mark.parametrize(
    ("edge", "ports", "others", "words"),
    [
        (EDGE, ["80"], [], ""),
        (SECURE, ["80", "443"], [], ""),
        (SECURE, ["80"], [], ""),
        (SECURE, ["80"], ["443"], "Port 443 of this host is held by other-1, and the edge needs it together"),
        (EDGE, ["80"], ["443"], ""),
        (
            EDGE,
            ["80", "443", "9000"],
            [],
            "Container web-1 has port 80 and also 443, 9000, which nobody would",
        ),
    ],
    ids=["http", "both", "http before, both now", "another's", "not needed", "would be lost"],
)
def test_the_ports_are_handed_over_together(engine, monkeypatch, edge, ports, others, words):
    monkeypatch.setattr(edge_port, "read_tables", list)
    engine.ports["web-1"] = ports
    if others:
        engine.joined["other-1"], engine.ports["other-1"] = {"default": []}, others
    problem = problem_of(engine, edge, engine.inspect_container("web-1"))
    assert problem.startswith(words) if words else problem == ""


def test_a_process_that_has_the_port_of_https_is_named(engine, monkeypatch):
    monkeypatch.setattr(edge_port, "read_tables", lambda: [TABLE.replace(":0050", ":01BB")])
    assert "held by a process that is no container" in problem_of(
        engine, SECURE, engine.inspect_container("web-1")
    )


@pytest.mark.parametrize(("port", "listened_on"), [(80, True), (3306, False), (443, False)])
def test_listeners_are_read_from_the_kernels_table(port, listened_on):
    assert is_listened_on([TABLE], port) is listened_on


@pytest.mark.parametrize(("listened_on", "name"), [(True, "a process that is no container"), (False, "")])
def test_a_port_without_a_container_may_be_a_process(listened_on, name):
    assert describe(None, listened_on) == {"name": name, "project": ""}


def test_an_edge_that_was_never_made_is_absent(engine):
    del engine.joined["edge-1"]
    assert state_of(engine, EDGE) == "absent"
