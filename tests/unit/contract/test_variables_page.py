"""The page of variables says what the argument specs say, and leaves out nothing that an inventory sets."""

from __future__ import annotations

import pytest
from inventories import REAL, Inventory
from project_files import ROLES, load, names, yaml_files
from variables_page import INVENTORY, OPERATOR, PAGE, render


def test_the_page_is_current():
    assert PAGE.read_text() == render(), "docs/variables.md is stale: run tests/bin/variables"


@pytest.mark.parametrize("inventory", REAL, ids=lambda inventory: inventory.name)
def test_every_name_of_an_inventory_is_on_the_page(inventory: Inventory):
    of_roles = {option for role in ROLES for option in role.options}
    rest = {n for n in inventory.names - of_roles if not n.startswith(("ansible_", "vault_"))}
    assert rest - set(INVENTORY) == set()


def test_the_page_names_nothing_that_no_inventory_sets():
    assert set(INVENTORY) - {"vault_*"} - {name for inventory in REAL for name in inventory.names} == set()


def test_the_page_names_nothing_for_the_command_line_that_no_run_reads():
    assert set(OPERATOR) - names([load(path) for path in yaml_files("playbooks", "roles")]) == set()
