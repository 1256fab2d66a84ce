"""What a stack that was started by hand becomes as a release: which containers, which id, which compose file.

Containers are the answers of ``docker inspect``; ``services`` is what the inventory says of a release:
{name: {part, built_image, volumes, ...}}; ``model`` is what ``docker compose config`` says of the stack's own file.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
CONFIG_HASH = "com.docker.compose.config-hash"
CONFIG_FILES = "com.docker.compose.project.config_files"
WORKING_DIR = "com.docker.compose.project.working_dir"
ONE_OFF = "com.docker.compose.oneoff"
LABEL_RELEASE = "release.id"
#: Mounted secrets are compared where they are used, and leave no trace in a record.
SECRETS_MOUNT = "/run/secrets"
#: Written by tools and by the app's own start; a release is the same with or without them.
SKIPPED_NAMES = frozenset({".git", "node_modules", "__pycache__", ".venv", "dist", ".pytest_cache"})
#: Keys of a service that make no sense where its image is built and the edge has the port.
DROPPED_KEYS = ("build", "ports", "container_name", "command", "entrypoint")
PBKDF2_ROUNDS = 200_000


class AdoptionError(Exception):
    """The stack cannot be adopted; the text is one sentence for the operator."""


def labels(container: dict) -> dict[str, str]:
    """Return a container's labels."""
    return container["Config"]["Labels"] or {}


def service_of(container: dict) -> str:
    """Return the compose service of a container; empty for one of no project."""
    return labels(container).get(SERVICE, "")


def started_by_hand(containers: list[dict]) -> list[dict]:
    """Return the running containers of compose projects that are no releases."""
    return [
        c
        for c in containers
        if c["State"]["Running"]
        and labels(c).get(PROJECT)
        and labels(c).get(ONE_OFF) != "True"
        and LABEL_RELEASE not in labels(c)
    ]


def find_stack(containers: list[dict], services: dict) -> list[dict]:
    """Return the containers of the one project that runs the inventory's services, sorted by service.

    Returns none where no project does. Raises `AdoptionError` where it is not clear what would become a release.
    """
    by_hand = started_by_hand(containers)
    projects = sorted({labels(c)[PROJECT] for c in by_hand if service_of(c) in services})
    if not projects:
        return []
    if len(projects) > 1:
        raise AdoptionError(
            f"compose projects {' and '.join(projects)} both run services of release_services; one can be adopted. "
            "Stop the other one."
        )
    members = sorted((c for c in by_hand if labels(c)[PROJECT] == projects[0]), key=service_of)
    check_members(projects[0], members, services)
    return members


def check_members(project: str, members: list[dict], services: dict) -> None:
    """Refuse a project that runs other services than the inventory lists, or not each of them once."""
    running = [service_of(c) for c in members]
    strangers = sorted(set(running) - set(services))
    if strangers:
        raise AdoptionError(
            f"compose project {project} runs {', '.join(strangers)}, which release_services of the inventory does not "
            f"list ({', '.join(sorted(services))}). Add it there, or stop it, before the project is adopted."
        )
    missing = sorted(set(services) - set(running))
    if missing:
        raise AdoptionError(
            f"compose project {project} does not run {', '.join(missing)}, which release_services of the inventory "
            "lists. Start it, or take it out of the inventory."
        )
    several = sorted({name for name in running if running.count(name) > 1})
    if several:
        raise AdoptionError(
            f"compose project {project} runs {', '.join(several)} more than once; one container a service can be "
            "adopted. Scale it to one."
        )


def check_unchanged(members: list[dict], hashes: dict[str, str]) -> None:
    """Refuse where the compose file says something else than the containers were started with."""
    drifted = [service_of(c) for c in members if hashes.get(service_of(c)) != labels(c).get(CONFIG_HASH)]
    if drifted:
        raise AdoptionError(
            f"{labels(members[0])[CONFIG_FILES]} does not say (any more) what {', '.join(drifted)} was started with, "
            "so it cannot be told how to start it again. Bring the file (and the shell's environment) back to what it "
            "was, or start the changed services with docker compose."
        )


def bind_sources(members: list[dict], data: list[str]) -> list[str]:
    """Return the files and folders that the containers run from; not secrets, nor ``data`` that they write."""
    mounts = [m for c in members for m in c["Mounts"] if m["Type"] == "bind"]
    found = {m["Source"] for m in mounts if not m["Destination"].startswith(SECRETS_MOUNT)}
    return sorted(path for path in found if path not in data)


def _entries(path: str, left_out: frozenset[str]) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for directory, names, files in os.walk(path):
        names[:] = sorted(
            n for n in names if n not in SKIPPED_NAMES and os.path.join(directory, n) not in left_out
        )
        links = [name for name in names if os.path.islink(os.path.join(directory, name))]
        yield from (os.path.join(directory, name) for name in sorted([*files, *links]))


