#!/usr/bin/python
"""Assemble the source of a version on the control node and pack it for the app host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_source
short_description: Assemble the source of a version into an archive
description:
  - Composes the source of a version on the control node, in a scratch copy, and never changes the operator's folder.
  - The digest depends on names, modes and contents alone, so equal sources give equal releases.
  - The archive is a scratch file that can be made again at any time, so the module never reports a change.
options:
  source:
    description:
      - Folder of the app.
      - It may hold C(versions.yml), which composes versions from C(base/) and C(overlays/<name>/).
    type: path
    required: true
  version:
    description: Version that is wanted.
    type: str
    required: true
  archive_dir:
    description: Folder for the archive; it is created when it does not exist.
    type: path
    required: true
  additions:
    description:
      - Files that builds need on this network, such as a list of certificate authorities, and that are not source.
      - They are in the archive, and do not count for the digest.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Name in the source.
        type: str
        required: true
      src:
        description: File on the control node.
        type: path
        required: true
  replacements:
    description: Files that take another one's place when they are in the source. The old file is kept beside it.
    type: list
    elements: dict
    default: []
    suboptions:
      new:
        description: File that is put in place.
        type: str
        required: true
      target:
        description: File whose place it takes.
        type: str
        required: true
      kept:
        description: Name under which the old file is kept.
        type: str
        required: true
attributes:
  check_mode:
    support: full
    description: Works the same in check mode; only scratch files are written.
author: Deployment team
"""

EXAMPLES = r"""
- name: Assemble the source
  release_source:
    source: /src/app
    version: v2
    archive_dir: /tmp/archives
  delegate_to: localhost
"""

RETURN = r"""
archive:
  description: Path of the tar archive on the control node.
  returned: success
  type: str
digest:
  description: SHA-256 over names, modes and contents of the files.
  returned: success
  type: str
files:
  description: Number of files.
  returned: success
  type: int
replaced:
  description: The targets whose replacement was in the source.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.release_source import (
    Replacement,
    SourceError,
    collect,
    digest,
    layers,
    pack,
    replace,
)

ARGUMENT_SPEC = dict(
    source=dict(type="path", required=True),
    version=dict(type="str", required=True),
    archive_dir=dict(type="path", required=True),
    additions=dict(
        type="list",
        elements="dict",
        default=[],
        options=dict(path=dict(type="str", required=True), src=dict(type="path", required=True)),
    ),
    replacements=dict(
        type="list",
        elements="dict",
        default=[],
        options=dict(
            new=dict(type="str", required=True),
            target=dict(type="str", required=True),
            kept=dict(type="str", required=True),
        ),
    ),
)


def prepare_folder(folder: str) -> None:
    """Create the folder of the archives, which are deployed as they are and so must be this user's alone."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.stat(folder).st_uid != os.getuid():
        raise SourceError(
            f"folder {folder} belongs to another user; set release_archive_dir to one of your own."
        )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        files = collect(layers(params["source"], params["version"]))
        files, replaced = replace(files, [Replacement(**entry) for entry in params["replacements"]])
        found = digest(files)
        packed = {**files, **{entry["path"]: entry["src"] for entry in params["additions"]}}
        prepare_folder(params["archive_dir"])
        archive = os.path.join(params["archive_dir"], f"{digest(packed)}.tar")
        pack(packed, archive)
    except (SourceError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, archive=archive, digest=found, files=len(files), replaced=replaced)


if __name__ == "__main__":
    main()
