#!/usr/bin/python
"""Assemble the source of a version on the control node and pack it for the app host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_source
short_description: Assemble the source of a version into an archive
description:
  - Composes the source of a version on the control node, in a scratch copy, and never changes the operator's folder.
  - Of a git repository, the contents are taken as the commit has them, without filters and line endings of this
    machine; symbolic links, submodules and Git LFS are refused.
  - The digest depends on names, modes and contents alone, so equal sources give equal releases.
  - The archive is a scratch file that can be made again at any time, so the module never reports a change.
options:
  source:
    description:
      - Folder of the app, or a git repository.
      - A folder may hold C(versions.yml), which composes versions from C(base/) and C(overlays/<name>/). Without it, it
        is taken as it stands, and the version is only a name.
      - A git repository is C(https://host/path), C(ssh://user@host/path), C(user@host:path), a bare repository, or a
        folder with C(.git) and without C(versions.yml); of such a folder, only what is committed counts.
      - An address with a password, token or query is refused; an ssh key or git's credential helper logs in.
    type: path
    required: true
  version:
    description:
      - Version that is wanted.
      - Of a git repository, the name of a tag, else of a branch, else the id of a commit that a tag or branch leads to.
    type: str
    required: true
  archive_dir:
    description:
      - Folder for the archive; it is created when it does not exist.
      - It also keeps a copy of each git repository in C(git/), which may be removed at any time.
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
  edits:
    description:
      - The guide's edits of a frontend's source, as M(frontend_auth_source) makes them.
      - They are made on a scratch copy, after the replacements.
      - What is edited is what counts for the digest. Without O(edits.path) nothing is edited.
    type: dict
    suboptions:
      path:
        description: Folder of the frontend in the source.
        type: str
      skip:
        description: Steps that are not made.
        type: list
        elements: str
        choices: ["6", "7a", "7b", "7c", "7d", "8"]
        default: []
      strict:
        description: Fail when a step needs a person.
        type: bool
        default: true
      files:
        description: Files by their options of M(frontend_auth_source), such as C(login_form), where they are not found.
        type: dict
        default: {}
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

- name: Assemble the source of a tag
  release_source:
    source: git+ssh://git@git.example.com/team/app.git
    version: v2.1
    archive_dir: /tmp/archives
  delegate_to: localhost
"""

