"""A secret is written in a folder of its owner alone: Ansible names a new file before it sets its mode."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_files import ROOT, dicts, load, yaml_files

WRITERS = ("ansible.builtin.copy", "ansible.builtin.template")
#: Folders that no task makes, and that are closed on every host.
CLOSED = {"/root"}


def written(path: Path) -> Iterator[str]:
    """The folders in which tasks of a file write what no log may have."""
    for task in dicts(load(path)):
        if task.get("no_log"):
            yield from (posixpath.dirname(task[writer]["dest"]) for writer in WRITERS if writer in task)


def made(path: Path) -> Iterator[tuple[str, str]]:
    """The folders that tasks of a file make, each with its mode."""
    for task in dicts(load(path)):
        options = task.get("ansible.builtin.file", {})
        if options.get("state") != "directory":
            continue
        for item in task.get("loop", [{}]):
            yield tuple(_filled(options[name], item) for name in ("path", "mode"))


def _filled(text: str, item: object) -> str:
    for key, value in item.items() if isinstance(item, dict) else ():
        text = text.replace(f"{{{{ item.{key} }}}}", str(value))
    return text


FILES = [
    path for path in yaml_files("roles", "playbooks", "sandbox/playbooks", "molecule") if [*written(path)]
]


def test_there_are_some():
    known = {"roles/release/tasks/secrets.yml", "roles/data_services/tasks/create.yml"}
    assert known | {"roles/monitoring/tasks/files.yml"} <= {str(path.relative_to(ROOT)) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_secret_is_written_where_only_its_owner_gets(path: Path):
    modes = dict.fromkeys(CLOSED, "0700") | dict(made(path))
    assert {folder: modes.get(folder) for folder in written(path)} == dict.fromkeys(written(path), "0700")
