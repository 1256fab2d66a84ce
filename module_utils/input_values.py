"""What is wrong with one value that an operator gave, as the end of a sentence that begins with its variable."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.redaction import SECRET as HIDDEN
from ansible.module_utils.redaction import redacted

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
#: What no text of an inventory has, but a key or a certificate of several lines.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: The same of a text that may have several lines.
CONTROL_OF_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST = 4096
ABSOLUTE = re.compile(r"(?!.*/[.][.](/|$))~?/.+")
#: Numbers as the command line gives them. Python alone would take 8_0, ' 80' and inf as well.
NUMBERS = {"int": re.compile(r"[0-9]+", re.ASCII), "float": re.compile(r"[0-9]+([.][0-9]+)?", re.ASCII)}
#: Who logs in by an address: a user, a password, or a token in the place of either.
LOGIN = re.compile(r"(://)\S*@")
#: How the path of a value names an element of a list; that in a mapping is named by its key.
EACH = "each"


def shown(value: Any, secret: bool, known: Iterable[str] = ()) -> str:
    """Return a value as a sentence quotes it: one short line, and nothing of a secret.

    ``secret`` says that the value is one, ``known`` are others that may be in it.
    """
    if secret:
        return "a value that is not shown here"
    text = _told(repr(value), known)
    return text if len(text) <= 60 else f"{text[:60]}... ({len(text)} characters)"


def rule_for(path: str, rules: dict) -> dict:
    """Return the first rule whose expression is the whole path, an empty one where none is."""
    return next((rule for paths, rule in rules.items() if re.fullmatch(paths, path)), {})


def value_problem(value: Any, option: dict, rule: dict, secret: bool, known: Iterable[str] = ()) -> str:
    """Return what is wrong with a value, as the end of a sentence; empty when nothing is."""
    needed, exact = TYPES[option["type"]]
    said = f"is {shown(value, secret, known)}"
    if exact is str and value == "" and option.get("required"):
        return "is empty"
    if not isinstance(value, exact) or (exact is object and not _is_number(value, option["type"])):
        return f"{said}; {needed} is needed"
    if option.get("choices") and value not in option["choices"]:
        return f"{said}; one of {', '.join(option['choices'])} is needed"
    if rule and not _keeps(value, rule, secret):
        return f"{said}; {rule['needed']} is needed"
    if exact is str and not secret and (CONTROL.search(value) or len(value) > LONGEST):
        return f"{said}; one line of at most {LONGEST} characters is needed"
    if option["type"] == "path" and not rule and value and not ABSOLUTE.fullmatch(value):
        return f"{said}; {needed} is needed"
    return _structure_problem(value, option, known)


def part_problem(
    path: str, value: Any, rule_of: Callable[[str], dict], secret: bool, known: Iterable[str] = ()
) -> str:
    """Return what is wrong with a key, or with what is inside of a list or mapping, as the end of a sentence.

    ``path`` is the variable's name, ``rule_of`` returns the rule of what is at a path.
    """
    rule = rule_of(path)
    for key in value if isinstance(value, dict) else ():
        if not isinstance(key, str) or not re.fullmatch(rule.get("keys", r"[^\x00-\x1f\x7f]*"), key):
            needed = rule.get("needed", "text of one line")
            return f"has the name {shown(key, False, known)}{_within(path)}; {needed} is needed"
    inside = (
        list(value.items())
        if isinstance(value, dict)
        else [(EACH, part) for part in value]
        if isinstance(value, list)
        else []
    )
    for key, part in inside:
        below = f"{path}.{key}"
        hidden = secret or bool(SECRET.search(key))
        problem = _leaf_problem(below, part, rule_of(below), hidden, known)
        if problem := problem or part_problem(below, part, rule_of, hidden, known):
            return problem
    return ""


def _leaf_problem(path: str, value: Any, rule: dict, secret: bool, known: Iterable[str]) -> str:
    said = f"has {shown(value, secret, known)}{_within(path)}"
    if rule and not _keeps(value, rule, secret):
        return f"{said}; {rule['needed']} is needed"
    control = CONTROL_OF_LINES if rule.get("lines") else CONTROL
    if isinstance(value, str) and not secret and control.search(value):
        return f"{said}; text without control characters is needed"
    return ""


def _within(path: str) -> str:
    """The place of a value in its variable, as words that follow it."""
    names = [name for name in path.split(".")[1:] if name != EACH]
    return f" in {'.'.join(names)}" if names else ""


def _keeps(value: Any, rule: dict, secret: bool) -> bool:
    """Whether a value is what a rule needs."""
    if "among" in rule:
        return value in rule["among"]
    if "pattern" in rule:
        # A version such as 5.4 is a number in YAML.
        fits = isinstance(value, str | int | float) and re.fullmatch(rule["pattern"], str(value))
        return bool(fits) and (secret or ".." not in str(value))
    if not {"least", "most"} & set(rule):
        return True
    counted = isinstance(value, (list, dict))
    if not counted and not _is_number(value, "float"):
        return False
    size = len(value) if counted else float(value)
    return rule.get("least", 0) <= size <= rule.get("most", math.inf)


def _is_number(value: Any, kind: str) -> bool:
    if isinstance(value, str):
        return bool(NUMBERS[kind].fullmatch(value))
    if isinstance(value, bool) or not isinstance(value, int if kind == "int" else (int, float)):
        return False
    return math.isfinite(value) and value >= 0


def _structure_problem(value: Any, option: dict, known: Iterable[str]) -> str:
    """Return what is wrong with a list or mapping, by the options that it has itself."""
    if option["type"] not in ("list", "dict"):
        return ""
    messages = ArgumentSpecValidator({"it": option}).validate({"it": value}).error_messages
    return f"is not what is needed: {_told(one_line(messages[0]), known)}" if messages else ""


def _told(text: str, known: Iterable[str]) -> str:
    return LOGIN.sub(rf"\1{HIDDEN}@", redacted(text, known))


def one_line(text: Any) -> str:
    """Return a text on one line."""
    return " ".join(str(text).split())
