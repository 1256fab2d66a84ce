"""Data services: what differs between those that run and those that are wanted, and the words of their files."""

from __future__ import annotations

import json
import re
from typing import Any

#: What a line of redis.conf may not have in it as it is.
UNQUOTED = re.compile(r'[\x00-\x1f\x7f"\\]')


def data_service_differences(found: list[dict], wanted: dict, network: str) -> list[str]:
    """Return one sentence for each difference.

    ``found`` are the results of `docker_host_info` for each service ({item: name, containers: [...]}), ``wanted`` is
    {name: {image}}.
    """
    return [
        sentence
        for result in found
        for container in result["containers"]
        for sentence in _differences(result["item"], container, wanted[result["item"]], network)
    ]


def _differences(name: str, container: dict, wanted: dict, network: str) -> list[str]:
    known = container["Names"][0].lstrip("/")
    differences = []
    if container["State"] != "running":
        differences.append(
            f"Container {known} of {name} is {container['State']}; it has to run (docker start {known})."
        )
    if container["Image"] != wanted["image"]:
        differences.append(
            f"Container {known} of {name} runs {container['Image']}; the inventory says {wanted['image']}. Data "
            "services that exist are never changed from here: correct the inventory."
        )
    if network not in container["NetworkSettings"]["Networks"]:
        differences.append(
            f"Container {known} of {name} is not on network {network}, where the releases look for it."
        )
    return differences


def compose_text(value: Any) -> str:
    """Return a value as a compose file has it: quoted, and with each dollar as itself, for no variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")


def redis_quoted(text: str) -> str:
    """Return a text as one word of redis.conf."""
    return '"' + UNQUOTED.sub(lambda found: f"\\x{ord(found[0]):02x}", text) + '"'


class FilterModule:
    """Filters of the role data_services."""

    def filters(self) -> dict:
        return {
            "compose_text": compose_text,
            "data_service_differences": data_service_differences,
            "redis_quoted": redis_quoted,
        }
