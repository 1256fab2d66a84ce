"""A stand-in for an engine whose containers publish their ports over the networks that they join."""

from __future__ import annotations

import docker.errors


class Killed(BaseException):
    """The process ends here; nothing of it is done any more."""


class Networks:
    """An engine of two containers that publish port 80 on any network that is not internal; one of them has it."""

    def __init__(self) -> None:
        self.api = self
        self.joined = {"web-1": {"default": ["web"], "slots": ["web-blue"]}, "edge-1": {"slots": []}}
        self.ports = {"web-1": ["80"], "edge-1": ["80"]}
        #: Steps that are done before the process is killed.
        self.left = 99
        self.calls: list[tuple[str, str, str]] = []

    def containers(self) -> list[dict]:
        return [{"Id": name} for name in self.joined]

    def step(self, *call: str) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1
        self.calls.append(call)

    def inspect_network(self, name: str) -> dict:
        return {"Internal": name == "slots"}

    def inspect_container(self, name: str) -> dict:
        if name not in self.joined:
            raise docker.errors.NotFound("No such container")
        networks = self.joined[name]
        has_ports = set(networks) - {"slots"}
        return {
            "Id": name,
            "Name": f"/{name}",
            "State": {"Running": True},
            "Config": {"Labels": {"com.docker.compose.project": name[:-2]}},
            "NetworkSettings": {
                "Ports": {p: [{"HostPort": p}] if has_ports else None for p in self.ports[name]},
                "Networks": {n: {"Aliases": aliases} for n, aliases in networks.items()},
            },
        }

    def connect_container_to_network(self, name: str, network: str, aliases: list[str] | None = None) -> None:
        self.step("connect", name, network)
        holders = [n for n, joined in self.joined.items() if set(joined) - {"slots"}]
        if network != "slots" and holders:
            raise docker.errors.APIError("port is already allocated")
        self.joined[name][network] = aliases or []

    def disconnect_container_from_network(self, name: str, network: str, force: bool = False) -> None:
        self.step("disconnect", name, network)
        del self.joined[name][network]