RETURN = r"""
archive:
  description: Path of the tar archive on the control node.
  returned: success
  type: str
commit:
  description: Id of the commit; empty when the source is not a git repository.
  returned: success
  type: str
digest:
  description: SHA-256 over names, modes and contents of the files.
  returned: success
  type: str
edits:
  description: What became of each step, as M(frontend_auth_source) says it; empty when nothing was to be edited.
  returned: success
  type: list
  elements: dict
edits_diff:
  description: The edits as a unified diff.
  returned: success
  type: str
files:
  description: Number of files.
  returned: success
  type: int
manifest:
  description: SHA-256 of the content of each file, by its path in the source.
  returned: success
  type: dict
  sample: {backend/manage.py: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}
name:
  description: The version as the id of a release can hold it, so without the slash of a branch's name.
  returned: success
  type: str
replaced:
  description: The targets whose replacement was in the source.
  returned: success
  type: list
  elements: str
"""

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.frontend_files import FileProblem, Tree, write_all
from ansible.module_utils.frontend_source import FILES, STEPS, Frontend, NoParser, refusal
from ansible.module_utils.release_source import (
    Replacement,
    SourceError,
    collect,
    digest,
    layers,
    manifest,
    name_of,
    pack,
    replace,
)
from ansible.module_utils.release_source_git import (
    AddressError,
    Repository,
    checked_address,
    checked_version,
    is_repository,
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
    edits=dict(
        type="dict",
        options=dict(
            path=dict(type="str"),
            skip=dict(type="list", elements="str", choices=list(STEPS), default=[]),
            strict=dict(type="bool", default=True),
            files=dict(type="dict", default={}),
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


@contextmanager
def opened(source: str, version: str, archive_dir: str) -> Iterator[tuple[list[str], str]]:
    """Yield the folders that make up a version, and its commit, which is empty for what git does not read."""
    if not is_repository(source):
        yield layers(source, version), ""
        return
    repository = Repository(checked_address(source), os.path.join(archive_dir, "git"))
    wanted = checked_version(version)
    prepare_folder(archive_dir)
    with tempfile.TemporaryDirectory(dir=archive_dir, prefix="commit-") as folder:
        with repository.fetched():
            commit = repository.commit(wanted)
            repository.extract(commit, folder)
        yield [folder], commit


def unified(tree: Tree, frontend: Frontend) -> str:
    """Return what a frontend's edits change, as a unified diff."""
    parts = []
    for write in frontend.writes():
        before = tree.read(write.name).text if tree.exists(write.name) else ""
        after = (write.content or b"").decode("utf-8-sig")
        lines = [text.splitlines(keepends=True) for text in (before, after)]
        parts += difflib.unified_diff(*lines, f"a/{write.name}", f"b/{write.name}")
    return "".join(parts)


@contextmanager
def edited(
    files: dict[str, str], edits: dict[str, Any] | None, archive_dir: str
) -> Iterator[tuple[dict, list, str]]:
    """Yield the files with those of the frontend from an edited scratch copy, the steps, and the difference."""
    if not edits or not edits["path"]:
        yield files, [], ""
        return
    unknown = sorted(set(edits["files"]) - set(FILES))
    if unknown:
        raise SourceError(f"edits.files names {', '.join(unknown)}; it can name {', '.join(FILES)}.")
    prefix = os.path.join(os.path.normpath(edits["path"]), "")
    frontend_files = {name: path for name, path in files.items() if name.startswith(prefix)}
    if not frontend_files:
        raise SourceError(f"the source has no folder {edits['path']}, in which a frontend was to be edited.")
    prepare_folder(archive_dir)
    with tempfile.TemporaryDirectory(dir=archive_dir, prefix="edit-") as folder:
        for name, path in frontend_files.items():
            copy = os.path.join(folder, name)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(path, copy)
            # A read-only original gives a copy that can be edited.
            os.chmod(copy, os.stat(copy).st_mode | 0o200)
        tree = Tree(os.path.join(folder, prefix))
        frontend = Frontend(tree, edits["files"], edits["skip"])
        frontend.edit()
        if edits["strict"] and frontend.needs_a_person():
            raise SourceError(refusal(frontend))
        shown = unified(tree, frontend)
        write_all(tree, frontend.writes())
        others = {name: path for name, path in files.items() if name not in frontend_files}
        yield {**others, **collect([folder])}, frontend.steps(), shown


def assemble(folders: list[str], params: dict[str, Any]) -> dict[str, Any]:
    """Pack the files of the folders; return what was packed."""
    files, replaced = replace(collect(folders), [Replacement(**entry) for entry in params["replacements"]])
    with edited(files, params["edits"], params["archive_dir"]) as (made, steps, shown):
        return packed_files(made, params) | {"replaced": replaced, "edits": steps, "edits_diff": shown}


def packed_files(files: dict[str, str], params: dict[str, Any]) -> dict[str, Any]:
    """Pack the files with the additions; return what was packed."""
    contents = manifest(files)
    additions = {entry["path"]: entry["src"] for entry in params["additions"]}
    packed = {**files, **additions}
    packed_digest = digest(packed, {**contents, **manifest(additions)})
    prepare_folder(params["archive_dir"])
    archive = os.path.join(params["archive_dir"], f"{packed_digest}.tar")
    pack(packed, archive)
    return {
        "archive": archive,
        "digest": digest(files, contents),
        "files": len(files),
        "manifest": contents,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        with opened(params["source"], params["version"], params["archive_dir"]) as (folders, commit):
            result = assemble(folders, params)
    except AddressError as error:
        # The options are part of every result.
        module.no_log_values.add(params["source"])
        module.fail_json(msg=str(error))
    except (SourceError, FileProblem, NoParser, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, commit=commit, name=name_of(params["version"]), **result)


if __name__ == "__main__":
    main()
