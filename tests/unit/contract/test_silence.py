"""A task that lets a failure pass says why, or something looks at its result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project_files import ROLES, ROOT, load, names, tasks_of, yaml_files

#: Keywords by which a failure passes, with the value that does it.
SILENT = {"failed_when": False, "ignore_errors": True, "ignore_unreachable": True}
FILES = [
    path for path in yaml_files("playbooks", *(f"roles/{role.name}/tasks" for role in ROLES)) if load(path)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_failure_passes_in_silence(path: Path):
    tasks = [task for entry in load(path) if isinstance(entry, dict) for task in tasks_of([entry])]
    tasks += [
        task for entry in load(path) if isinstance(entry, dict) for task in tasks_of(entry.get("tasks"))
    ]
    silent = [task for task in tasks if any(task.get(word) is value for word, value in SILENT.items())]
    assert [t["name"] for t in silent if not has_comment(path, t["name"]) and not is_used(t, path)] == []


def has_comment(path: Path, name: str) -> bool:
    """Say whether a comment stands in a task or right above it."""
    lines = path.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip() == f"- name: {name}")
    indent = len(lines[start]) - len(lines[start].lstrip())
    body = []
    for line in lines[start + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        body.append(line)
    return any(re.search(r"(^|\s)# \w", line) for line in [*body, lines[start - 1]])


def is_used(task: dict, path: Path) -> bool:
    """Say whether another task, of the same role or playbook folder, reads the registered result."""
    others = [
        other for file in yaml_files(str(path.parent.relative_to(ROOT))) for other in tasks_of(load(file))
    ]
    return any(task.get("register") in names(other) for other in others if other.get("name") != task["name"])
