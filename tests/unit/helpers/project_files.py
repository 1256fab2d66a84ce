"""Reads roles, playbooks and inventories as data: entry points, tasks, and the variables that they use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes

ROOT = Path(__file__).resolve().parents[3]
#: Keywords whose values are expressions without braces.
BARE = {"when", "that", "until", "failed_when", "changed_when"}
TEMPLATE_NAME = re.compile(r"[\w./-]+\.j2\b")
JINJA = jinja2.Environment(autoescape=False)


def load(path: Path) -> Any:
    """Content of a YAML file; None for one that is absent or empty."""
    return yaml.safe_load(path.read_text()) if path.exists() else None


def yaml_files(*folders: str) -> list[Path]:
    """YAML files anywhere below folders of the project."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.yml"))


def dicts(node: Any) -> Iterator[dict]:
    """All dictionaries of a nested value, outer ones first."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from dicts(child)


def tasks_of(block: list[dict] | None) -> Iterator[dict]:
    """The tasks of a file or play, with those inside blocks."""
    for task in block or []:
        yield task
        for section in ("block", "rescue", "always"):
            yield from tasks_of(task.get(section))


def imports_of(path: Path) -> list[tuple[str, str]]:
    """What a file of tasks imports, in its order, as role:entry or as a file, with its condition."""
    found = []
    for task in tasks_of(load(path)):
        role = task.get("ansible.builtin.import_role")
        what = ":".join(role.values()) if role else task.get("ansible.builtin.import_tasks", "")
        found += [(what, task.get("when", ""))] if what else []
    return found


def texts(node: Any, keyword: str = "") -> Iterator[str]:
    """All strings of a nested value as templates; bare expressions get their braces."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value, keyword)
    elif isinstance(node, str):
        yield f"{{{{ {node} }}}}" if keyword in BARE else node


def names(node: Any) -> set[str]:
    """Variables that the templates of a nested value read; filters, tests and a template's own variables are none."""
    found: set[str] = set()
    for text in texts(node):
        seen = list(JINJA.parse(text).find_all(nodes.Name))
        found |= {n.name for n in seen} - {n.name for n in seen if n.ctx == "store"}
    return found


def imported_entry_points(paths: list[Path]) -> set[tuple[str, str]]:
    """(role, entry point) of every import_role and include_role."""
    return {
        (role["name"], role.get("tasks_from", "main"))
        for path in paths
        for task in dicts(load(path))
        for keyword, role in task.items()
        if str(keyword).rpartition(".")[2] in ("import_role", "include_role")
    }


@dataclass(frozen=True)
class Role:
    """One role of the project."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / "roles" / self.name

    @cached_property
    def defaults(self) -> dict[str, Any]:
        return load(self.path / "defaults" / "main.yml") or {}

    @cached_property
    def constants(self) -> dict[str, Any]:
        return load(self.path / "vars" / "main.yml") or {}

    @cached_property
    def specs(self) -> dict[str, dict]:
        return (load(self.path / "meta" / "argument_specs.yml") or {}).get("argument_specs", {})

    @property
    def options(self) -> dict[str, dict]:
        """The options of all entry points together."""
        return {name: option for spec in self.specs.values() for name, option in spec["options"].items()}

    @property
    def task_files(self) -> list[Path]:
        return sorted(
            path for folder in ("tasks", "handlers") for path in (self.path / folder).rglob("*.yml")
        )

    def tasks(self, entry: str) -> list[dict]:
        """All tasks of an entry point: those of the files it imports too, and the handlers that it notifies."""
        found = list(tasks_of(load(self.path / "tasks" / f"{entry}.yml")))
        for task in list(found):
            for keyword in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks"):
                # A file that includes itself has its tasks in the list already.
                if keyword in task and task[keyword] != f"{entry}.yml":
                    found += self.tasks(task[keyword].removesuffix(".yml"))
        if any("notify" in task for task in found):
            found += tasks_of(load(self.path / "handlers" / "main.yml"))
        return found

    def reads(self, entry: str) -> set[str]:
        """Variables that an entry point reads, through templates, defaults and constants, and does not set itself."""
        tasks = self.tasks(entry)
        found = self._names(tasks)
        while more := self._names([(self.defaults | self.constants).get(name) for name in found]) - found:
            found |= more
        return found - _set_by(tasks)

    def _names(self, node: Any) -> set[str]:
        """Variables that a nested value reads, itself and through the templates that it names."""
        templates = {name for text in texts(node) for name in TEMPLATE_NAME.findall(text)}
        return names(node) | names([(self.path / "templates" / name).read_text() for name in templates])


def _set_by(tasks: list[dict]) -> set[str]:
    sources = [part for task in tasks for part in (task.get("vars"), task.get("ansible.builtin.set_fact"))]
    return {name for source in sources for name in source or ()} | {task.get("register") for task in tasks}


ROLES = [Role(path.parent.name) for path in sorted((ROOT / "roles").glob("*/tasks"))]
