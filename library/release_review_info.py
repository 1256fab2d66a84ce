#!/usr/bin/python
"""Compare the live release with the one that is wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_review_info
short_description: Compare the live release with the one that is wanted
description:
  - Compares the files of a release on the host with the manifest of another source, and returns what is shown beside
    the wanted ones.
options:
  root:
    description: Folder that holds the releases.
    type: path
    required: true
  live:
    description: Id of the live release. Without it, or where its source is not in its folder, everything is new.
    type: str
  wanted:
    description: Id of the release that is wanted.
    type: str
    required: true
  manifest:
    description: SHA-256 of each wanted file by its path.
    type: dict
    required: true
  ignored:
    description: Paths that do not count.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Compare the live release with the one that is wanted
  release_review_info:
    root: /srv/app
    live: v1-0123456789ab
    wanted: v2-ba9876543210
    manifest: "{{ source.manifest }}"
"""

RETURN = r"""
known:
  description: Whether the source of the live release is there to be compared.
  returned: success
  type: bool
files:
  description: Paths that are added, changed and removed.
  returned: success
  type: dict
  sample: {added: [backend/new.py], changed: [], removed: []}
migrations:
  description: Migrations among the files that are added or changed.
  returned: success
  type: list
  elements: str
compose:
  description: >-
    Compose file of the live release, with the id of the wanted one in the place of its own; empty where there is none.
  returned: success
  type: str
images:
  description: References by digest, by name of the image, of the images that the live release was pulled by.
  returned: success
  type: dict
  sample: {}
texts:
  description: Contents of the changed and removed text files as they are live.
  returned: success
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.release_review import compare, migrations, read_manifest, read_texts
from ansible.module_utils.release_store import ReleaseError, read_record, release_dir

ARGUMENT_SPEC = dict(
    root=dict(type="path", required=True),
    live=dict(type="str"),
    wanted=dict(type="str", required=True),
    manifest=dict(type="dict", required=True),
    ignored=dict(type="list", elements="str", default=[]),
)


def read_compose(path: str) -> str:
    """Return the text of a compose file; empty where there is none."""
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def review(params: dict) -> dict:
    """Return the module's result."""
    folder = release_dir(params["root"], params["live"]) if params["live"] else ""
    source = os.path.join(folder, "source")
    before = read_manifest(source, set(params["ignored"])) if folder else {}
    wanted = {name: value for name, value in params["manifest"].items() if name not in params["ignored"]}
    files = compare(before, wanted)
    # Compose names its project without dots, so the id stands there in two forms.
    # The compose file of an adopted app is somebody else's, and may hold secrets in its environment.
    record = (read_record(params["root"], params["live"]) or {}) if folder else {}
    shown = folder and "adopted" not in record
    live_compose = read_compose(os.path.join(folder, "compose.yml")) if shown else ""
    for old, new in (
        (params["live"], params["wanted"]),
        ((params["live"] or "").replace(".", "-"), params["wanted"].replace(".", "-")),
    ):
        live_compose = live_compose.replace(old, new) if old else live_compose
    return dict(
        known=bool(before),
        files=files,
        migrations=migrations(files),
        compose=live_compose,
        images=record.get("pulled", {}),
        texts=read_texts(source, files["changed"] + files["removed"]),
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(changed=False, **review(module.params))
    except (ReleaseError, OSError) as error:
        module.fail_json(msg=f"the live release cannot be compared: {error}")


if __name__ == "__main__":
    main()
