"""The manual of every module says what its code does."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import typing
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
    try:
        returned = {key for call in calls(name, "exit_json") for key in keys_given(call.keywords, name)}
        assert returned - COMMON_RESULTS == set(documented) - COMMON_RESULTS
    except UnreadableKeys as error:
        own_test = (ROOT / "tests/unit/library" / f"test_{name}.py").read_text()
        assert f"results_in_manual({name})" in own_test, (
            f"{error}; compare a result with its manual in the module's own test"
        )


@each_module
def test_no_result_has_a_name_that_ansible_reads_as_the_end_of_the_task(name: str):
    """A count under `failed` fails the task as soon as it is not 0."""
    given = {keyword.arg for call in calls(name, "exit_json") for keyword in call.keywords}
    assert (given | set(part_of(name, "RETURN"))) & {"failed", "skipped", "unreachable"} == set()


class UnreadableKeys(Exception):
    """The source does not tell which keys a value has."""


def keys_given(keywords: list[ast.keyword], name: str) -> set[str]:
    """Keys that keyword arguments stand for; those of `**value` are looked up where the value comes from."""
    given = {keyword.arg for keyword in keywords if keyword.arg}
    return given.union(*(keys_of(keyword.value, name) for keyword in keywords if not keyword.arg))


def keys_of(value: ast.expr, name: str) -> set[str]:
    """Keys of an expression that gives a dictionary, as far as its source tells."""
    tree = ast.parse((ROOT / "library" / f"{name}.py").read_text())
    if isinstance(value, ast.Dict):
        return {ast.literal_eval(key) for key in value.keys if key}.union(
            *(keys_of(part, name) for key, part in zip(value.keys, value.values, strict=True) if not key)
        )
    if isinstance(value, ast.IfExp):
        return keys_of(value.body, name) | keys_of(value.orelse, name)
    if isinstance(value, ast.Name):
        return set().union(*(keys_of(found, name) for found in assigned(tree, value.id)))
    function = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    if function == "dict":
        return keys_given(value.keywords, name)
    if function == "asdict":
        return {field.name for field in dataclasses.fields(type_of(value.args[0], tree, name))}
    defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    if not defined:
        raise UnreadableKeys(f"{name}.py returns {ast.unparse(value)}")
    returns = [node.value for node in ast.walk(defined[0]) if isinstance(node, ast.Return) and node.value]
    return set().union(*(keys_of(found, name) for found in returns))


def assigned(tree: ast.Module, variable: str) -> list[ast.expr]:
    """What a variable is set to, anywhere in a module."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
    targets = [(node, node.targets if isinstance(node, ast.Assign) else [node.target]) for node in nodes]
    found = [node.value for node, names in targets if variable in map(ast.unparse, names)]
    if not found:
        raise UnreadableKeys(f"{variable} is not set by itself")
    return found


def type_of(value: ast.expr, tree: ast.Module, name: str) -> type:
    """Class of an object that a function of the module or of module_utils returns."""
    if isinstance(value, ast.Name):
        [value] = assigned(tree, value.id)
    made_by = getattr(imported(name), ast.unparse(value.func))
    return made_by if isinstance(made_by, type) else typing.get_type_hints(made_by)["return"]


@each_module
def test_examples_use_the_module_as_it_is(name: str):
    spec = imported(name).ARGUMENT_SPEC
    examples = [task[name] for task in part_of(name, "EXAMPLES") if name in task]
    assert examples
    for example in examples:
        assert set(example) <= set(spec)
        assert {option for option, value in spec.items() if value.get("required")} <= set(example)
