"""The containers and images of releases, as the Docker Engine has them. Needs the ``docker`` SDK."""

from __future__ import annotations

import docker
import docker.errors

LABEL_RELEASE = "release.id"
LABEL_PART = "release.part"
LABEL_SLOT = "release.slot"


def summarise(attributes: dict, slot_network: str, adopted: dict | None = None) -> dict:
    """Return what matters of one ``docker inspect`` answer.

    ``adopted`` is {part, slot} of a container that carries no labels of a release.
    ``address`` is the container's address on the network of the edge, empty when it does not run. ``health`` is
    Docker's word (``healthy``, ``unhealthy``, ``starting``), or ``none`` where no check is defined.
    """
    state, labels = attributes["State"], attributes["Config"]["Labels"]
    network = attributes["NetworkSettings"]["Networks"].get(slot_network) or {}
    return {
        "name": attributes["Name"].lstrip("/"),
        "service": labels.get("com.docker.compose.service", ""),
        "project": labels.get("com.docker.compose.project", ""),
        "part": adopted["part"] if adopted else labels[LABEL_PART],
        "slot": adopted["slot"] if adopted else labels[LABEL_SLOT],
        "running": bool(state["Running"]),
        "health": state.get("Health", {}).get("Status", "none"),
        "address": network.get("IPAddress", ""),
        "image": attributes["Image"],
        "labelled": adopted is None,
    }


def containers_by_release(
    client: docker.DockerClient, slot_network: str, adopted: dict[str, dict] | None = None
) -> dict[str, list[dict]]:
    """Return {release id: [container]} for all containers that carry a release's label, running or not.

    ``adopted`` is {container id: {release, part, slot}} of those that belong to one without its label.
    """
    found: dict[str, list[dict]] = {}
    for entry in client.api.containers(all=True, filters={"label": LABEL_RELEASE}):
        try:
            attributes = client.api.inspect_container(entry["Id"])
        except docker.errors.NotFound:
            continue  # removed since it was listed
        release = attributes["Config"]["Labels"][LABEL_RELEASE]
        # One-off containers (migrations, smoke tests) carry the labels of their service, and belong to no slot.
        if attributes["Config"]["Labels"].get("com.docker.compose.oneoff") != "True":
            found.setdefault(release, []).append(summarise(attributes, slot_network))
    for name, known in (adopted or {}).items():
        try:
            summary = summarise(client.api.inspect_container(name), slot_network, known)
        except docker.errors.NotFound:
            continue  # made again since, with labels
        found.setdefault(known["release"], []).append(summary)
    return found


def missing_images(client: docker.DockerClient, images: dict[str, str]) -> list[str]:
    """Return the services whose recorded image is not on this engine any more."""
    missing = []
    for service, image in sorted(images.items()):
        try:
            client.api.inspect_image(image)
        except docker.errors.ImageNotFound:
            missing.append(service)
    return missing


def serving(containers: list[dict]) -> bool:
    """Say whether a release runs whole: it has containers, all of them run, and none is unhealthy or starting."""
    return bool(containers) and all(c["running"] and c["health"] in ("healthy", "none") for c in containers)


def addresses(containers: list[dict]) -> dict[str, str]:
    """Return {part: address} of the containers that the edge reaches."""
    return {c["part"]: c["address"] for c in containers if c["part"]}
