"""What every role promises: described entry points, values written once, no variable of another role."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from project_files import (
    ROLES,
    ROOT,
    Role,
    dicts,
    imported_entry_points,
    load,
    names,
    tasks_of,
    texts,
    yaml_files,
)

MAX_LINES = 80
ENTRY_POINTS = [
    pytest.param(role, entry, id=f"{role.name}-{entry}") for role in ROLES for entry in role.specs
]
#: Variables of Ansible itself; those that begin with `ansible_` are Ansible's too.
ANSIBLE_NAMES = {"inventory_hostname", "item", "lookup", "now", "omit", "role_path"}
#: Read only outside check mode, where an earlier entry point has set it.
ABSENT_IN_CHECK_MODE = {"prober_result"}
#: What YAML gives for a default of each type; text with a template in it is allowed for text alone.
PYTHON_TYPES = {
    "str": str,
    "path": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "dict": dict,
}
SECRET = re.compile(r"_(password|key)$")

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
each_entry_point = pytest.mark.parametrize(("role", "entry"), ENTRY_POINTS)


def absence_is_handled(role: Role, entry: str, option: str) -> bool:
    """Say whether the tasks tell what happens without a variable that has no default."""
    pattern = re.compile(rf"\b{option}\b(\s*\|\s*default\(|\s+is\s+(not\s+)?defined)")
    return any(pattern.search(text) for text in texts(role.tasks(entry)))


@each_role
def test_each_specified_entry_point_has_tasks(role: Role):
    assert set(role.specs) <= {path.stem for path in (role.path / "tasks").glob("*.yml")}


def test_each_entry_point_that_a_playbook_imports_is_specified():
    imported = imported_entry_points(yaml_files("playbooks", "sandbox/playbooks", "molecule"))
    assert imported - {(role.name, entry) for role in ROLES for entry in role.specs} == set()


@each_entry_point
def test_the_spec_lists_the_variables_that_the_tasks_read(role: Role, entry: str):
    read = {name for name in role.reads(entry) if name.startswith(f"{role.name}_")}
    assert set(role.specs[entry]["options"]) == read


@each_role
def test_no_default_is_written_in_a_spec(role: Role):
    assert [option for option in dicts(role.specs) if "default" in option] == []


@each_role
def test_defaults_are_options_of_their_type(role: Role):
    assert set(role.defaults) - set(role.options) == set()
    wrong = {name for name, value in role.defaults.items() if not fits(value, role.options[name]["type"])}
    assert wrong == set()
    given = {name: value for name, value in role.defaults.items() if "{{" not in str(value)}
    spec = {name: role.options[name] for name in given}
    assert ArgumentSpecValidator(spec).validate(given).error_messages == []


def fits(value: Any, kind: str) -> bool:
    """Say whether a default is of the type as it is written, without a conversion."""
    return isinstance(value, PYTHON_TYPES[kind]) and isinstance(value, bool) == (kind == "bool")


@each_entry_point
def test_an_option_is_required_or_has_a_default(role: Role, entry: str):
    options = role.specs[entry]["options"]
    required = {name for name, option in options.items() if option["required"]}
    optional = set(options) - required
    assert required & set(role.defaults) == set()
    missing = optional - set(role.defaults) - ABSENT_IN_CHECK_MODE
    assert {name for name in missing if not absence_is_handled(role, entry, name)} == set()


@each_role
def test_a_secret_is_text_that_a_failed_validation_does_not_show(role: Role):
    secrets = [
        option
        for spec in [spec["options"] for spec in role.specs.values()]
        for options in [spec, *(option["options"] for option in dicts(spec) if "options" in option)]
        for name, option in options.items()
        if SECRET.search(name)
    ]
    assert [option for option in secrets if option["type"] != "str" or "choices" in option] == []


@each_role
def test_each_variable_that_is_set_for_a_role_is_read(role: Role):
    set_names = {name for path in yaml_files(*group_vars()) for name in load(path) or {}}
    # Some names are the operator's and reach the role through the wiring, or say whether a playbook uses it at all.
    read = set(role.options) | names([load(path) for path in yaml_files("playbooks")])
    assert {name for name in set_names if name.startswith(f"{role.name}_")} - read == set()


def group_vars() -> list[str]:
    """Folders of the variables that inventories and playbooks set."""
    return [
        str(path.relative_to(ROOT))
        for path in [
            *ROOT.glob("inventory/*/*_vars"),
            *ROOT.glob("molecule/*/inventory/*_vars"),
            ROOT / "playbooks/group_vars",
        ]
    ]


@each_role
def test_a_role_reads_no_variable_but_its_own(role: Role):
    entries = {path.stem for path in (role.path / "tasks").glob("*.yml")}
    read = {name for entry in entries for name in role.reads(entry)} | names([role.defaults, role.constants])
    foreign = {name for name in read if not name.startswith((f"{role.name}_", "__", "ansible_"))}
    assert foreign - ANSIBLE_NAMES == set()


@each_role
def test_no_result_hides_a_constant(role: Role):
    registered = {
        task["register"] for path in role.task_files for task in tasks_of(load(path)) if "register" in task
    }
    assert registered & set(role.constants) == set()


@each_role
def test_no_task_is_written_twice(role: Role):
    written = [
        json.dumps({key: task[key] for key in task if key not in ("name", "tags")}, sort_keys=True)
        for path in role.task_files
        for task in tasks_of(load(path))
        if not any(key.endswith(("import_tasks", "import_role")) for key in task)
    ]
    assert [task for task, times in Counter(written).items() if times > 1] == []


@each_role
def test_jobs_in_the_background_are_looked_for_where_they_are(role: Role):
    """Left alone, a job goes by HOME, and who asks for it by the user's entry in passwd."""
    kinds = {"async", "async_status", "ansible.builtin.async_status"}
    tasks = [task for path in role.task_files for task in tasks_of(load(path)) if kinds & set(task)]
    assert [task["name"] for task in tasks if "ansible_async_dir" not in task.get("vars", {})] == []


@each_role
def test_tasks_are_named_short_and_let_no_error_pass(role: Role):
    check_tasks({path: load(path) for path in role.task_files})


def test_playbooks_are_named_short_and_let_no_error_pass():
    plays = {path: load(path) for path in sorted((ROOT / "playbooks").glob("*.yml"))}
    assert [play for content in plays.values() for play in content if "name" not in play] == []
    check_tasks(
        {
            path: [task for play in content for task in play.get("tasks", [])]
            for path, content in plays.items()
        }
    )
    check_tasks({path: load(path) for path in yaml_files("playbooks/tasks")})


def check_tasks(files: dict) -> None:
    """Refuse tasks without a name, errors that are ignored, and long files; `files` is {path: tasks}."""
    tasks = [task for content in files.values() for task in tasks_of(content)]
    assert [task for task in tasks if not task.get("name")] == []
    assert [task["name"] for task in tasks if "ignore_errors" in task] == []
    assert [str(path) for path in files if len(path.read_text().splitlines()) > MAX_LINES] == []
