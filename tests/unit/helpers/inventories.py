"""Reads an inventory as a playbook does: its own variables, the wiring, and the defaults of the roles, as templates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, init_plugin_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from project_files import ROLES, ROOT, dicts, imported_entry_points, load, yaml_files

#: Folders of tasks, whose variables of a run no inventory sets.
TASKS = ("roles", "playbooks", "sandbox/playbooks", "molecule")
TASK_IMPORTS = {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"}


@cache
def _load_plugins() -> None:
    init_plugin_loader()
    filter_loader.add_directory(str(ROOT / "filter_plugins"))


@cache
def set_by_tasks() -> frozenset[str]:
    """Names that tasks set while they run: facts, registered results, and variables handed to an imported role."""
    found: set[str] = set()
    for node in (node for path in yaml_files(*TASKS) for node in dicts(load(path))):
        found |= set(node.get("ansible.builtin.set_fact") or ()) | {node.get("register")}
        found |= set(node["vars"]) if isinstance(node.get("vars"), dict) and "hosts" not in node else set()
    return frozenset(name for name in found if isinstance(name, str))


def imports_of(path: Path) -> set[tuple[str, str]]:
    """(role, entry point) of everything that a playbook imports, through its task files too."""
    found, paths = set(), [path]
    while paths:
        current = paths.pop()
        found |= imported_entry_points([current])
        files = [node[key] for node in dicts(load(current)) for key in TASK_IMPORTS & set(node)]
        paths += [current.parent / file for file in files]
    return found


@dataclass(frozen=True)
class Inventory:
    """One inventory of the project."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / "inventory" / self.name

    @property
    def files(self) -> list[Path]:
        """Files of variables; a vault counts by its example in clear where it has one."""
        return sorted(
            path
            for folder in self.path.glob("*_vars")
            for path in folder.rglob("*.yml*")
            if path.suffix == ".example" or not path.with_name(f"{path.name}.example").exists()
        )

    @cached_property
    def names(self) -> set[str]:
        """Variables that it sets, for hosts and groups alike."""
        hosts = [node.get("vars") or {} for node in dicts(load(self.path / "hosts.yml"))]
        hosts += [vars_ or {} for node in dicts(load(self.path / "hosts.yml")) for vars_ in _of_hosts(node)]
        return {name for found in [*hosts, *(load(path) or {} for path in self.files)] for name in found}

    @cached_property
    def _manager(self) -> tuple[DataLoader, InventoryManager, VariableManager]:
        _load_plugins()
        loader = DataLoader()
        loader.set_basedir(str(ROOT / "playbooks"))
        inventory = InventoryManager(loader=loader, sources=[str(self.path)])
        return loader, inventory, VariableManager(loader=loader, inventory=inventory)

    def hosts(self, group: str) -> list[str]:
        """Names of the hosts of a group."""
        return [host.name for host in self._manager[1].groups[group].get_hosts()]

    @cached_property
    def variables(self) -> dict[str, Any]:
        """What the app host has before the first task of a play with all roles, not rendered yet."""
        return self.variables_with(frozenset(role.name for role in ROLES))

    @cache  # noqa: B019  (there are three inventories, and they live as long as the tests)
    def variables_with(self, roles: frozenset[str]) -> dict[str, Any]:
        """The same for a play that imports these roles: it has their defaults, and no other's."""
        loader, inventory, manager = self._manager
        [host] = inventory.groups["app"].get_hosts()
        found: dict[str, Any] = {}
        for path in (ROOT / "roles" / name / "defaults" / "main.yml" for name in sorted(roles)):
            found |= (
                (loader.load_from_file(str(path), trusted_as_template=True) or {}) if path.exists() else {}
            )
        found |= manager.get_vars(host=host)
        for path in self.files:
            found |= (
                loader.load_from_file(str(path), trusted_as_template=True)
                if path.suffix == ".example"
                else {}
            )
        given = {
            "ansible_config_file": str(ROOT / "ansible.cfg"),
            "ansible_inventory_sources": [str(self.path)],
        }
        return found | given

    def render(self, name: str, variables: dict[str, Any] | None = None) -> Any:
        """Value of a variable. Raises AnsibleUndefinedVariable where it needs one that is not there."""
        variables = self.variables if variables is None else variables
        return Templar(self._manager[0], variables=variables).template(variables[name])

    def render_in_a_run(self, name: str, roles: frozenset[str]) -> Any:
        """The same in a play with these roles, with a stand-in for everything that tasks set."""
        return self.render(name, dict.fromkeys(set_by_tasks(), "set-by-a-task") | self.variables_with(roles))


def _of_hosts(node: dict) -> list[dict | None]:
    hosts = node.get("hosts")
    return list(hosts.values()) if isinstance(hosts, dict) else []


INVENTORIES = [Inventory(path.parent.name) for path in sorted((ROOT / "inventory").glob("*/hosts.yml"))]
REAL = [inventory for inventory in INVENTORIES if inventory.name != "sandbox"]
