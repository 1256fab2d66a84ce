"""What was seen of a host, any part of which may be missing: it may be the very part that is broken."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: As the engine writes it after how long a container is up.
HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")


def line(text: Any) -> str:
    """Return a text on one line; what a template left empty is no text."""
    return " ".join(str("" if text is None else text).split())


@dataclass(frozen=True)
class Seen:
    """What the probes have seen, and what an operator types (`commands`, by name).

    What `seen` holds is described by the module diagnosis_info.
    """

    seen: Mapping[str, Any]
    commands: Mapping[str, str]

    def blind(self, probe: str) -> Mapping[str, Any]:
        """Return why a probe could not look; empty when it could."""
        return (self.seen.get("blind") or {}).get(probe) or {}

    def problems(self, role: str) -> dict[str, str]:
        """Return the sentences of a role's preflight by name, those that say something."""
        found = (self.seen.get("found") or {}).get(role) or {}
        return {name: line(text) for name, text in found.items() if line(text)}

    def part(self, name: str) -> Mapping[str, Any]:
        """Return one part of what was seen; empty when it was not."""
        return self.seen.get(name) or {}

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """All containers of the host, without those that run a command and go."""
        known = self.part("releases").get("releases") or {}
        adopted = {c["name"]: name for name, release in known.items() for c in release["containers"]}
        shaped = [_shaped(raw, adopted) for raw in self.seen.get("containers") or []]
        return [container for container in shaped if not container["oneoff"]]

    @property
    def live(self) -> str:
        """The id of the live release; empty when there is none."""
        return self.part("releases").get("live") or ""

    @property
    def edge(self) -> Mapping[str, Any] | None:
        """The edge's container."""
        wanted = self.seen.get("edge_container")
        return next((c for c in self.containers if c["name"] == wanted), None)

    def data_service(self, name: str) -> Mapping[str, Any] | None:
        """Return the container of a data service of ours that is on this host; other apps may have their own."""
        ours = self.part("data_services")
        if name not in ours.get("here", ()):
            return None
        wanted = (ours["project"], name)
        return next((c for c in self.containers if (c["project"], c["service"]) == wanted), None)


def _shaped(raw: Mapping[str, Any], adopted: Mapping[str, str]) -> dict[str, Any]:
    """Return what matters of a container as the engine lists it."""
    name, labels = raw["Names"][0].lstrip("/"), raw.get("Labels") or {}
    health = HEALTH.search(raw.get("Status") or "")
    return {
        "name": name,
        "service": labels.get("com.docker.compose.service", ""),
        "project": labels.get("com.docker.compose.project", ""),
        "oneoff": labels.get("com.docker.compose.oneoff") == "True",
        "release": labels.get("release.id") or adopted.get(name, ""),
        "state": raw["State"],
        "health": health[1] if health else "none",
        "image": raw.get("ImageID", ""),
    }


def revived(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return cause, remedy and act for a container that does not serve; without an act where it would not help."""
    name, state = container["name"], container["state"]
    verb = {"exited": "start", "created": "start", "paused": "unpause"}.get(state, "")
    if state == "running" and container["health"] == "unhealthy":
        verb, state = "restart", "running, and not healthy"
    cause, argv = f"container {name} is {state}", ["docker", verb, name]
    if not verb:
        return {"cause": cause, "remedy": f"docker logs --tail 50 {name}"}
    return {"cause": cause, "remedy": shlex.join(argv), "act": "host", "argv": argv}
