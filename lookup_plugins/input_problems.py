"""What is wrong with the variables that a run was given, found before any host is contacted."""

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
short_description: Return what is wrong with the variables of a run
description:
  - Compares the variables with the argument specs of the roles that the play imports, long before the roles run.
  - What a role or playbook sets while it runs is left to the role's own validation.
  - Names a variable as the operator gives it, and never quotes a secret.
options:
  _terms:
    description: Names of the roles of the play.
    required: true
  known:
    description: Variables that a playbook reads itself.
    type: list
    elements: str
    default: []
  switched_off:
    description: Roles that the inventory has switched off. What they need may be unfinished; the rest is checked.
    type: list
    elements: str
    default: []
  rules:
    description: >-
      What a value must be like, by a regular expression over the names of variables; the first that fits counts.
      C(pattern) is a regular expression over the whole of a text, C(least) and C(most) are limits of a number,
      C(needed) says the same in words. A path without a rule is absolute.
    type: dict
    default: {}
author: Deployment team
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ query('input_problems', *ansible_play_role_names) }}"
"""

RETURN = r"""
_raw:
  description: One sentence for each problem.
  type: list
  elements: str
"""

import difflib
import re
from collections import ChainMap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.lookup import LookupBase
from ansible.utils.vars import load_extra_vars
from jinja2 import Environment, TemplateSyntaxError, nodes

ROOT = Path(__file__).resolve().parents[1]
#: What is needed, in words, and the Python type of a value that needs no conversion. Numbers may be given as text.
TYPES: dict[str, tuple[str, type]] = {
    "str": ("text", str),
    "path": ("an absolute path without '..'", str),
    "bool": ("true or false, which the command line takes as JSON,", bool),
    "list": ("a list", list),
    "dict": ("a mapping", dict),
    "int": ("a whole number, 0 or more,", object),
    "float": ("a number, 0 or more,", object),
}
#: A data key is the name of a field of answers.
SECRET = re.compile(r"(^vault_|_(password|(?<!_data_)key|secrets?)$)")
#: A variable that only hands on another one, with or without a default.
HANDED_ON = re.compile(r"\{\{\s*(\w+)\s*(\|\s*default\([^{}]*\)\s*)?\}\}")
#: What the example inventories write where an operator has to set something.
PLACEHOLDER = re.compile(r"CHANGE-ME|\bexample\.com\b")
#: What no text of an inventory has, but a key or a certificate of several lines.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LONGEST = 4096
ABSOLUTE = re.compile(r"(?!.*/[.][.](/|$))~?/.+")
UNDEFINED = re.compile(r"'(\w+)' is undefined")
#: Ansible's own, and where it puts words of the command line that are not `name=value`.
ANSIBLE_NAMES = re.compile(
    r"ansible_\w+|hostvars|vars|groups|group_names|inventory_\w+|playbook_dir|omit|role_names"
)
STRAY_WORDS = "_raw_params"
JINJA = Environment(autoescape=False)


def dicts(node: Any) -> Iterator[dict]:
    """All dictionaries of a nested value."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from dicts(child)


def names_set(content: Any) -> set[str]:
    """Variables that the tasks and plays of a YAML file set."""
    found: set[str] = set()
    for part in dicts(content):
        found |= set(part.get("ansible.builtin.set_fact") or {}) | set(part.get("vars") or {})
        found |= {part["register"]} if "register" in part else set()
    return found


def names_read(value: Any) -> set[str]:
    """Variables that the templates of a nested value name."""
    if isinstance(value, dict):
        return set().union(*map(names_read, value.values()))
    if isinstance(value, list):
        return set().union(*map(names_read, value))
    if not isinstance(value, str) or "{" not in value:
        return set()
    try:
        return {str(name.name) for name in JINJA.parse(str(value)).find_all(nodes.Name)}
    except TemplateSyntaxError:
        return set()


def given_as(name: str, variables: dict) -> str:
    """Return the variable that an operator sets to give another one its value."""
    seen = {name}
    while (match := HANDED_ON.fullmatch(str(variables.get(name, "")).strip())) and match[1] in set(
        variables
    ) - seen:
        name = match[1]
        seen.add(name)
    return name


def shown(value: Any, secret: bool) -> str:
    """Return a value as a sentence quotes it: one short line, and nothing of a secret."""
    if secret:
        return "a value that is not shown here"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}... ({len(text)} characters)"


def value_problem(value: Any, option: dict, rule: dict, secret: bool) -> str:
    """Return what is wrong with a value, as the end of a sentence; empty when nothing is."""
    needed, exact = TYPES[option["type"]]
    if exact is str and value == "" and option.get("required"):
        return "is empty"
    if not isinstance(value, exact) or (exact is object and not _is_number(value, option["type"])):
        return f"is {shown(value, secret)}; {needed} is needed"
    if option.get("choices") and value not in option["choices"]:
        return f"is {shown(value, secret)}; one of {', '.join(option['choices'])} is needed"
    if rule and not _keeps(value, rule):
        return f"is {shown(value, secret)}; {rule['needed']} is needed"
    if exact is str and not secret and (CONTROL.search(value) or len(value) > LONGEST):
        return f"is {shown(value, secret)}; one line of at most {LONGEST} characters is needed"
    if option["type"] == "path" and not rule and value and not ABSOLUTE.fullmatch(value):
        return f"is {shown(value, secret)}; {needed} is needed"
    return _parts_problem(value, option)


