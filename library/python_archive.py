#!/usr/bin/python
"""Pack installed Python packages into an archive that another Python can import from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_archive
short_description: Pack Python packages into one importable archive
description:
  - Packs the modules of distributions that are installed beside the Python that runs this, and of folders, into a zip
    archive. Put on C(PYTHONPATH), it lends a container a tool that its image lacks.
  - The same content makes the same archive. Only pure Python can be imported from it.
options:
  distributions:
    description: Distributions by their names on PyPI.
    type: list
    elements: str
    default: []
  folders:
    description: Folders of packages; each becomes a package of its own name.
    type: list
    elements: path
    default: []
  path:
    description: Path of the archive. Its folder is made.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Nothing is written in check mode.
author: Deployment team
"""

EXAMPLES = r"""
- name: Pack a linter
  python_archive:
    distributions: [django-migration-linter]
    path: ~/.cache/linter.zip
  delegate_to: localhost
"""

RETURN = r"""
versions:
  description: Versions of the distributions.
  returned: success
  type: dict
  sample: {django-migration-linter: 6.0.0}
"""

import importlib.metadata
import io
import os
import zipfile

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC = dict(
    distributions=dict(type="list", elements="str", default=[]),
    folders=dict(type="list", elements="path", default=[]),
    path=dict(type="path", required=True),
)
#: The earliest time that an archive can hold: the same files make the same archive.
NO_TIME = (1980, 1, 1, 0, 0, 0)


class ArchiveError(Exception):
    """Something cannot be packed; the text is one sentence for the operator."""


def files_of_distribution(name: str) -> dict[str, str]:
    """Return {path in the archive: path} of the Python files of an installed distribution."""
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ArchiveError(
            f"{name} is not installed beside Ansible's Python; it comes with requirements.txt: make a new environment."
        ) from error
    return {
        str(file): str(file.locate()) for file in files if file.suffix == ".py" and ".." not in file.parts
    }


def files_of_folder(folder: str) -> dict[str, str]:
    """Return {path in the archive: path} of the Python files of a folder."""
    parent = os.path.dirname(os.path.normpath(folder))
    paths = [os.path.join(at, leaf) for at, _folders, leaves in os.walk(folder) for leaf in leaves]
    return {os.path.relpath(path, parent): path for path in paths if path.endswith(".py")}


def pack(files: dict[str, str]) -> bytes:
    """Return the archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            with open(files[name], "rb") as handle:
                archive.writestr(zipfile.ZipInfo(name, NO_TIME), handle.read(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def write(path: str, content: bytes) -> None:
    """Replace a file in one rename: two runs may pack the same."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as handle:
        handle.write(content)
    os.replace(temporary, path)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, files = module.params, {}
    try:
        for found in [
            *map(files_of_distribution, params["distributions"]),
            *map(files_of_folder, params["folders"]),
        ]:
            files |= found
        content = pack(files)
        known = None
        if os.path.exists(params["path"]):
            with open(params["path"], "rb") as handle:
                known = handle.read()
        changed = content != known
        if changed and not module.check_mode:
            write(params["path"], content)
    except (ArchiveError, OSError) as error:
        module.fail_json(msg=str(error))
    versions = {name: importlib.metadata.version(name) for name in params["distributions"]}
    module.exit_json(changed=changed, versions=versions)


if __name__ == "__main__":
    main()
