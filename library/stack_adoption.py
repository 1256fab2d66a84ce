#!/usr/bin/python
"""Make the stack that was started by hand a release, without touching what it serves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_adoption
short_description: Make a compose project that was started by hand a release
description:
  - Tags the images of the running containers with the release's id, connects the containers to the edge's network under
    the names of a slot, and writes the compose file that starts the same images again.
  - No container is stopped, started, made or removed.
options:
  services:
    description: Services of a release as the inventory lists them, by name.
    type: dict
    required: true
  root:
    description: Folder that holds the releases.
    type: path
    required: true
  release:
    description: Id of the release.
    type: str
    required: true
  slot:
    description: Slot that the release takes.
    type: str
    choices: [blue, green]
    required: true
  slot_network:
    description: Docker network on which the edge reaches the releases. It must be internal.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Says whether anything is missing, and does nothing.
author: Deployment team
"""

EXAMPLES = r"""
- name: Make the running stack a release
  stack_adoption:
    services: {app_api: {part: api, built_image: api}, app_web: {part: web, built_image: web}}
    root: /srv/app
    release: adopted-0123456789ab
    slot: blue
    slot_network: edge
"""

# Whether it changed anything, which every module returns.
RETURN = r"""{}"""

import json
import os
import traceback

from ansible.module_utils.adoption import AdoptionError, adopted_compose, service_of
from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.release_store import ReleaseError, release_dir, write_json

try:
    import docker
    from ansible.module_utils.running_stack import Stack, read_stack

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    services=dict(type="dict", required=True),
    root=dict(type="path", required=True),
    release=dict(type="str", required=True),
    slot=dict(type="str", choices=["blue", "green"], required=True),
    slot_network=dict(type="str", required=True),
)


class Adoption:
    """One stack on its way to be a release. Each step returns whether there was anything to do."""

    def __init__(self, client, stack: Stack, params: dict, check_mode: bool) -> None:
        self.client, self.stack, self.params, self.check_mode = client, stack, params, check_mode

    def part(self, container: dict) -> str:
        """Return the part that a container is of the release; empty for one that the edge does not reach."""
        return self.params["services"][service_of(container)].get("part", "")

    def tag(self, container: dict) -> bool:
        """Keep the container's image under the release's id."""
        name = self.params["services"][service_of(container)].get("built_image")
        if not name or f"{name}:{self.params['release']}" in self.tags(container):
            return False
        if not self.check_mode:
            self.client.api.tag(container["Image"], name, self.params["release"])
        return True

    def tags(self, container: dict) -> list[str]:
        return self.client.api.inspect_image(container["Image"]).get("RepoTags") or []

    def connect(self, container: dict) -> bool:
        """Connect the container to the edge's network under the name of its slot."""
        if not self.part(container):
            return False
        network, alias = self.params["slot_network"], f"{self.part(container)}-{self.params['slot']}"
        known = container["NetworkSettings"]["Networks"].get(network)
        if known and alias in (known.get("Aliases") or []):
            return False
        if not self.check_mode:
            if known:
                self.client.api.disconnect_container_from_network(container["Id"], network)
            self.client.api.connect_container_to_network(container["Id"], network, aliases=[alias])
        return True

    def write_compose(self) -> bool:
        """Write the compose file of the release. It is root's alone: the stack may have secrets in its environment."""
        folder = release_dir(self.params["root"], self.params["release"])
        path = os.path.join(folder, "compose.yml")
        content = adopted_compose(
            self.stack.model, self.params["services"], self.params["release"], self.params["slot_network"]
        )
        if os.path.exists(path):
            with open(path, encoding="utf-8") as handle:
                if json.load(handle) == content:
                    return False
        if not self.check_mode:
            os.makedirs(folder, mode=0o755, exist_ok=True)
            write_json(path, content)  # JSON is YAML
        return True

    def run(self) -> bool:
        """Do all steps; the compose file is first, since it says whether the stack fits."""
        done = [self.write_compose()]
        for container in self.stack.members:
            done += [self.tag(container), self.connect(container)]
        return any(done)


def check_network(client, name: str) -> None:
    """Refuse a network over which the engine would publish ports anew when a container joins it."""
    if not client.api.inspect_network(name)["Internal"]:
        raise AdoptionError(
            f"network {name} is not internal: joining it would move the ports that a running container publishes. "
            "Remove the edge and the network, and run playbooks/setup.yml again."
        )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    params = module.params
    try:
        client = docker.from_env()
        stack = read_stack(client, params["services"], module.run_command)
        if stack is None:
            raise AdoptionError("no running compose project runs the services of release_services any more.")
        check_network(client, params["slot_network"])
        changed = Adoption(client, stack, params, module.check_mode).run()
    except (AdoptionError, ReleaseError, OSError, ValueError, docker.errors.DockerException) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
