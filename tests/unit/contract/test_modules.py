"""The manual of every module says what its code does."""

from __future__ import annotations

import ast
import importlib
from types import ModuleType
from typing import Any

import pytest
import yaml
from manual import options_in_manual, options_in_spec
from project_files import ROOT

MODULES = sorted(path.stem for path in (ROOT / "library").glob("*.py"))
#: Returned by every module, and described in Ansible's own manual.
COMMON_RESULTS = {"changed", "diff", "failed", "msg"}

each_module = pytest.mark.parametrize("name", MODULES)


def imported(name: str) -> ModuleType:
    return importlib.import_module(name)


def part_of(name: str, part: str) -> Any:
    """One of the three parts of a manual: DOCUMENTATION, EXAMPLES or RETURN."""
    return yaml.safe_load(getattr(imported(name), part))


def calls(name: str, function: str) -> list[ast.Call]:
    """Calls of a function or method in a module's source."""
    tree = ast.parse((ROOT / "library" / f"{name}.py").read_text())
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function
    ]


@each_module
def test_documented_options_are_those_of_the_code(name: str):
    assert options_in_manual(imported(name)) == options_in_spec(imported(name))


@each_module
def test_check_mode_is_documented(name: str):
    [module] = calls(name, "AnsibleModule")
    supported = any(
        k.arg == "supports_check_mode" and ast.unparse(k.value) == "True" for k in module.keywords
    )
    attribute = part_of(name, "DOCUMENTATION")["attributes"]["check_mode"]
    assert attribute["support"] in (("full", "partial") if supported else ("none",))
    assert attribute["description"]


@each_module
def test_results_are_documented(name: str):
    documented = part_of(name, "RETURN")
    assert [
        key for key, value in documented.items() if not {"description", "returned", "type"} <= set(value)
    ] == []
    returned = {keyword.arg for call in calls(name, "exit_json") for keyword in call.keywords if keyword.arg}
    assert returned - COMMON_RESULTS - set(documented) == set()


@each_module
def test_examples_use_the_module_as_it_is(name: str):
    spec = imported(name).ARGUMENT_SPEC
    examples = [task[name] for task in part_of(name, "EXAMPLES") if name in task]
    assert examples
    for example in examples:
        assert set(example) <= set(spec)
        assert {option for option, value in spec.items() if value.get("required")} <= set(example)
