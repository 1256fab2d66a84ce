"""Every playbook checks its input first, by the same rules as the code that takes it later."""

from __future__ import annotations

import re

import pytest
from ansible.module_utils.release_store import is_id
from app_host import TAGS
from control_run import control_run
from project_files import ROLES, ROOT, dicts, load, yaml_files
from release import VERSION_PATTERN

RULES = load(ROOT / "playbooks/tasks/input.yml")[0]["vars"]["__input_rules"]
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
    options = {name for role in ROLES for name in role.options}
    assert [names for names in RULES if not any(re.fullmatch(names, option) for option in options)] == []


@pytest.mark.parametrize("version", ["fix", "v1.2_3-0", "0", "v" * 50])
def test_what_can_name_a_release_can_be_a_version(version: str):
    assert VERSION_PATTERN.fullmatch(version)
    assert re.fullmatch(RULES["release_version"]["pattern"], version)


@pytest.mark.parametrize(
    "release", ["v1-0123456789ab", "v1.2_3-0", "v" * 63, "v" * 64, "-v", ".v", "V", "v/1", "v 1", "v\n"]
)
def test_a_release_is_what_the_records_take_for_an_id(release: str):
    assert bool(re.fullmatch(RULES["release_rollback_to"]["pattern"], release)) == is_id(release)


def test_a_holder_is_what_names_a_run():
    assert re.fullmatch(RULES["release_take_over"]["pattern"], control_run("deploy")["holder"])
