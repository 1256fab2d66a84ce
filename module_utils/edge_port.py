"""The public port of a host: who has it, and how the edge takes it over while both containers run.

The engine publishes a container's ports on the network that is its way out, and on no internal one. So a container
that is left on an internal network alone gives its port up, and the edge, made with the port but kept off its public
network, has it the moment it joins that network. Neither is stopped or made again.
"""

from __future__ import annotations

import datetime
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import docker
import docker.errors

PROJECT = "com.docker.compose.project"
LISTEN = "0A"
HOLD_SECONDS = 6
#: For requests that are being answered when new ones begin to wait.
DRAIN_SECONDS = 0.5


class PortError(Exception):
    """The port cannot be read or taken; the text is one sentence for the operator."""


@dataclass(frozen=True)
class Edge:
    """The edge's container by name, the ports it is made for, and the two networks it belongs to."""

    container: str
    ports: tuple[int, ...]
    public_network: str
    slot_network: str

    @property
    def port(self) -> int:
        """The port by which its state is told; the others come and go with it."""
        return self.ports[0]


@contextmanager
def alone(folder: str) -> Iterator[None]:
    """Wait until no other process works on the port.

    A module outlives the control process that started it: the next run must not act on what it has half done. The lock
    ends with its process.
    """
    if not os.path.isdir(folder):
        yield  # no edge, nothing that could be half done
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def published(attributes: dict) -> set[int]:
    """Return the ports of the host that a container has now."""
    bindings = [b for found in (attributes["NetworkSettings"]["Ports"] or {}).values() for b in found or []]
    return {int(binding["HostPort"]) for binding in bindings}


def publishes(attributes: dict, port: int) -> bool:
    """Say whether a container has a port of the host now."""
    return port in published(attributes)


def holder_of(client: docker.DockerClient, port: int) -> dict | None:
    """Return ``docker inspect`` of the container that has the port, None where none has."""
    for entry in client.api.containers():
        try:
            attributes = client.api.inspect_container(entry["Id"])
        except docker.errors.NotFound:
            continue  # ended since it was listed
        if publishes(attributes, port):
            return attributes
    return None


def is_listened_on(tables: list[str], port: int) -> bool:
    """Say whether a process of the host listens on a port; ``tables`` are the texts of /proc/net/tcp and tcp6."""
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return any(row[3] == LISTEN and int(row[1].rpartition(":")[2], 16) == port for row in rows)


def read_tables() -> list[str]:
    """Return the kernel's lists of TCP sockets."""
    found = []
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}", encoding="ascii") as handle:
            found.append(handle.read())
    return found


def describe(attributes: dict | None, listened_on: bool) -> dict[str, str]:
    """Return the holder of the port as {name, project}; the name is empty where nobody has it."""
    if attributes:
        project = (attributes["Config"]["Labels"] or {}).get(PROJECT, "")
        return {"name": attributes["Name"].lstrip("/"), "project": project}
    return {"name": "a process that is no container" if listened_on else "", "project": ""}


def problem_of(client: docker.DockerClient, edge: Edge, holder: dict | None) -> str:
    """Say why the ports cannot be handed over together; empty where they can.

    All ports of a container come and go with its networks. So the edge takes all of the holder's, and no others.
    """
    own = {edge.container, describe(holder, False)["name"], ""}
    for port in edge.ports[1:]:
        other = holder_of(client, port)
        name = describe(other, other is None and is_listened_on(read_tables(), port))["name"]
        if name not in own:
            return (
                f"Port {port} of this host is held by {name}, and the edge needs it together with port {edge.port}. "
                "Stop what holds it, or leave edge_tls_certificate empty."
            )
    if not holder or holder["Name"].lstrip("/") == edge.container:
        return ""
    lost = sorted(published(holder) - set(edge.ports))
    if lost:
        return (
            f"Container {holder['Name'].lstrip('/')} has port {edge.port} and also {', '.join(map(str, lost))}, which "
            "nobody would have after the handover. Publish that from another container (443 is the edge's once "
            "edge_tls_certificate is set)."
        )
    return ""


def state_of(client: docker.DockerClient, edge: Edge) -> str:
    """Return ``absent``, ``stopped``, ``waiting`` (runs without the port) or ``public``."""
    try:
        attributes = client.api.inspect_container(edge.container)
    except docker.errors.NotFound:
        return "absent"
    if not attributes["State"]["Running"]:
        return "stopped"
    return "public" if publishes(attributes, edge.port) else "waiting"


def address(client: docker.DockerClient, container: str, network: str) -> str:
    """Return a container's address on a network; empty where it has none."""
    attributes = client.api.inspect_container(container)
    return (attributes["NetworkSettings"]["Networks"].get(network) or {}).get("IPAddress", "")


def run_beside(client: docker.DockerClient, edge: Edge) -> None:
    """Run the edge on the network of the slots alone, without its port."""
    networks = client.api.inspect_container(edge.container)["NetworkSettings"]["Networks"]
    if edge.public_network in networks:
        client.api.disconnect_container_from_network(edge.container, edge.public_network)
    if edge.slot_network not in networks:
        client.api.connect_container_to_network(edge.container, edge.slot_network)
    client.api.start(edge.container)


