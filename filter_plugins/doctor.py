"""Filters of the role doctor and of its playbook."""

from __future__ import annotations

import base64
from typing import Any

SWITCH = ("true", "false")


def switch_problems(switches: dict[str, Any]) -> list[str]:
    """Return a sentence for each variable that is neither true nor false, as text or as JSON."""
    return [
        f"{name} is {value!r}; true or false is needed."
        for name, value in switches.items()
        if str(value).lower() not in SWITCH
    ]


def vault_problems(command: str, fixes: Any) -> list[str]:
    """Return a sentence where a repair may need a run of its own, which nobody would be there to give the password.

    ``command`` is the command line of this run, ``fixes`` whether it repairs.
    """
    asks = "--ask-vault-pass" in command or "@prompt" in command
    if not asks or str(fixes).lower() != "true":
        return []
    return [
        "doctor_fix may deploy or roll back in a run of its own, which cannot ask for the vault's password; "
        "--vault-password-file is needed instead of a prompt."
    ]


def own_containers(containers: list[dict], releases: dict[str, dict], projects: list[str]) -> list[str]:
    """Return the names of the containers that are ours: of releases, also of those that were adopted, and of projects.

    What other apps of the host have logged is nobody's business here.
    """
    adopted = {container["name"] for release in releases.values() for container in release["containers"]}
    found = []
    for container in containers:
        labels = container.get("Labels") or {}
        name = next(iter(container.get("Names") or []), "").lstrip("/")
        ours = (
            name in adopted or "release.id" in labels or labels.get("com.docker.compose.project") in projects
        )
        found += [name] if name and ours else []
    return found


def bundle_entries(asked: list[dict], logs: list[dict], files: list[dict], findings: str) -> dict[str, str]:
    """Return {name in the bundle: text} of what a host was asked: results of loops of `command` and of `slurp`."""
    entries = {"findings.json": findings}
    for result in asked:
        entries[f"host/{'-'.join(result['item'])[:60].replace('/', '_')}.txt"] = _said(result)
    for result in logs:
        entries[f"logs/{result['item']}.txt"] = _said(result)
    for result in files:
        text = base64.b64decode(result.get("content", "")).decode(errors="replace")
        entries[f"files/{result['item'].strip('/')}"] = text or f"{result.get('msg', 'empty')}\n"
    return entries


def _said(result: dict) -> str:
    parts = (result.get("stdout"), result.get("stderr"), "" if "rc" in result else result.get("msg"))
    return "\n".join(part for part in parts if part) + "\n"


class FilterModule:
    """Filters of the role doctor."""

    def filters(self) -> dict:
        return {
            "bundle_entries": bundle_entries,
            "own_containers": own_containers,
            "switch_problems": switch_problems,
            "vault_problems": vault_problems,
        }
