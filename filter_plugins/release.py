"""What a release is made of: its id, and its compose file."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

#: A version must leave room for the dash and the digest, within the 63 characters of a container or image name.
VERSION_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
DIGEST_LENGTH = 12
FINGERPRINT_ROUNDS = 200_000
#: Where the application finds its secrets, inside every container.
SECRETS_MOUNT = "/run/secrets"
#: States of a release that has proved itself on the public address.
PROVEN = ("live", "good")


def release_id(version: str, source_digest: str, config: dict, secrets: dict) -> str:
    """Return ``<version>-<12 hex>``: the same for the same source, configuration and secrets.

    Of the secrets only a slow fingerprint goes in, so the id tells that one has changed and nothing about it.
    """
    if not VERSION_PATTERN.fullmatch(version) or ".." in version:
        raise ValueError(
            f"version {version!r} cannot name a release; at most 50 of the characters a-z, 0-9, '.', '_' and '-' can."
        )
    fingerprint = _fingerprint(secrets, source_digest)
    parts = [version, source_digest, json.dumps(config, sort_keys=True), fingerprint]
    return f"{version}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:DIGEST_LENGTH]}"


def _fingerprint(secrets: dict, salt: str) -> str:
    # Slow on purpose: the id is public, and must not be a quick way to try guesses of a weak secret.
    content = json.dumps(secrets, sort_keys=True).encode()
    return hashlib.pbkdf2_hmac("sha256", content, salt.encode(), FINGERPRINT_ROUNDS).hex()


def compose_project(release: str) -> str:
    """Return the compose project of a release; compose allows no dots in a project's name."""
    return release.replace(".", "-")


def release_compose(
    services: dict,
    release: str,
    secrets_dir: str,
    networks: list[str],
    slot_network: str,
    dns_options: list[str],
) -> dict:
    """Return the content of a release's compose file.

    ``services`` is {name: {image or built_image, part, environment, secrets, command, volumes, tmpfs,
    networks, healthcheck, memory, cpus, stop_grace_seconds}}. A service with a ``part`` (``api`` or ``web``) is
    reached by the edge as ``<part>-<slot>``; the slot comes from ``RELEASE_SLOT`` in the project's ``.env`` when
    it is started.
    """
    return {
        "name": compose_project(release),
        "services": {
            name: _service(service, release, secrets_dir, slot_network) | {"dns_opt": dns_options}
            for name, service in sorted(services.items())
        },
        "networks": {name: {"external": True, "name": name} for name in networks},
    }


def _service(service: dict, release: str, secrets_dir: str, slot_network: str) -> dict:
    mounts = [_secret_mount(secrets_dir, name) for name in service.get("secrets", [])]
    content = {
        "image": _literal(service.get("image") or f"{service['built_image']}:{release}"),
        "pull_policy": "never",
        "restart": "unless-stopped",
        "init": service.get("init", False),
        "environment": {**_environment(service.get("environment", {})), "RELEASE_ID": release},
        "networks": _networks(service, slot_network),
        "volumes": _literal([*service.get("volumes", []), *mounts]),
        "healthcheck": _literal(service["healthcheck"]),
        "stop_grace_period": f"{service['stop_grace_seconds']}s",
        "mem_limit": service["memory"],
        "cpus": service["cpus"],
        "read_only": True,
        "tmpfs": _literal(service.get("tmpfs", ["/tmp"])),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "labels": {
            "release.id": release,
            "release.part": service.get("part", ""),
            "release.slot": "${RELEASE_SLOT}",
        },
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    }
    return {**content, **({"command": _literal(service["command"])} if service.get("command") else {})}


def _environment(environment: dict) -> dict[str, str]:
    return {name: _literal(str(value)) for name, value in environment.items()}


