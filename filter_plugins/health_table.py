"""Filters of the health role: a short table of what is not ok, and the status of several results together."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

#: From the best to the worst.
SEVERITY = ("ok", "unknown", "warning", "critical")
WIDTH = 110
Results = Mapping[str, Mapping[str, Any]]


def health_table(results: Results, width: int = WIDTH) -> str:
    """Return a table of the checks that are not ok, the worst first, and a line that counts the others.

    ``results`` is {what was looked at: result of a health module}; each check has name, status, reason and next_step.
    """
    checks = _checks(results)
    bad = sorted((c for c in checks if c[1]["status"] != "ok"), key=_severity, reverse=True)
    lines = [line for what, check in bad for line in _entry(what, check, width)]
    return "\n".join([*lines, f"{len(checks) - len(bad)} of {len(checks)} checks are ok."])


def _severity(entry: tuple[str, Mapping[str, Any]]) -> int:
    return SEVERITY.index(entry[1]["status"])


def _entry(what: str, check: Mapping[str, Any], width: int) -> list[str]:
    head = f"{check['status'].upper():8}  {what}.{check['name']}"
    texts = [check["reason"]] + ([f"Next: {check['next_step']}."] if check["next_step"] else [])
    wrapped = [
        textwrap.wrap(text, width, initial_indent=" " * 10, subsequent_indent=" " * 10) for text in texts
    ]
    return [head, *(line for lines in wrapped for line in lines)]


def health_status(results: Results) -> str:
    """Return the worst status of several results; unknown where there is none."""
    return max((result["status"] for result in results.values()), key=SEVERITY.index, default="unknown")


def health_reasons(results: Results, status: str = "critical", before: Results | None = None) -> list[str]:
    """Return the reasons of all checks of one status, each after what was looked at and the check's name.

    Checks that had this status in ``before`` already are left out: what is compared did not bring them about.
    """
    known = {(what, check["name"]) for what, check in _checks(before or {}) if check["status"] == status}
    return [
        f"{what}.{check['name']}: {check['reason']}"
        for what, check in _checks(results)
        if check["status"] == status and (what, check["name"]) not in known
    ]


def _checks(results: Results) -> list[tuple[str, Mapping[str, Any]]]:
    return [(what, check) for what, result in results.items() for check in result.get("checks", [])]


def numbered(form: str, count: int) -> list[str]:
    """Return the names that a %-format makes of 1 to ``count``, such as those of the prober's users."""
    return [form % number for number in range(1, int(count) + 1)]


class FilterModule:
    """Filters of the health role."""

    def filters(self) -> dict:
        return {
            "health_reasons": health_reasons,
            "health_status": health_status,
            "health_table": health_table,
            "numbered": numbered,
        }
