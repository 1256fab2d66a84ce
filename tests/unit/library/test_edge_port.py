"""What the module says of the public port; how it moves is tested with its logic."""

from __future__ import annotations

import docker
import docker.errors
import edge_port
import pytest
from ansible.module_utils import edge_port as port
from manual import results_in_manual, returned
from port_engine import Killed, Networks


class Bare:
    """An engine without containers."""

    def __init__(self) -> None:
        self.api = self

    def containers(self, **_filters) -> list:
        return []

    def inspect_container(self, name: str) -> dict:
        raise docker.errors.NotFound(f"No such container: {name}")


@pytest.fixture
def look(run_module, monkeypatch, tmp_path):
    """Run the module on a host without containers, where somebody listens on the port or nobody does."""

    def call(listening: bool, **options) -> dict:
        monkeypatch.setattr(docker, "from_env", Bare)
        monkeypatch.setattr(port, "is_listened_on", lambda tables, number: listening)
        names = {"container": "edge-1", "public_network": "public", "slot_network": "slots"}
        names |= {"socket": "/srv/admin.sock", "takeover_file": str(tmp_path / "takeover.json")}
        return run_module(edge_port, names | {"ports": [80]} | options)

    return call


def test_nobody_has_the_port(look):
    result = look(listening=False)
    assert (result["changed"], result["holder"]["name"], result["edge"]) == (False, "", "absent")
    assert returned(result) == results_in_manual(edge_port)


def test_a_process_that_no_container_runs_cannot_hand_the_port_over(look):
    result = look(listening=True, state="public")
    assert result["failed"]
    assert "which cannot be adopted. Stop it" in result["msg"]


@pytest.fixture
def hand_over(run_module, monkeypatch, edge, tmp_path):
    """Run the module on an engine of `Networks`, with an edge that answers; nothing waits in these tests."""
    networks = Networks()
    monkeypatch.setattr(docker, "from_env", lambda: networks)
    monkeypatch.setattr(port, "_iptables", lambda *arguments: None)
    monkeypatch.setattr(port, "read_tables", list)
    names = {"container": "edge-1", "public_network": "public", "slot_network": "slots", "ports": [80]}
    files = {"socket": edge.socket_path, "takeover_file": str(tmp_path / "takeover.json")}

    def call(state: str) -> dict:
        return run_module(edge_port, names | files | {"state": state})

    call.networks = networks
    return call


def test_how_the_port_is_given_back_is_known_until_the_edge_is_seen_to_serve(hand_over, tmp_path):
    done = hand_over("public")["takeover"]
    assert done["from"] == "web-1"
    assert hand_over("read")["takeover"] == done
    (tmp_path / "takeover.json").unlink()
    result = hand_over("public")
    assert (result["changed"], result["takeover"]) == (False, {})


@pytest.mark.parametrize("steps", range(6))
def test_the_next_run_ends_a_takeover_that_was_cut_short(hand_over, edge, tmp_path, steps):
    before = {name: dict(joined) for name, joined in hand_over.networks.joined.items()}
    hand_over.networks.left = steps
    try:
        hand_over("public")
    except Killed:
        hand_over.networks.left = 99
    found = hand_over("read")
    assert found["takeover"]["from"] == "web-1"
    if found["edge"] == "public":
        assert hand_over("public")["changed"]
        assert hand_over.networks.joined["web-1"] == {"slots": ["web-blue"]}
        assert any(command.startswith("set server web_blue/s1 addr") for command in edge.commands)
    else:
        assert hand_over("returned")["changed"]
        assert hand_over.networks.joined == before
        assert not (tmp_path / "takeover.json").exists()
        assert not hand_over("returned")["changed"]


def test_a_failure_gives_the_port_back_at_once(hand_over, tmp_path):
    before = {name: dict(joined) for name, joined in hand_over.networks.joined.items()}
    (tmp_path / "admin.sock").unlink()
    assert "does not answer" in hand_over("public")["msg"]
    assert hand_over.networks.joined == before
    assert hand_over("read")["takeover"] == {}
