#!/usr/bin/python
"""Publish the hashed assets of a release beside those of the releases that are kept."""

from __future__ import annotations

DOCUMENTATION = r"""
module: frontend_assets
short_description: Publish a release's hashed assets for tabs that are still open
description:
  - Copies the built assets out of a frontend image into the release's folder, and links each into a folder that
    all releases serve.
  - With O(state=pruned), removes the shared files that no release's folder holds any more.
options:
  state:
    description: V(published) adds the assets of one release, V(pruned) removes what no release holds.
    type: str
    choices: [published, pruned]
    default: published
  shared_dir:
    description: Folder that every release serves read-only. It must be on the same file system as the releases.
    type: path
    required: true
  release_dir:
    description: Folder of the release. Required when O(state=published).
    type: path
  image:
    description: Frontend image of the release. Required when O(state=published).
    type: str
  image_path:
    description: Folder of the hashed assets in the image. Required when O(state=published).
    type: str
attributes:
  check_mode:
    support: partial
    description: Nothing is written in check mode; a release that is not published yet is reported as a change.
author: Deployment team
"""

EXAMPLES = r"""
- name: Publish the assets
  frontend_assets:
    image: web:v2-0123456789ab
    image_path: /opt/site/assets
    release_dir: /srv/app/releases/v2-0123456789ab
    shared_dir: /srv/app/assets
"""

RETURN = r"""
files:
  description: Names of the files that were added to the shared folder or removed from it.
  returned: success
  type: list
  elements: str
"""

import os
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.frontend_assets import AssetsError, prune, publish, unpack

try:
    import docker
    import docker.errors

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    state=dict(type="str", choices=["published", "pruned"], default="published"),
    shared_dir=dict(type="path", required=True),
    release_dir=dict(type="path"),
    image=dict(type="str"),
    image_path=dict(type="str"),
)
REQUIRED_IF = [("state", "published", ("release_dir", "image", "image_path"))]


def copy_out(image: str, path: str, target: str) -> None:
    """Copy a folder out of an image that nothing runs."""
    client = docker.from_env()
    container = client.api.create_container(image, command=["true"], labels={"release.assets": image})
    try:
        stream, _stat = client.api.get_archive(container["Id"], path)
        unpack(stream, target)
    except docker.errors.NotFound as error:
        raise AssetsError(f"image {image} has no folder {path}; set the path of the built assets.") from error
    finally:
        client.api.remove_container(container["Id"], force=True)


def published(params: dict) -> list[str]:
    """Publish the assets of one release."""
    assets = os.path.join(params["release_dir"], "assets")
    if not os.path.isdir(assets):
        copy_out(params["image"], params["image_path"], assets)
    os.makedirs(params["shared_dir"], mode=0o755, exist_ok=True)
    return publish(assets, params["shared_dir"])


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    params = module.params
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    if module.check_mode:
        known = params["state"] == "pruned" or os.path.isdir(os.path.join(params["release_dir"], "assets"))
        module.exit_json(changed=not known, files=[])
    try:
        files = prune(params["shared_dir"]) if params["state"] == "pruned" else published(params)
    except (AssetsError, OSError, docker.errors.DockerException) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(files), files=files)


if __name__ == "__main__":
    main()
