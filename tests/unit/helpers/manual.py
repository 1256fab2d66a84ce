"""What the manual of a module says, in the shape of its argument spec."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import yaml

FACTS = ("type", "default", "required", "choices", "elements")


def _facts(options: dict[str, dict], nested: str) -> dict[str, Any]:
    return {
        name: {fact: option.get(fact) for fact in FACTS}
        | {"nested": _facts(option.get(nested) or {}, nested)}
        for name, option in options.items()
    }


def options_in_manual(module: ModuleType) -> dict[str, Any]:
    return _facts(yaml.safe_load(module.DOCUMENTATION)["options"], "suboptions")


def options_in_spec(module: ModuleType) -> dict[str, Any]:
    return _facts(module.ARGUMENT_SPEC, "options")


def results_in_manual(module: ModuleType) -> set[str]:
    return set(yaml.safe_load(module.RETURN))


def returned(result: dict[str, Any]) -> set[str]:
    """Return the keys of a result that a manual has to name."""
    return set(result) - {"changed", "invocation", "diff"}
