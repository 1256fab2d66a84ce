"""Each inventory gives every role what it needs, sets no name that nothing reads, and keeps real hosts safe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from inventories import INVENTORIES, REAL, Inventory, imports_of, set_by_tasks
from project_files import ROLES, ROOT, imported_entry_points, load, names, yaml_files

PLACEHOLDER = "CHANGE-ME"
#: (role, entry point) of everything that the playbooks import.
ENTRY_POINTS = sorted(imported_entry_points(yaml_files("playbooks")))
PLAYBOOKS = {path.stem: imports_of(path) for path in sorted((ROOT / "playbooks").glob("*.yml"))}
#: What builds need where packages come through a proxy.
SANDBOX_ONLY = {"release_source_additions"}

each_inventory = pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda inventory: inventory.name)
each_real_inventory = pytest.mark.parametrize("inventory", REAL, ids=lambda inventory: inventory.name)


def test_there_are_three_inventories():
    assert [inventory.name for inventory in INVENTORIES] == ["production", "sandbox", "staging"]


@each_inventory
def test_one_host_is_app_and_edge(inventory: Inventory):
    [host] = inventory.hosts("app")
    assert inventory.hosts("edge") == [host]
    assert len(inventory.hosts("postgres")) == len(inventory.hosts("redis")) == 1


@each_inventory
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_variable_renders_that_a_playbook_reads(inventory: Inventory, playbook: str):
    # A play has the defaults of the roles that it imports: what the wiring reads of others, an inventory has to set.
    roles = frozenset(role for role, _ in PLAYBOOKS[playbook])
    options = {option for role in ROLES if role.name in roles for option in role.options}
    undefined = {}
    for name in sorted((inventory.names | options) & set(inventory.variables_with(roles))):
        try:
            inventory.render_in_a_run(name, roles)
        except AnsibleUndefinedVariable as error:
            undefined[name] = str(error)
    assert undefined == {}


@each_inventory
@pytest.mark.parametrize(("role", "entry"), ENTRY_POINTS, ids="-".join)
def test_each_entry_point_gets_arguments_that_its_spec_allows(inventory: Inventory, role: str, entry: str):
    if role == "prober" and not inventory.render("prober_enabled"):
        pytest.skip(f"the prober is off in {inventory.name}")
    spec = next(r for r in ROLES if r.name == role).specs[entry]["options"]
    given = set(inventory.variables)
    required = {name for name, option in spec.items() if option["required"]}
    assert required - given - set_by_tasks() == set()
    known = {name: value for name in set(spec) & given if (value := rendered(inventory, name)) is not None}
    result = ArgumentSpecValidator({name: spec[name] for name in known}).validate(known)
    assert result.error_messages == []


def rendered(inventory: Inventory, name: str) -> Any:
    """Value of a variable; None where tasks have to run before there is one."""
    try:
        return inventory.render(name)
    except AnsibleUndefinedVariable:
        return None


@each_inventory
def test_every_name_is_read_by_a_role_a_playbook_or_another_variable(inventory: Inventory):
    read = {option for role in ROLES for option in role.options}
    read |= names([load(path) for path in yaml_files("playbooks")])
    read |= names([load(path) for path in [*inventory.files, inventory.path / "hosts.yml"]])
    if inventory.name == "sandbox":
        read |= names([load(path) for path in yaml_files("sandbox/playbooks")])
    unread = {name for name in inventory.names - read if not name.startswith("ansible_")}
    assert unread == set()


@each_inventory
def test_services_join_networks_that_are_declared(inventory: Inventory):
    joined = {
        network
        for service in inventory.render("release_services").values()
        for network in service.get("networks", [])
    }
    assert joined <= set(inventory.render("release_networks"))


@each_real_inventory
def test_host_keys_are_checked(inventory: Inventory):
    text = "\n".join(path.read_text() for path in inventory.path.rglob("*.yml"))
    assert (
        re.search(r"StrictHostKeyChecking=(no|off|accept-new)|UserKnownHostsFile|host_key_checking", text)
        is None
    )
    assert "StrictHostKeyChecking=yes" in inventory.variables["ansible_ssh_common_args"]
    assert "host_key_checking" not in (ROOT / "ansible.cfg").read_text()


@each_real_inventory
def test_secrets_are_in_the_vault_alone(inventory: Inventory):
    [example] = [path for path in inventory.files if path.suffix == ".example"]
    assert set(load(example).values()) == {PLACEHOLDER}
    used = {n for path in inventory.files for n in names(load(path)) if n.startswith("vault_")}
    assert used == set(load(example))
    secret = re.compile(r"_(password|secret_key)$")
    clear = {
        name: value
        for path in inventory.files
        if path != example
        for name, value in load(path).items()
        if secret.search(name) and "{{ vault_" not in value
    }
    assert clear == {}


@each_real_inventory
def test_a_vault_beside_the_example_is_encrypted(inventory: Inventory):
    vaults = [
        path
        for path in inventory.path.rglob("vault.yml")
        if not path.read_text().startswith("$ANSIBLE_VAULT;")
    ]
    assert vaults == []


@each_real_inventory
def test_nothing_that_the_sandbox_sets_is_forgotten(inventory: Inventory):
    sandbox = Inventory("sandbox")
    wanted = {name for name in sandbox.names if not name.startswith(("ansible_", "sandbox_"))}
    if not inventory.render("prober_enabled"):
        wanted = {name for name in wanted if not name.startswith(("prober_", "vault_prober_"))}
    assert wanted - inventory.names - SANDBOX_ONLY == set()
    assert set(sandbox.render("verify_paths")) == set(inventory.render("verify_paths"))


def test_staging_proves_what_production_runs():
    staging, production = (Inventory(name) for name in ("staging", "production"))
    for file in ("app.yml", "verify.yml"):
        shared = (staging.path / "group_vars/all" / file).resolve()
        assert shared == production.path / "group_vars/all" / file


def test_the_prober_is_off_in_production_and_on_elsewhere():
    on = {inventory.name: inventory.render("prober_enabled") for inventory in INVENTORIES}
    assert on == {"production": False, "sandbox": True, "staging": True}
