"""A stand-in for the client of a Docker Engine that has a few containers and images."""

from __future__ import annotations

from collections.abc import Iterable

import docker.errors

NETWORK = "edge"


def inspected(release: str, part: str, slot: str, address: str, **changes) -> dict:
    """Return what `docker inspect` says of a container; `changes` are running, health and oneoff."""
    state = {"Running": changes.get("running", True)}
    health = changes.get("health", "healthy")
    return {
        "Name": f"/{release}-{part}-1",
        "Image": f"sha256:{part}",
        "State": state | ({"Health": {"Status": health}} if health else {}),
        "Config": {
            "Labels": {
                "release.id": release,
                "release.part": part,
                "release.slot": slot,
                "com.docker.compose.service": f"app_{part}",
                "com.docker.compose.project": release,
                "com.docker.compose.oneoff": "True" if changes.get("oneoff") else "False",
            }
        },
        "NetworkSettings": {"Networks": {NETWORK: {"IPAddress": address if state["Running"] else ""}}},
    }


class Engine:
    """The client and its low-level `api` in one. `vanished` are ids that are listed and gone when looked at."""

    def __init__(self) -> None:
        self.api = self
        self.known: dict[str, dict] = {}
        self.vanished: set[str] = set()
        self.images: set[str] = set()
        self.folders: dict[tuple[str, str], Iterable[bytes]] = {}
        self.created: list[str] = []
        self.scratch: set[str] = set()
        self.restarted: list[str] = []

    def run(self, release: str, part: str, slot: str, address: str, **changes) -> None:
        """Have a container of a release."""
        self.known[f"id{len(self.known)}"] = inspected(release, part, slot, address, **changes)

    def run_both(self, release: str, slot: str, api: str, web: str, **changes) -> None:
        """Have both containers of a release."""
        self.run(release, "api", slot, api, **changes)
        self.run(release, "web", slot, web, **changes)

    def containers(self, all: bool, filters: dict) -> list[dict]:
        return [
            {"Id": name}
            for name, known in self.known.items()
            if filters["label"] in known["Config"]["Labels"] and (all or known["State"]["Running"])
        ]

    def inspect_container(self, name: str) -> dict:
        if name in self.vanished:
            raise docker.errors.NotFound("No such container")
        return self.known[name]

    def restart(self, name: str, timeout: int) -> None:
        self.restarted.append(name)

    def inspect_image(self, image: str) -> dict:
        if image not in self.images:
            raise docker.errors.ImageNotFound("No such image")
        return {"Id": image}

    def create_container(self, image: str, command: list[str], labels: dict) -> dict:
        self.inspect_image(image)
        self.created.append(image)
        self.scratch.add(image)
        return {"Id": image}

    def get_archive(self, container: str, path: str) -> tuple[Iterable[bytes], dict]:
        if (container, path) not in self.folders:
            raise docker.errors.NotFound("Could not find the file")
        return self.folders[container, path], {}

    def remove_container(self, container: str, force: bool) -> None:
        self.scratch.remove(container)