def rule_for(name: str, rules: dict) -> dict:
    """Return the first rule whose expression is the whole name, an empty one where none is."""
    return next((rule for names, rule in rules.items() if re.fullmatch(names, name)), {})


def _keeps(value: Any, rule: dict) -> bool:
    """Whether a value is what a rule needs."""
    if "pattern" in rule:
        return bool(re.fullmatch(rule["pattern"], value)) and ".." not in value
    return rule.get("least", 0) <= float(value) <= rule.get("most", float("inf"))


def _is_number(value: Any, kind: str) -> bool:
    if isinstance(value, bool) or (kind == "int" and isinstance(value, float)):
        return False
    try:
        return (int if kind == "int" else float)(value) >= 0
    except (TypeError, ValueError):
        return False


def _parts_problem(value: Any, option: dict) -> str:
    """Return what is wrong with the parts of a list or mapping."""
    if option["type"] not in ("list", "dict"):
        return ""
    messages = ArgumentSpecValidator({"it": option}).validate({"it": value}).error_messages
    return f"is not what is needed: {_one_line(messages[0])}" if messages else ""


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())


@dataclass(frozen=True)
class Given:
    """The variables of a run as they are written, what makes values of them, the names that come later, the options."""

    variables: dict
    template: Callable[[Any], Any]
    set_later: set[str]
    options: dict[str, dict] = field(default_factory=dict)

    def problem(self, name: str, option: dict, rule: dict) -> str:
        """Return what is wrong with the variable of an option, as a sentence; empty when nothing is."""
        if name not in self.variables:
            missing = option.get("required") and name not in self.set_later
            return f"{name} is not set ({option['description'].rstrip('.')})." if missing else ""
        operator_name = given_as(name, self.variables)
        try:
            value = self.template(self.variables[name])
        except AnsibleUndefinedVariable as error:
            return self._undefined(name, operator_name, str(error))
        except AnsibleError as error:
            return f"{operator_name} cannot be read: {_one_line(error)}."
        if PLACEHOLDER.search(str(value)):
            return f"{operator_name} still holds a placeholder of the example inventory; set it."
        secret = bool(SECRET.search(name) or SECRET.search(operator_name))
        problem = value_problem(value, option, rule, secret) or _secrets_problem(name, value)
        return f"{operator_name} {problem}." if problem else ""

    def _undefined(self, name: str, operator_name: str, message: str) -> str:
        match = UNDEFINED.search(message)
        if not match and self._is_made_of_what_is_wrong(name):
            return ""
        if not match:
            return f"{operator_name} is made of something that does not exist: {_one_line(message)}."
        return "" if match[1] in self.set_later else f"{match[1]} is not set, and {name} needs it."

    def _is_made_of_what_is_wrong(self, name: str) -> bool:
        """Whether a variable takes its value out of one of the wrong type, which has a sentence of its own."""
        parts = [
            part for part in names_read(self.variables[name]) & set(self.options) if part in self.variables
        ]
        return any(
            value_problem(self.template(self.variables[part]), self.options[part], {}, secret=True)
            for part in parts
        )


def _secrets_problem(name: str, value: Any) -> str:
    if not name.endswith("_secrets") or not isinstance(value, dict):
        return ""
    bad = [key for key, secret in value.items() if not isinstance(secret, str) or not secret]
    return f"has no text for {', '.join(bad)}" if bad else ""


def name_problems(names: set[str], known: set[str]) -> list[str]:
    """Return a sentence for each variable that nothing reads, with the nearest name that something does."""
    sentences = []
    for name in sorted(names - known):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]}?" if near else ". Leave it out."
        sentences.append(f"{name} is set, but nothing reads a variable of that name{hint}")
    return sentences


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: dict | None = None, **kwargs) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        variables = {k: v for k, v in (variables or {}).items() if not ANSIBLE_NAMES.fullmatch(k)}
        options = {role: _options(role) for role in sorted(path.name for path in (ROOT / "roles").iterdir())}
        set_later = set().union(*(names_set(_load(path)) for path in _task_files()))
        given = Given(variables, self._templar.template, set_later, dict(ChainMap(*options.values())))
        rules = self.get_option("rules")
        problems = [
            given.problem(name, option, rule_for(name, rules))
            for role in sorted(set(terms))
            for name, option in options[role].items()
            if not (option.get("required") and role in self.get_option("switched_off"))
        ]
        read = set_later.union(self.get_option("known"), names_read(variables), *options.values())
        return self._unknown(variables, read, set(options)) + list(dict.fromkeys(filter(None, problems)))

    def _unknown(self, variables: dict, read: set[str], roles: set[str]) -> list[str]:
        """Return what is wrong with the names: all of the command line's, and those that look like a role's."""
        extra = {name for name in load_extra_vars(self._loader) if not ANSIBLE_NAMES.fullmatch(name)}
        stray = load_extra_vars(self._loader).get(STRAY_WORDS)
        of_roles = {name for name in variables if name.partition("_")[0] in roles}
        sentence = (
            f"The extra variables have {stray!r} in them without a name; quote a value that has spaces."
        )
        return [sentence] * bool(stray) + name_problems((extra | of_roles) - {STRAY_WORDS}, read)


def _load(path: Path) -> Any:
    with path.open(encoding="utf-8") as handle:
        return yaml.load(handle, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _options(role: str) -> dict[str, dict]:
    """Return the options of all entry points of a role."""
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    specs = _load(path)["argument_specs"].values() if path.exists() else []
    return {name: option for spec in specs for name, option in spec["options"].items()}


def _task_files() -> list[Path]:
    return [*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").glob("**/*.yml")]
