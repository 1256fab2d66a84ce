"""What a health check is: a value, the limits it is held against, and the verdict. Pure, the same for every store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

OK, UNKNOWN, WARNING, CRITICAL = "ok", "unknown", "warning", "critical"
#: From the best to the worst; a whole is as bad as its worst part.
SEVERITY = (OK, UNKNOWN, WARNING, CRITICAL)


class HealthError(Exception):
    """A store could not be asked or an option not used: what was looked at, what was found, what is needed."""


class NotKnown(Exception):
    """A check cannot be judged; the text says why."""


@dataclass(frozen=True)
class Limits:
    """A value above `warning` is a warning, one above `critical` is critical; None is no limit."""

    warning: float | None = None
    critical: float | None = None

    def judge(self, value: float) -> str:
        if self.critical is not None and value > self.critical:
            return CRITICAL
        return WARNING if self.warning is not None and value > self.warning else OK


@dataclass(frozen=True)
class Measured:
    """value: what is held against the limits; sample: how many were looked at; found: the value in words."""

    value: float | None
    sample: int | None
    found: str


@dataclass(frozen=True)
class Check:
    """One verdict. `reason` and `next_step` are empty when the check is ok."""

    name: str
    status: str
    value: Any = None
    threshold: dict[str, float | None] | None = None
    sample: int | None = None
    reason: str = ""
    next_step: str = ""


def judge(name: str, measured: Measured, limits: Limits, next_step: str, minimum_sample: int = 0) -> Check:
    """A smaller sample than `minimum_sample` can warn, but is too small to be critical."""
    status = limits.judge(measured.value) if measured.value is not None else OK
    too_small = status == CRITICAL and (measured.sample or 0) < minimum_sample
    check = Check(name, WARNING if too_small else status, measured.value, asdict(limits), measured.sample)
    if status == OK:
        return check
    limit = limits.critical if status == CRITICAL else limits.warning
    reason = f"{measured.found}; at most {limit:g} is healthy"
    if too_small:
        reason += f" (fewer than {minimum_sample} were looked at, so this is a warning only)"
    return replace(check, reason=reason, next_step=next_step)


def not_known(name: str, limits: Limits, reason: str, next_step: str = "") -> Check:
    return Check(name, UNKNOWN, threshold=asdict(limits), reason=reason, next_step=next_step)


def at_most_warning(check: Check, why: str) -> Check:
    """The check with a critical verdict lowered, and why."""
    if check.status != CRITICAL:
        return check
    return replace(check, status=WARNING, reason=f"{check.reason} ({why})")


def worst(checks: Iterable[Check]) -> str:
    return max((check.status for check in checks), key=SEVERITY.index, default=UNKNOWN)


def as_result(checks: list[Check]) -> dict[str, Any]:
    """`status` and `checks` as modules return them."""
    return {"status": worst(checks), "checks": [asdict(check) for check in checks]}


def choose_checks(rules: Mapping[str, Any], names: list[str], has_baseline: bool) -> list[str]:
    """The checks to make in the order of `rules`, all without names; some need a baseline. Raises HealthError."""
    unknown = sorted(set(names) - set(rules))
    if unknown:
        raise HealthError(f"checks names {', '.join(unknown)}; the checks are {', '.join(rules)}")
    wanted = [name for name in rules if not names or name in names]
    return [name for name in wanted if has_baseline or not rules[name].needs_baseline]


def choose_limits(defaults: Mapping[str, Limits], given: Mapping[str, Any]) -> dict[str, Limits]:
    """The limits of every check; `given` is {check: {warning, critical}}. Raises HealthError."""
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise HealthError(
            f"thresholds names {', '.join(unknown)}; these checks have thresholds: {', '.join(sorted(defaults))}"
        )
    return dict(defaults) | {name: _read_limits(name, defaults[name], given[name]) for name in given}


def _read_limits(name: str, default: Limits, given: Any) -> Limits:
    if not isinstance(given, Mapping) or not set(given) <= {"warning", "critical"}:
        raise HealthError(f"thresholds.{name} is {given!r}; a dictionary of warning and critical is needed")
    limits = Limits(**(asdict(default) | {key: _read_limit(name, key, given[key]) for key in given}))
    if None not in (limits.warning, limits.critical) and limits.warning > limits.critical:
        raise HealthError(
            f"thresholds.{name} warns above {limits.warning:g} and is critical above {limits.critical:g}; "
            "the warning must not come later"
        )
    return limits


def _read_limit(name: str, key: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise HealthError(
            f"thresholds.{name}.{key} is {value!r}; a number of 0 or more, or null for none, is needed"
        )
    return number
