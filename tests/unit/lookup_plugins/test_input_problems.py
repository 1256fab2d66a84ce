"""What is wrong with the variables of a run, in the operator's words."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.input_values import SECRET, part_problem, rule_for, shown, value_problem
from input_problems import (
    Given,
    given_as,
    name_problems,
    names_read,
    names_set,
)

RULE = {"pattern": "[a-z.]{1,5}", "needed": "a short word"}


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("str", "a", ""),
        ("str", 1, "is 1; text is needed"),
        ("str", ["a"], "is ['a']; text is needed"),
        ("path", None, "is None; an absolute path without '..' is needed"),
        ("int", 0, ""),
        ("int", "12", ""),
        ("int", "many", "is 'many'; a whole number, 0 or more, is needed"),
        ("int", 1.5, "is 1.5; a whole number, 0 or more, is needed"),
        ("int", "1.5", "is '1.5'; a whole number, 0 or more, is needed"),
        ("int", -1, "is -1; a whole number, 0 or more, is needed"),
        ("int", "8_0", "is '8_0'; a whole number, 0 or more, is needed"),
        ("int", " 8", "is ' 8'; a whole number, 0 or more, is needed"),
        ("int", "8\n", r"is '8\n'; a whole number, 0 or more, is needed"),
        ("float", "inf", "is 'inf'; a number, 0 or more, is needed"),
        ("float", math.inf, "is inf; a number, 0 or more, is needed"),
        ("float", math.nan, "is nan; a number, 0 or more, is needed"),
        ("int", True, "is True; a whole number, 0 or more, is needed"),
        ("int", [], "is []; a whole number, 0 or more, is needed"),
        ("float", "1.5", ""),
        ("float", "soon", "is 'soon'; a number, 0 or more, is needed"),
        ("bool", False, ""),
        ("bool", "no", "is 'no'; true or false, which the command line takes as JSON, is needed"),
        ("list", ["a"], ""),
        ("list", "a", "is 'a'; a list is needed"),
        ("dict", {}, ""),
        ("dict", [], "is []; a mapping is needed"),
    ],
)
def test_a_value_is_of_the_type_that_is_needed(kind: str, value: Any, problem: str):
    assert value_problem(value, {"type": kind}, {}, secret=False) == problem


@pytest.mark.parametrize(
    ("value", "fits"),
    [("abc", True), ("a.b", True), ("a..b", False), ("abcdef", False), ("abc\n", False), ("", False)],
)
def test_a_rule_holds_for_the_whole_text(value: str, fits: bool):
    problem = value_problem(value, {"type": "str"}, RULE, secret=False)
    assert problem == ("" if fits else f"is {value!r}; a short word is needed")


@pytest.mark.parametrize(
    ("value", "problem"),
    [(0, "is 0; a port is needed"), (1, ""), ("65535", ""), (65536, "is 65536; a port is needed")],
)
def test_a_rule_has_limits_of_a_number(value: object, problem: str):
    rule = {"least": 1, "most": 65535, "needed": "a port"}
    assert value_problem(value, {"type": "int"}, rule, secret=False) == problem


def test_the_first_rule_that_fits_a_name_counts():
    rules = {"shop_url": {"pattern": "a"}, ".*_url": {"pattern": "b"}}
    assert [rule_for(name, rules).get("pattern") for name in ("shop_url", "my_url", "url")] == [
        "a",
        "b",
        None,
    ]


@pytest.mark.parametrize("value", ["a\nb", "a\x00", "\x1b[31m", "x" * 4097])
def test_a_text_is_one_line(value: str):
    problem = value_problem(value, {"type": "str"}, {}, secret=False)
    assert problem.endswith("; one line of at most 4096 characters is needed")
    assert value_problem(value, {"type": "str"}, {}, secret=True) == ""


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("/srv/app", True),
        ("~/x", True),
        ("/srv/..app", True),
        ("", True),
        ("srv", False),
        ("/srv/../etc", False),
        ("/..", False),
        ("/", False),
        ("../x", False),
    ],
)
def test_a_path_is_absolute(value: str, fits: bool):
    problem = value_problem(value, {"type": "path"}, {}, secret=False)
    assert problem == ("" if fits else f"is {value!r}; an absolute path without '..' is needed")


def test_a_required_text_is_not_empty():
    assert value_problem("", {"type": "str", "required": True}, {}, secret=False) == "is empty"
    assert value_problem("", {"type": "str"}, {}, secret=False) == ""


def test_a_choice_is_one_of_those_there_are():
    assert (
        value_problem("c", {"type": "str", "choices": ["a", "b"]}, {}, secret=False)
        == "is 'c'; one of a, b is needed"
    )


def test_the_parts_of_a_mapping_are_looked_at():
    option = {"type": "dict", "options": {"path": {"type": "str", "required": True}}}
    assert "missing required arguments: path" in value_problem({}, option, {}, secret=False)
    assert value_problem({"path": "/"}, option, {}, secret=False) == ""


def test_a_long_value_is_cut_short():
    assert value_problem("v" * 300, {"type": "int"}, {}, secret=False).startswith(
        f"is '{'v' * 59}... (302 characters);"
    )


def test_a_secret_is_not_shown():
    assert "12345" not in value_problem(12345, {"type": "str"}, {}, secret=True)
    assert "hunter" not in value_problem("hunter", {"type": "str"}, RULE, secret=True)


@pytest.mark.parametrize(
    "value",
    [
        "https://user:hunter22@host/path",
        "https://hunter22@host/path.git",
        "https://user:p/w@hunter22@host",
        {"login_password": "hunter22"},
        "x" * 50 + "my-known-secret-hunter22",
    ],
)
def test_a_value_is_quoted_without_a_login_and_without_what_is_known(value: Any):
    said = shown(value, secret=False, known=["my-known-secret-hunter22"])
    assert "hunter" not in said and "my-known" not in said and "[secret" in said


RULES = {
    r"role_paths[.]\w+": {"pattern": "/[a-z]*", "needed": "a path"},
    "role_secrets": {"keys": "[a-z]+", "needed": "a file's name"},
    "role_list": {"least": 1, "needed": "a list of one or more"},
    "role_list[.]each[.]port": {"least": 1, "most": 9, "needed": "a port"},
    "role_body[.].+": {"lines": True},
}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("role_paths", {"a": "/b", "c": "/"}, ""),
        ("role_paths", {"a": "@b"}, "has '@b' in a; a path is needed"),
        ("role_paths", {"a": ["/"]}, "has ['/'] in a; a path is needed"),
        ("role_paths", {"a": None}, "has None in a; a path is needed"),
        ("role_secrets", {"../x": "y"}, "has the name '../x'; a file's name is needed"),
        ("role_list", [{"port": 9}, {"port": "0"}], "has '0' in port; a port is needed"),
        ("role_list", [{"port": "x"}], "has 'x' in port; a port is needed"),
        ("role_other", ["a", "b\nc"], r"has 'b\nc'; text without control characters is needed"),
        ("role_other", {"a": {"b\n": 1}}, r"has the name 'b\n' in a; text of one line is needed"),
        ("role_other", {"a": {1: 1}}, "has the name 1 in a; text of one line is needed"),
        ("role_other", {"my_password": "a\nb"}, ""),
        ("role_body", {"text": "two\n\tlines"}, ""),
        (
            "role_body",
            {"text": "\x1b[31m"},
            r"has '\x1b[31m' in text; text without control characters is needed",
        ),
    ],
)
def test_what_is_inside_of_a_list_or_mapping_is_looked_at(name: str, value: Any, problem: str):
    assert part_problem(name, value, lambda path: rule_for(path, RULES), secret=False) == problem


@pytest.mark.parametrize(("value", "fits"), [([], False), (["a"], True)])
def test_a_rule_says_how_many_a_list_has(value: list, fits: bool):
    assert (value_problem(value, {"type": "list"}, RULES["role_list"], secret=False) == "") is fits


def test_a_name_is_one_of_those_of_another_variable():
    rules = {"role_name": {"one_of": "role_map"}}
    given = Given({"role_name": "c", "role_map": {"a": 1, "b": 2}}, lambda value: value, set(), rules=rules)
    assert (
        given.problem("role_name", {"type": "str"}) == "role_name is 'c'; one of role_map (a, b) is needed."
    )
    alone = Given({"role_name": "c"}, lambda value: value, set(), rules=rules)
    assert alone.problem("role_name", {"type": "str"}) == ""


def test_a_secret_may_have_two_dots():
    assert value_problem("a..b", {"type": "str"}, {"pattern": ".*", "needed": "text"}, secret=True) == ""


def test_secrets_of_roles_are_not_to_be_seen_and_no_sentence_quotes_those_of_the_vault_either():
    variables = {
        "role_password": "first-secret",
        "vault_name": "not-one-of-a-role",
        "release_services": {"app": {"environment": {"A": "first-secret", "B": "not-one-of-a-role"}}},
    }
    given = Given(variables, lambda value: value, set(), {"role_password": {"type": "str"}})
    assert (given.secrets, given.hidden) == (["first-secret"], ["first-secret", "not-one-of-a-role"])
    [problem] = given.together()
    assert problem.startswith("release_services.app.environment.A has a secret in it")


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"a": "{{ b }}", "b": "{{ c | default('') }}", "c": 1}, "c"),
        ({"a": "{{ b }}"}, "a"),
        ({"a": "{{ b ~ 'x' }}", "b": ""}, "a"),
        ({"a": "{{ a }}"}, "a"),
        ({"a": "{{ b }}", "b": "{{ a }}"}, "b"),
        ({}, "a"),
    ],
)
def test_a_variable_has_the_name_by_which_it_is_given(variables: dict, name: str):
    assert given_as("a", variables) == name


def failing(error: Exception):
    def template(value: Any) -> Any:
        raise error

    return template


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (AnsibleUndefinedVariable("'release_id' is undefined"), ""),
        (AnsibleUndefinedVariable("'vault_x' is undefined"), "vault_x is not set, and role_x needs it."),
        (
            AnsibleUndefinedVariable("object has no y"),
            "role_x is made of something that does not exist: object has no y.",
        ),
        (AnsibleError("cannot\ndecrypt"), "role_x cannot be read: cannot decrypt."),
    ],
)
def test_a_value_that_cannot_be_made_is_named(error: Exception, sentence: str):
    given = Given({"role_x": "{{ any }}"}, failing(error), {"release_id"})
    assert given.problem("role_x", {"type": "str"}) == sentence


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"type": "str", "required": True, "description": "A name."}, "role_x is not set (A name)."),
        ({"type": "str", "required": False, "description": "A name."}, ""),
    ],
)
def test_a_required_variable_is_set(option: dict, sentence: str):
    assert Given({}, str, set()).problem("role_x", option) == sentence
    assert Given({}, str, {"role_x"}).problem("role_x", option) == ""


def test_what_is_taken_out_of_a_value_of_the_wrong_type_has_no_sentence_of_its_own():
    """Red without it: the operator would read of attributes of objects beside the sentence that says what is wrong."""
    variables = {"role_x": "{{ role_map.a }}", "role_map": "text"}

    def template(text):
        if text == "text":
            return text
        raise AnsibleUndefinedVariable("object of type 'str' has no attribute 'a'")

    assert (
        Given(variables, template, set(), {"role_map": {"type": "dict"}}).problem("role_x", {"type": "str"})
        == ""
    )
    assert "made of" in Given(variables, template, set()).problem("role_x", {"type": "str"})


@pytest.mark.parametrize(
    ("name", "secret"),
    [("redis_password", True), ("backend_signing_key", True), ("vault_x", True), ("verify_data_key", False)],
)
def test_a_secret_is_known_by_its_name(name: str, secret: bool):
    assert bool(SECRET.search(name)) == secret


def test_each_of_the_secrets_is_a_text():
    given = Given({"role_secrets": {"good": "x", "empty": "", "number": 1}}, lambda value: value, set())
    assert given.problem("role_secrets", {"type": "dict"}) == "role_secrets has no text for empty, number."


def test_a_name_that_nothing_reads_is_named_with_the_nearest():
    found = name_problems({"igny8_versoin", "colour", "release"}, {"igny8_version", "release"})
    assert [sentence.split(" is set")[0] for sentence in found] == ["colour", "igny8_versoin"]
    assert found[0].endswith("Leave it out.")
    assert found[1].endswith("did you mean igny8_version?")


def test_names_that_templates_read_and_tasks_set_are_found():
    assert names_read(
        {"a": ["{{ b | default(c) }}", "plain", "{% if d %}{{ e.f }}{% endif %}", "{{ broken"], "g": 1}
    ) == {
        "b",
        "c",
        "d",
        "e",
    }
    tasks = [{"block": [{"ansible.builtin.set_fact": {"a": 1}, "vars": {"b": 2}}, {"register": "c"}]}]
    assert names_set(tasks) == {"a", "b", "c"}
