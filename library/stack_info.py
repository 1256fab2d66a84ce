#!/usr/bin/python
"""Read the stack that was started by hand, as the release that it would become."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: Read the compose project that runs the app without being a release
description:
  - Looks for one running compose project, started by hand, that runs the services of a release, and no others.
  - Fails where such a project cannot be adopted, with what differs.
options:
  services:
    description: Services of a release as the inventory lists them, by name.
    type: dict
    required: true
  root:
    description: Folder that holds the releases.
    type: path
    required: true
  data:
    description: Files and folders that the containers mount and write; they are not source.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Look for a stack that was started by hand
  stack_info:
    services: {app_api: {part: api}, app_web: {part: web}}
    root: /srv/app
"""

RETURN = r"""
project:
  description: Name of the compose project; empty when there is none.
  returned: always
  type: str
containers:
  description: Names of its containers by service.
  returned: always
  type: dict
adopted:
  description: Parts of the containers that are adopted, by container id.
  returned: always
  type: dict
images:
  description: Ids of its images by service.
  returned: always
  type: dict
sources:
  description: SHA-256 of each file or folder of the host that the containers run from.
  returned: always
  type: dict
digest:
  description: SHA-256 over images and sources.
  returned: always
  type: str
fingerprint:
  description: Slow hash of its configuration.
  returned: always
  type: str
"""

import traceback

from ansible.module_utils.adoption import (
    AdoptionError,
    bind_sources,
    checksum,
    digest,
    fingerprint,
    own_paths,
    service_of,
)
from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import docker
    from ansible.module_utils.running_stack import read_stack

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    services=dict(type="dict", required=True),
    root=dict(type="path", required=True),
    data=dict(type="list", elements="path", default=[]),
)
NOTHING = dict(project="", containers={}, adopted={}, images={}, sources={}, digest="", fingerprint="")


def collect(stack, params: dict) -> dict:
    """Return what the stack is made of."""
    own = own_paths(params["root"])
    sources = {path: checksum(path, own) for path in bind_sources(stack.members, params["data"])}
    total = digest(stack.images, sources)
    return dict(
        project=stack.project,
        containers={service_of(c): c["Name"].lstrip("/") for c in stack.members},
        adopted={c["Id"]: params["services"][service_of(c)].get("part", "") for c in stack.members},
        images=stack.images,
        sources=sources,
        digest=total,
        fingerprint=fingerprint(stack.model, total),
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    try:
        stack = read_stack(docker.from_env(), module.params["services"], module.run_command)
        result = collect(stack, module.params) if stack else NOTHING
    except (AdoptionError, OSError, docker.errors.DockerException) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
