"""What is wrong with the variables that a run was given, found before any host is contacted."""

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
short_description: Return what is wrong with the variables of a run
description:
  - Compares the variables with the argument specs of the roles that the play imports, long before the roles run.
  - What a role or playbook sets while it runs is left to the role's own validation.
  - Looks at what is inside of lists and mappings, and at variables that are each good alone and not together.
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
    description: >-
      Roles that the inventory has switched off. What they need may be missing or unfinished; the rest is checked.
    type: list
    elements: str
    default: []
  rules:
    description: >-
      What a value must be like, by a regular expression over its path; the first that fits counts. The path is the
      name of the variable, and after dots the keys of mappings and C(each) for an element of a list.
      C(pattern) is a regular expression over the whole of a text, C(keys) one over the keys of a mapping; C(least) and
      C(most) are limits of a number, or of how many a list has; C(one_of) is a variable whose names or elements a
      value is one of; C(needed) says the same in words. C(lines) allows several lines inside of a list or mapping.
      A path without a rule is absolute.
    type: dict
    default: {}
  also:
    description: >-
      Variables of no role, as options of an argument spec. One that is required is so where the role that it gives as
      C(of) is one of the play's.
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
from functools import cached_property
from pathlib import Path
from typing import Any

import ansible.module_utils
import yaml
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.plugins.lookup import LookupBase
from ansible.utils.vars import load_extra_vars
from jinja2 import Environment, TemplateSyntaxError, nodes

ROOT = Path(__file__).resolve().parents[1]
# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(ROOT / "module_utils"))

from ansible.module_utils.input_together import (  # noqa: E402
    exposed_problems,
    port_problems,
    root_problems,
    texts,
)
from ansible.module_utils.input_values import (  # noqa: E402
    SECRET,
    one_line,
    part_problem,
    rule_for,
    value_problem,
)

#: Folders that a role calls its own, and the one of them that is removed with all that is in it.
ROOTS, REMOVED_ROOT = (
    ("release_root", "edge_root", "data_services_root", "monitoring_root"),
    "monitoring_root",
)
#: What everybody sees who may look at the containers or at the images.
SHOWN = ("release_services", "backend_build_arguments", "frontend_build_arguments")
#: A variable that only hands on another one, with or without a default.
HANDED_ON = re.compile(r"\{\{\s*(\w+)\s*(\|\s*default\([^{}]*\)\s*)?\}\}")
#: What the example inventories write where an operator has to set something.
PLACEHOLDER = re.compile(r"CHANGE-ME|\bexample\.com\b")
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


@dataclass(frozen=True)
class Given:
    """The variables of a run as they are written, what makes values of them, the names that come later, and more."""

    variables: dict
    template: Callable[[Any], Any]
    set_later: set[str]
    options: dict[str, dict] = field(default_factory=dict)
    rules: dict[str, dict] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Return the value of a variable; None where there is none, or none yet."""
        try:
            return self.template(self.variables.get(name))
        except AnsibleError:
            return None

    @cached_property
    def secrets(self) -> list[str]:
        """Return the secrets that the roles are given."""
        return self._texts({name for name in self.options if SECRET.search(name)})

    @cached_property
    def hidden(self) -> list[str]:
        """Return what no sentence quotes: these, and all of the vault."""
        return self.secrets + self._texts({name for name in self.variables if name.startswith("vault_")})

    def _texts(self, names: set[str]) -> list[str]:
        return [text for name in sorted(names) for _place, text in texts(name, self.value(name))]

    def problem(self, name: str, option: dict) -> str:
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
            return f"{operator_name} cannot be read: {one_line(error)}."
        if PLACEHOLDER.search(str(value)):
            return f"{operator_name} still holds a placeholder of the example inventory; set it."
        secret = bool(SECRET.search(name) or SECRET.search(operator_name))
        problem = (
            value_problem(value, option, self._rule(name), secret, self.hidden)
            or _secrets_problem(name, value)
            or part_problem(name, value, self._rule, secret, self.hidden)
        )
        return f"{operator_name} {problem}." if problem else ""

    def together(self) -> list[str]:
        """Return what is wrong with variables that are each good alone."""
        roots = {given_as(name, self.variables): self.value(name) for name in ROOTS}
        ports = port_problems(self.value("edge_public_port"), self.value("edge_tls_certificate"))
        exposed = exposed_problems({name: self.value(name) for name in SHOWN}, self.secrets)
        return root_problems(roots, given_as(REMOVED_ROOT, self.variables)) + ports + exposed

    def _rule(self, path: str) -> dict:
        rule = rule_for(path, self.rules)
        if "one_of" not in rule:
            return rule
        names = self.value(rule["one_of"])
        if not isinstance(names, dict | list):
            return {}
        return {"among": list(names), "needed": f"one of {rule['one_of']} ({', '.join(map(str, names))})"}

    def _undefined(self, name: str, operator_name: str, message: str) -> str:
        match = UNDEFINED.search(message)
        if not match and self._is_made_of_what_is_wrong(name):
            return ""
        if not match:
            return f"{operator_name} is made of something that does not exist: {one_line(message)}."
        return "" if match[1] in self.set_later else f"{match[1]} is not set, and {name} needs it."

    def _is_made_of_what_is_wrong(self, name: str) -> bool:
        """Whether a variable takes its value out of others of which one has a sentence of its own."""
        parts = names_read(self.variables[name]) & set(self.options) & set(self.variables)
        return any(self.problem(part, self.options[part]) for part in parts - {name})


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
        also = self.get_option("also")
        set_later = set().union(*(names_set(_load(path)) for path in _task_files()))
        everything = dict(ChainMap(*options.values(), also))
        given = Given(variables, self._templar.template, set_later, everything, self.get_option("rules"))
        problems = [
            given.problem(name, option)
            for role in sorted(set(terms))
            for name, option in options[role].items()
            if not (option.get("required") and role in self.get_option("switched_off"))
        ]
        problems += [
            given.problem(name, option)
            for name, option in also.items()
            if name in variables or option.get("of") in terms
        ]
        read = set_later.union(self.get_option("known"), also, names_read(variables), *options.values())
        problems = list(dict.fromkeys(filter(None, problems)))
        return self._unknown(variables, read, set(options)) + problems + given.together()

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