def ways_out(client: docker.DockerClient, holder: dict, slot_network: str) -> dict[str, list[str]]:
    """Return {network: aliases} of the networks that a container has to leave to give its port up."""
    joined = {n: e for n, e in holder["NetworkSettings"]["Networks"].items() if n != slot_network}
    return {
        name: endpoint.get("Aliases") or []
        for name, endpoint in sorted(joined.items())
        if not client.api.inspect_network(name)["Internal"]
    }


@contextmanager
def held_connections(port: int) -> Iterator[bool]:
    """Let new connections wait instead of being refused: their SYN is dropped, and sent again by the client.

    The rule ends by itself after a few seconds, whatever becomes of this process. Yields whether it could be set.
    """
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=HOLD_SECONDS)
    until = end.strftime("%Y-%m-%dT%H:%M:%S")
    rule = [
        "PREROUTING",
        "-p",
        "tcp",
        "--dport",
        str(port),
        "--syn",
        "-m",
        "time",
        "--datestop",
        until,
        "-j",
        "DROP",
    ]
    _forget_dead_rules(port)
    held = _iptables("-I", *rule) is not None
    try:
        yield held
    finally:
        if held:
            _iptables("-D", *rule)


def _forget_dead_rules(port: int) -> None:
    """Remove the rules of processes that were killed; they hold nothing any more."""
    for line in (_iptables("-S", "PREROUTING") or "").splitlines():
        if f"--dport {port} " in line and "--datestop" in line:
            _iptables("-D", *line.split()[1:])


def _iptables(*arguments: str) -> str | None:
    """Return the output of a command on the table `raw`; None where it failed."""
    try:
        done = subprocess.run(
            ["iptables", "-w", "2", "-t", "raw", *arguments],
            capture_output=True,
            check=False,
            timeout=5,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def plan(client: docker.DockerClient, edge: Edge, holder: dict) -> dict:
    """Return {from, networks, aliases}: who has the port, the {network: aliases} that it has to leave, and its aliases
    among the slots. It is all that is needed to give the port back."""
    slot_endpoint = holder["NetworkSettings"]["Networks"].get(edge.slot_network)
    if not slot_endpoint:
        raise PortError(
            f"container {holder['Name'].lstrip('/')} has port {edge.port} and is not on network {edge.slot_network}, "
            "so no user would reach it through the edge. It has to be adopted first."
        )
    return {
        "from": holder["Id"],
        "networks": ways_out(client, holder, edge.slot_network),
        "aliases": slot_endpoint.get("Aliases") or [],
    }


def swap(client: docker.DockerClient, edge: Edge, takeover: dict) -> dict:
    """Move the port from its holder to the edge.

    Returns {gap_seconds, held}: how long nobody had it, and whether new connections waited.
    """
    api, name = client.api, takeover["from"]
    # While it leaves, the engine moves the port to any network that is left, even to an internal one: so it leaves all.
    api.disconnect_container_from_network(name, edge.slot_network)
    with held_connections(edge.port) as held:
        time.sleep(DRAIN_SECONDS if held else 0)
        begun = time.monotonic()
        for network in takeover["networks"]:
            api.disconnect_container_from_network(name, network)
        api.connect_container_to_network(edge.container, edge.public_network)
        seconds = time.monotonic() - begun
        join_slot(client, edge, takeover)
    if state_of(client, edge) != "public":
        raise PortError(f"the engine did not give port {edge.port} to {edge.container}.")
    return {"gap_seconds": round(seconds, 3), "held": held}


def join_slot(client: docker.DockerClient, edge: Edge, takeover: dict) -> None:
    """Have the edge reach the container that had the port under the name of its slot."""
    name = takeover["from"]
    if edge.slot_network not in networks_of(client, name):
        client.api.connect_container_to_network(name, edge.slot_network, aliases=takeover["aliases"])


def networks_of(client: docker.DockerClient, name: str) -> list[str]:
    """Return the networks of a container, sorted; none where there is no such container."""
    try:
        return sorted(client.api.inspect_container(name)["NetworkSettings"]["Networks"])
    except docker.errors.NotFound:
        return []


def give_back(client: docker.DockerClient, edge: Edge, takeover: dict) -> None:
    """Take the edge off all networks, so that it has no port, and join the holder to those that it has left.

    However far the takeover came, and however often this is done. A holder that was removed since gets nothing back.
    """
    api, name = client.api, takeover["from"]
    if not exists(client, name):
        return
    with held_connections(edge.port):
        for network in networks_of(client, edge.container):
            api.disconnect_container_from_network(edge.container, network, force=True)
        joined = networks_of(client, name)
        for network, aliases in takeover["networks"].items():
            if network not in joined:
                api.connect_container_to_network(name, network, aliases=aliases)
    join_slot(client, edge, takeover)
    if exists(client, edge.container):
        api.connect_container_to_network(edge.container, edge.slot_network)


def exists(client: docker.DockerClient, name: str) -> bool:
    """Say whether there is a container of this name or id."""
    try:
        client.api.inspect_container(name)
    except docker.errors.NotFound:
        return False
    return True
