"""Findings about a host: which explains which, the cause before what follows from it, and what is said of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

WIDTH = 110
#: From the worst to the least. A consequence is gone with its cause, so it is never critical.
SEVERITY = ("critical", "warning", "unknown", "consequence")
#: What repairs a finding without a person, in this order: on the host, in the database, then another release.
ACTS = ("host", "migrate", "deploy", "rollback")
#: What cannot be looked at is a finding of its own, so without any all of this was.
WELL = (
    "Nothing is wrong. Looked at: containers, engine, disk, memory and clock of the host; Redis, PostgreSQL and the "
    "edge; key, settings, modules, migrations and first page of the live release; tokens and sessions; logins."
)

_LOGINS = {"login", "refresh", "errors", "denied", "tabs", "browser", "unread"}
_SERVING = _LOGINS | {"unhealthy", "page", "served_bundle", "settings"}
_TABLE = {"token_table", "health_tokens"}
#: Kinds of findings, and the kinds that follow from each. The cause of others comes before them.
EXPLAINS: dict[str, set[str]] = {
    "engine": _SERVING | _TABLE | {"postgres", "redis", "edge", "no_live_release", "stopped", "image", "migrations"}
    | {"modules", "model", "signing_key", "health_sessions"},
    "postgres": _SERVING | _TABLE | {"migrations", "model", "health_sessions", "clock"},
    "redis": _SERVING | {"health_sessions"},
    "edge": _LOGINS | {"no_live_release", "page"},
    "no_live_release": _LOGINS | {"page"},
    "modules": _SERVING | {"image", "stopped", "migrations", "model", "health_sessions"},
    "stopped": _SERVING,
    "model": _SERVING,
    "migrations": _SERVING | _TABLE,
    "token_table": _SERVING | {"health_tokens"},
    "signing_key": _LOGINS,
    "clock": {"login", "refresh", "denied", "health_tokens", "browser"},
    "unhealthy": _LOGINS | {"page", "settings"},
    "served_bundle": {"image", "login", "refresh", "errors", "tabs", "browser"},
    "image": _SERVING,
    "page": _LOGINS | {"served_bundle"},
    "login": {"refresh", "errors", "denied", "tabs", "browser"},
    "refresh": {"errors", "tabs", "browser"},
    "errors": {"denied", "tabs", "browser"},
    "tabs": {"browser"},
}  # fmt: skip
#: Those that explain nothing come last.
RANK = (
    *(*EXPLAINS, "denied", "browser", "settings", "health_tokens", "health_sessions"),
    *("unread", "granted", "host", "stray"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    act: one of ACTS that repairs it, empty where a person has to; argv: command of act host.
    because: symptom of the finding that explains this one; once: a browser alone has shown it, and is asked again
    before it is acted on.
    """

    kind: str
    symptom: str
    evidence: str
    cause: str
    remedy: str
    status: str = "critical"
    act: str = ""
    argv: list[str] = field(default_factory=list)
    because: str = ""
    once: bool = False


def applied(rules: Iterable[Callable[[Any], Iterator[Finding]]], seen: Any) -> Iterator[Finding]:
    """Yield what each rule finds. One that cannot make sense of what was seen says so, and the others go on."""
    for rule in rules:
        try:
            yield from list(rule(seen))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            symptom = f"not known: {rule.__name__.replace('_', ' ')}"
            said = f"what was seen makes no sense to this check: {type(error).__name__} {error}"
            yield Finding("unread", symptom, said, "", "", "unknown")


def arrange(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with what follows from another marked as such, the root cause first."""
    ranked = sorted(findings, key=lambda finding: RANK.index(finding.kind))
    explained = [_explained(finding, ranked[:place]) for place, finding in enumerate(ranked)]
    return sorted(explained, key=lambda finding: SEVERITY.index(finding.status))


def _explained(finding: Finding, before: list[Finding]) -> Finding:
    causes = (f for f in before if f.status == "critical" and finding.kind in EXPLAINS.get(f.kind, ()))
    cause = next(causes, None)
    if cause is None or finding.status == "warning":
        return finding
    return replace(finding, status="consequence", act="", argv=[], because=cause.symptom)


def mends(findings: Iterable[Finding]) -> list[Finding]:
    """Return the critical findings that need no person, in the order of repair; at most one changes the release."""
    able = [finding for finding in findings if finding.status == "critical" and finding.act]
    releases = sorted((f for f in able if f.act in ("deploy", "rollback")), key=lambda f: ACTS.index(f.act))
    others = sorted((f for f in able if f not in releases), key=lambda f: ACTS.index(f.act))
    return [*others, *releases[:1]]


def lines(findings: list[Finding]) -> list[str]:
    """Return what is shown of arranged findings: the causes in full, and what follows from them in one line each."""
    told = [line for finding in findings for line in _entry(finding)]
    return told or [WELL]


def _entry(finding: Finding) -> list[str]:
    if finding.status == "consequence":
        return [f"CONSEQUENCE  {finding.symptom} (because: {finding.because})"]
    parts = {"Evidence": finding.evidence, "Cause": finding.cause, "Remedy": finding.remedy}
    told = [f"{title}: {text}" for title, text in parts.items() if text]
    return [
        f"{finding.status.upper():11}  {finding.symptom}",
        *(line for text in told for line in _wrapped(text)),
    ]


def _wrapped(text: str) -> list[str]:
    # A command stays on one line, so that it can be copied.
    if text.startswith("Remedy: "):
        return [" " * 13 + text]
    return textwrap.wrap(text, WIDTH, initial_indent=" " * 13, subsequent_indent=" " * 15)