def _literal(value: Any) -> Any:
    # Compose would put a value of its own in the place of what is a name, or for a shell in the container.
    if isinstance(value, dict):
        return {name: _literal(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_literal(part) for part in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _secret_mount(secrets_dir: str, name: str) -> str:
    return f"{secrets_dir}/{name}:{SECRETS_MOUNT}/{name}:ro"


def _networks(service: dict, slot_network: str) -> dict:
    joined: dict[str, dict] = {name: {} for name in service.get("networks", [])}
    if service.get("part"):
        joined[slot_network] = {"aliases": [f"{service['part']}-${{RELEASE_SLOT}}"]}
    return joined


def releases_running(releases: dict, slot: str = "") -> list[str]:
    """Return the releases of `release_info` that have a running container, in ``slot`` where one is named."""
    return sorted(
        name
        for name, release in releases.items()
        if any(c["running"] and slot in ("", c["slot"]) for c in release["containers"])
    )


def releases_unproven(releases: dict) -> list[str]:
    """Return the recorded releases of `release_info` that were never live and verified."""
    records = {name: release["record"] for name, release in releases.items()}
    return sorted(name for name, record in records.items() if record and record.get("state") not in PROVEN)


def releases_recorded_live(releases: dict) -> list[str]:
    """Return the releases of `release_info` whose record says that they are live.

    There is one, but for a run that was cut short after its switch: then the edge sends the traffic to another.
    """
    return sorted(name for name, release in releases.items() if release["record"].get("state") == "live")


def release_left(info: dict) -> str:
    """Return the release that a run which was cut short after its switch has left, to go back to; empty for none.

    It is the one that is recorded live. Recording marks that one as good before the new one is live: a run that died
    between the two has no release recorded live, and the record of the live one names, as ``left``, what it had left.
    Either counts while it runs beside the live one, and no longer: going back to what was stopped would help nobody.
    """
    releases, live = info["releases"], info["live"]
    record = releases.get(live, {}).get("record", {})
    recorded = [name for name in releases_recorded_live(releases) if name != live]
    before = "" if record.get("state") in PROVEN else record.get("predecessor")
    name = recorded[0] if recorded else record.get("left", before) or ""
    known = releases.get(name, {"record": {}, "containers": []})
    parts = [container for container in known["containers"] if container["part"]]
    beside = parts and all(part["running"] and part["slot"] == info["idle_slot"] for part in parts)
    return name if beside and known["record"].get("state") in PROVEN else ""


def release_unverified(info: dict) -> str:
    """Return the live release where the run that switched to it died before it was recorded; empty for none.

    One that a run has found bad, with nothing to go back to, is none: another deploy is what helps then.
    """
    record = info["releases"].get(info["live"], {}).get("record", {})
    recorded = releases_recorded_live(info["releases"])
    # One that was good before has that state from the switch on, and its record says what was left until it is live.
    is_recorded = (
        info["live"] in recorded or not recorded and record.get("state") in PROVEN and not record.get("left")
    )
    return info["live"] if record and not is_recorded and not record.get("failure") else ""


def release_unfinished(info: dict) -> dict:
    """Return what a run that died was at beside the live release: {id, slot, record, beside, beside_settings}.

    ``id`` is empty where there is none; ``beside`` is the live release, with the settings that were recorded of it.
    """

    def record(name: str) -> dict:
        return info["releases"].get(name, {}).get("record", {})

    return {
        "id": info["unfinished"],
        "slot": info["idle_slot"],
        "record": record(info["unfinished"]),
        "beside": info["live"],
        "beside_settings": record(info["live"]).get("settings", {}),
    }


def releases_listed(info: dict, deploy_command: str) -> list[str]:
    """Return one line for each release of `release_info`, the newest first, and what is wrong on the host.

    ``deploy_command`` is what an operator types where there is none.
    """
    releases = sorted(
        info["releases"].items(), key=lambda item: item[1]["record"].get("created_at", ""), reverse=True
    )
    lines = [f"{name}: {_described(name, release, info)}" for name, release in releases]
    return [
        *(lines or [f"no release is on this host; deploy one: {deploy_command}"]),
        *info["problems"],
    ]


def _described(name: str, release: dict, info: dict) -> str:
    state = release["record"].get("state", "without a record")
    role = {info["live"]: "live", info["rollback_target"]: "previous, a rollback goes here"}.get(name, "")
    if state == "failed":
        failure = release["record"].get("failure", {})
        role = (
            role
            or f'failed in "{failure.get("task", "a task that is not recorded")}", never a rollback target'
        )
    elif state not in ("good", "live"):
        role = role or f"unfinished ({state}), never a rollback target"
    gone = f"image of {', '.join(release['missing_images'])} is gone" if release["missing_images"] else ""
    role = role or gone or f"a rollback may go here: -e release={name}"
    runs = "runs" if release["serving"] else "stopped"
    return f"{role}, {runs}, deployed {release['record'].get('created_at', 'at an unknown time')}"


def history_lines(text: str, count: int = 10) -> list[str]:
    """Return a line for each of the last runs in the history of a host, the newest first.

    text: the file's; a line that a crash has cut short is left out.
    """
    entries = []
    for line in text.splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return [
        " ".join(
            (
                entry.get("at", "")[:16].replace("T", " "),
                entry.get("verb", ""),
                # A run that was cut short is known by its lock, which does not name the release.
                *filter(None, [entry.get("release")]),
                f"by {entry.get('user', '')} from {entry.get('from', '')}:",
                f"{entry.get('outcome', '')}, {entry.get('evidence', '')}",
            )
        )
        for entry in reversed(entries[-count:])
        if isinstance(entry, dict)
    ]


def other_slot(slot: str) -> str:
    """Return the slot that is not ``slot``."""
    return {"blue": "green", "green": "blue"}[slot]


def edit_list(steps: list[dict]) -> list[str]:
    """Return what became of the edits of a source, one line a step and file."""
    lines = []
    for step in steps:
        place = f", {step['file']}" if step["file"] else ""
        place += f":{step['line']}" if step["line"] else ""
        lines.append(f"step {step['step']}: {step['outcome'].replace('_', ' ')}{place}, {step['reason']}")
    return lines


class FilterModule:
    """Filters of the release role."""

    def filters(self) -> dict:
        return {
            "edit_list": edit_list,
            "history_lines": history_lines,
            "other_slot": other_slot,
            "release_compose": release_compose,
            "release_id": release_id,
            "release_left": release_left,
            "release_unfinished": release_unfinished,
            "release_unverified": release_unverified,
            "releases_listed": releases_listed,
            "releases_recorded_live": releases_recorded_live,
            "releases_running": releases_running,
            "releases_unproven": releases_unproven,
        }