def checksum(path: str, left_out: frozenset[str] = frozenset()) -> str:
    """Return the SHA-256 over names, modes and contents of a file or of all files below a folder."""
    total = hashlib.sha256()
    for entry in _entries(path, left_out):
        if entry in left_out:
            continue
        mode = os.lstat(entry).st_mode
        if stat.S_ISLNK(mode):
            content = os.readlink(entry).encode()
        elif stat.S_ISREG(mode):
            with open(entry, "rb") as handle:
                content = handle.read()
        else:
            continue  # sockets and the like have no content
        name = os.path.relpath(entry, path)
        total.update(f"{name}\0{mode:o}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()


def changed_sources(sources: dict[str, str], left_out: frozenset[str] = frozenset()) -> list[str]:
    """Return the recorded paths that are gone or have another content now."""
    return [
        path
        for path, recorded in sorted(sources.items())
        if not os.path.exists(path) or checksum(path, left_out) != recorded
    ]


def own_paths(root: str) -> frozenset[str]:
    """Return what the releases themselves keep in their folder, which is no source of the app."""
    return frozenset(
        os.path.join(root, n) for n in ("releases", "assets", "backups", "current", "lock.json", "lock.guard")
    )


def digest(images: dict[str, str], sources: dict[str, str]) -> str:
    """Return the SHA-256 over what the stack is made of."""
    return hashlib.sha256(json.dumps([images, sources], sort_keys=True).encode()).hexdigest()


def fingerprint(model: dict, salt: str) -> str:
    """Return a slow hash of the stack's configuration, which may hold secrets."""
    content = json.dumps(model, sort_keys=True).encode()
    return hashlib.pbkdf2_hmac("sha256", content, salt.encode(), PBKDF2_ROUNDS).hex()


def adopted_compose(model: dict, services: dict, release: str, slot_network: str) -> dict:
    """Return the compose file that starts the stack again, from the same images, as a release in a slot.

    It keeps the project's name, so that `docker compose stop` finds the containers that were started by hand.
    """
    unfit = sorted(name for name in services if model["services"][name].get("network_mode"))
    if unfit:
        raise AdoptionError(
            f"{', '.join(unfit)} runs with network_mode, where the edge cannot reach it by a name of a slot. "
            "Give it networks, and start it again, before the stack is adopted."
        )
    content = {key: value for key, value in model.items() if key != "services"}
    networks = {**model.get("networks", {}), slot_network: {"name": slot_network, "external": True}}
    return {
        **content,
        "networks": networks,
        "services": {
            name: _service(model["services"][name], name, services, release, slot_network)
            for name in sorted(services)
        },
    }


def _service(known: dict, name: str, services: dict, release: str, slot_network: str) -> dict:
    wanted = services[name]
    kept = {
        key: value for key, value in known.items() if key not in DROPPED_KEYS or _says_something(key, value)
    }
    networks = dict(known.get("networks") or {})
    if wanted.get("part"):
        networks[slot_network] = {"aliases": [f"{wanted['part']}-${{RELEASE_SLOT}}"]}
    return {
        **kept,
        "image": f"{wanted['built_image']}:{release}" if wanted.get("built_image") else known["image"],
        "pull_policy": "never",
        "restart": known.get("restart", "unless-stopped"),
        # What ran once before the stack, as a migration, is no part of the release; compose refuses to miss it.
        "depends_on": {n: how for n, how in (known.get("depends_on") or {}).items() if n in services},
        "container_name": f"{release.replace('.', '-')}-{name}-1",
        "networks": networks,
        "volumes": _volumes(known, wanted),
        "labels": {
            **(known.get("labels") or {}),
            LABEL_RELEASE: release,
            "release.part": wanted.get("part", ""),
            "release.slot": "${RELEASE_SLOT}",
        },
    }


def _says_something(key: str, value: object) -> bool:
    return key in ("command", "entrypoint") and value is not None


def _volumes(known: dict, wanted: dict) -> list:
    # What every release mounts, as the assets of the others, unless the stack has something of its own there.
    taken = {volume["target"] for volume in known.get("volumes", [])}
    # What `docker compose config` says is escaped already.
    mounted = [volume.replace("$", "$$") for volume in wanted.get("volumes", [])]
    return [*known.get("volumes", []), *(v for v in mounted if v.split(":")[1] not in taken)]


def adopted_containers(records: dict[str, dict]) -> dict[str, dict]:
    """Return {container id: {release, part, slot}} of the containers that were adopted and so carry no label of it."""
    return {
        container: {"release": release, "part": part, "slot": record.get("slot", "")}
        # The newest adoption owns a container.
        for release, record in sorted(records.items(), key=lambda item: item[1].get("created_at", ""))
        for container, part in record.get("adopted", {}).items()
    }
