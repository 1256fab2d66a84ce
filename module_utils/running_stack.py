"""The stack that was started by hand, as engine and compose describe it. Needs the ``docker`` SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import docker
import docker.errors
from ansible.module_utils.adoption import (
    CONFIG_FILES,
    PROJECT,
    WORKING_DIR,
    AdoptionError,
    check_unchanged,
    find_stack,
    labels,
    service_of,
)

#: Runs a command and returns (exit code, output, error output), as `AnsibleModule.run_command` does.
Command = Callable[[list[str]], tuple[int, str, str]]


@dataclass(frozen=True)
class Stack:
    """Its containers (``docker inspect``), sorted by service, and the model of its compose file."""

    members: list[dict]
    model: dict

    @property
    def project(self) -> str:
        return labels(self.members[0])[PROJECT]

    @property
    def images(self) -> dict[str, str]:
        return {service_of(c): c["Image"] for c in self.members}


def inspect_all(client: docker.DockerClient) -> list[dict]:
    """Return what the engine knows of every running container."""
    found = []
    for entry in client.api.containers():
        try:
            found.append(client.api.inspect_container(entry["Id"]))
        except docker.errors.NotFound:
            continue  # ended since it was listed
    return found


def read_stack(client: docker.DockerClient, services: dict, run: Command) -> Stack | None:
    """Return the stack that can be adopted, None where there is none; raises `AdoptionError` where it cannot be."""
    members = find_stack(inspect_all(client), services)
    if not members:
        return None
    base = compose_command(labels(members[0]))
    hashes = dict(
        line.split() for line in ask(run, [*base, "config", "--hash", "*"]).splitlines() if line.strip()
    )
    check_unchanged(members, hashes)
    return Stack(members, json.loads(ask(run, [*base, "config", "--format", "json"])))


def compose_command(known: dict[str, str]) -> list[str]:
    """Return the command line by which compose reads the files that a project was started from."""
    files = [part for name in known[CONFIG_FILES].split(",") for part in ("--file", name)]
    return [
        *("docker", "compose", "--project-name", known[PROJECT], "--project-directory", known[WORKING_DIR]),
        *files,
    ]


def ask(run: Command, argv: list[str]) -> str:
    """Return the output of a command; its failure names the command."""
    code, output, error = run(argv)
    if code != 0:
        raise AdoptionError(f"`{' '.join(argv)}` failed: {error.strip() or output.strip()}")
    return output
