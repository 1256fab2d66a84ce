"""What the module says of the public port; how it moves is tested with its logic."""

from __future__ import annotations

import docker
import docker.errors
import edge_port
import pytest
from ansible.module_utils import edge_port as port
from manual import results_in_manual, returned


class Bare:
    """An engine without containers."""

    def __init__(self) -> None:
        self.api = self

    def containers(self, **_filters) -> list:
        return []

    def inspect_container(self, name: str) -> dict:
        raise docker.errors.NotFound(f"No such container: {name}")


@pytest.fixture
def look(run_module, monkeypatch):
    """Run the module on a host without containers, where somebody listens on the port or nobody does."""

    def call(listening: bool, **options) -> dict:
        monkeypatch.setattr(docker, "from_env", Bare)
        monkeypatch.setattr(port, "is_listened_on", lambda tables, number: listening)
        names = {"container": "edge-1", "public_network": "public", "slot_network": "slots"}
        return run_module(edge_port, names | {"port": 80, "socket": "/srv/admin.sock"} | options)

    return call


def test_nobody_has_the_port(look):
    result = look(listening=False)
    assert (result["changed"], result["holder"]["name"], result["edge"]) == (False, "", "absent")
    assert returned(result) == results_in_manual(edge_port)


def test_a_process_that_no_container_runs_cannot_hand_the_port_over(look):
    result = look(listening=True, state="public")
    assert result["failed"]
    assert "which cannot be adopted. Stop it" in result["msg"]
