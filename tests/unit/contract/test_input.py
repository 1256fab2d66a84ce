"""Every playbook checks its input first, by the same rules as the code that takes it later."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from ansible.module_utils.input_values import rule_for
from ansible.module_utils.release_store import is_id
from app_host import TAGS
from bad_input import BAD, refusal
from control_run import control_run
from input_problems import Given, given_as
from inventories import INVENTORIES, Inventory, set_by_tasks
from project_files import ROLES, ROOT, dicts, load, yaml_files
from release import VERSION_PATTERN

INPUT = load(ROOT / "playbooks/group_vars/all/input.yml")
RULES = INPUT["__input_rules"]
CHANGING = {
    "deploy": True,
    "rollback": True,
    "backup": True,
    "restore": True,
    "verify": False,
    "preflight": False,
}


@pytest.mark.parametrize(("name", "whole"), CHANGING.items())
def test_a_playbook_asks_for_its_host_and_checks_its_input_first(name: str, whole: bool):
    [play] = load(ROOT / f"playbooks/{name}.yml")
    assert play["hosts"] == f"{{{{ query('app_host'{', whole=true' if whole else ''}) }}}}"
    assert play["tasks"][0]["ansible.builtin.import_tasks"] == "tasks/input.yml"
    assert play["tasks"][0]["tags"] == ["always"]


def test_the_tags_of_all_tasks_are_known_to_the_check_for_a_whole_run():
    files = [*(path for role in ROLES for path in role.task_files), *yaml_files("playbooks")]
    tags = {tag for path in files for part in dicts(load(path)) for tag in part.get("tags", [])}
    assert tags
    assert {tag for tag in tags if not TAGS.fullmatch(tag)} == set()


def test_rules_are_about_options_of_roles():
    variables = {name for role in ROLES for name in role.options} | set(INPUT["__input_also"])
    own = [paths for paths in RULES if "[.]" not in paths]
    assert [names for names in own if not any(re.fullmatch(names, name) for name in variables)] == []


@pytest.mark.parametrize("version", ["fix", "v1.2_3-0", "0", "v" * 50])
def test_what_can_name_a_release_can_be_a_version(version: str):
    assert VERSION_PATTERN.fullmatch(version)
    assert re.fullmatch(RULES["release_version"]["pattern"], version)


@pytest.mark.parametrize(
    "release", ["v1-0123456789ab", "v1.2_3-0", "v" * 63, "v" * 64, "-v", ".v", "V", "v/1", "v 1", "v\n"]
)
def test_a_release_is_what_the_records_take_for_an_id(release: str):
    assert bool(re.fullmatch(RULES["release_rollback_to"]["pattern"], release)) == is_id(release)


@pytest.mark.parametrize(
    ("volume", "fits"),
    [
        ("/srv/media:/app/media", True),
        ("/srv/media:/app/media:ro", True),
        ("/srv/$media:/app/media:ro,z", True),
        ("media:/app/media", False),
        ("./media:/app/media", False),
        ("~/media:/app/media", False),
        ("${MEDIA}:/app/media", False),
        ("/app/media", False),
        ("/srv/media:app/media", False),
        ("/srv/media:/app/media:ro:z", False),
    ],
)
def test_a_volume_is_a_path_of_the_host_that_all_releases_share(volume: str, fits: bool):
    rule = rule_for("release_services.app.volumes.each", RULES)
    assert bool(re.fullmatch(rule["pattern"], volume)) is fits


def test_a_holder_is_what_names_a_run():
    assert re.fullmatch(RULES["release_take_over"]["pattern"], control_run("deploy")["holder"])


@cache
def options() -> tuple[dict[str, dict], set[str]]:
    """The options of all roles with those of no role, and what tasks set."""
    found = {name: option for role in ROLES for name, option in role.options.items()}
    return found | INPUT["__input_also"], set(set_by_tasks())


def problems(inventory: Inventory, **variables: Any) -> list[str]:
    """What is wrong with an inventory with variables of the command line, by all that roles take of those."""
    every, later = options()
    given = Given(
        inventory.variables | variables,
        lambda value: inventory.render("it", inventory.variables | variables | {"it": value}),
        later,
        every,
        inventory.render("__input_rules"),
    )
    named = {
        name for name in every if not variables or {name, given_as(name, given.variables)} & set(variables)
    }
    return [*filter(None, (given.problem(name, every[name]) for name in sorted(named))), *given.together()]


SANDBOX = next(inventory for inventory in INVENTORIES if inventory.name == "sandbox")
EACH_BAD = [(name, number) for name, (values, _needed) in BAD.items() for number in range(len(values))]


@cache
def sentences(name: str, number: int) -> set[str]:
    """What is wrong with the sandbox's inventory that has a bad value."""
    return set(problems(SANDBOX, **{name: BAD[name][0][number]}))


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda inventory: inventory.name)
def test_what_is_shipped_has_nothing_wrong_but_what_an_operator_has_to_set(inventory: Inventory):
    off = [] if inventory.render("prober_enabled") else ["prober_"]
    found = [sentence for sentence in problems(inventory) if not sentence.startswith(tuple(off))]
    assert [sentence for sentence in found if "placeholder" not in sentence] == []


@pytest.mark.parametrize(("name", "number"), EACH_BAD)
def test_a_bad_value_is_refused_by_one_sentence(name: str, number: int):
    [sentence] = sentences(name, number)
    assert re.fullmatch(refusal(name), sentence), sentence
    assert "bad-input-pass" not in sentence


def test_each_rule_refuses_something():
    said = " ".join(sentence for name, number in EACH_BAD for sentence in sentences(name, number))
    rules = SANDBOX.render("__input_rules")
    assert [paths for paths, rule in rules.items() if rule.get("needed", "") not in said] == []
