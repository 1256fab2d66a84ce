"""What a login flow must show, and how its answers are judged. Pure: no I/O, no clock, no token in any reason."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any

from ansible.module_utils.auth_flow_plan import FEATURES, PLAN, Planned, planned

LIFETIME_TOLERANCE_SECONDS = 5
#: Why a check was skipped that was asked, and that nothing is known of therefore.
NOT_REACHED = "not reached, an earlier check failed"


@dataclass(frozen=True)
class Check:
    """status: ok, critical or skipped; reason: one sentence, empty when ok."""

    name: str
    status: str
    reason: str
    guide: str


class Ledger:
    """Collects the verdicts of one flow in the order of its plan."""

    def __init__(self, expect: list[str], given: set[str], plan: tuple[Planned, ...] = PLAN) -> None:
        self._expect = set(expect)
        self._given = given
        self._plan = plan
        self._problems: dict[str, list[str]] = {}

    def record(self, name: str, problems: list[str]) -> None:
        """Record one check; further problems of the same check are added to it."""
        self._problems.setdefault(name, []).extend(problems)

    def asked(self, name: str) -> bool:
        """True when the check counts for this release and its input was given."""
        return not self._why_not(planned(name, self._plan))

    def checks(self) -> list[dict[str, str]]:
        return [asdict(self._check(check)) for check in self._plan]

    def plan(self) -> list[dict[str, str]]:
        """The same list for a run that does nothing."""
        return [
            asdict(Check(p.name, "skipped", self._why_not(p) or f"would {p.does}", p.guide))
            for p in self._plan
        ]

    def features(self) -> list[str]:
        shown = {
            p.feature for p in self._plan if p.shows and self._can(p) and self._problems.get(p.name) == []
        }
        return [feature for feature in (*FEATURES, *sorted(shown - set(FEATURES))) if feature in shown]

    def status(self) -> str:
        return "critical" if any(c["status"] == "critical" for c in self.checks()) else "ok"

    def _can(self, check: Planned) -> bool:
        return not check.needs or check.needs in self._given

    def _why_not(self, check: Planned) -> str:
        if not self._can(check):
            return f"{check.needs} is not given"
        if check.feature and check.feature not in self._expect:
            return f"{check.feature} is not expected of this release"
        return ""

    def _check(self, check: Planned) -> Check:
        why_not = self._why_not(check)
        if why_not:
            return Check(check.name, "skipped", why_not, check.guide)
        if check.name not in self._problems:
            return Check(check.name, "skipped", NOT_REACHED, check.guide)
        reason = "; ".join(self._problems[check.name])
        return Check(check.name, "critical" if reason else "ok", reason, check.guide)


def read_field(body: Any, name: str, data_key: str) -> Any:
    """Value of `data_key.name`, else of `name`; None when neither is there. `name` may be dotted."""
    if not isinstance(body, dict):
        return None
    wrapped = _walk(body.get(data_key), name) if data_key else None
    return _walk(body, name) if wrapped is None else wrapped


def _walk(value: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def read_claims(token: str) -> dict[str, Any] | None:
    """Claims of a JWT, its signature unread; None when the text is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def read_lifetime(token: str) -> int | None:
    """Seconds between the claims iat and exp; None when the token does not say."""
    claims = read_claims(token) or {}
    times = [claims.get("iat"), claims.get("exp")]
    if any(isinstance(t, bool) or not isinstance(t, (int, float)) for t in times):
        return None
    return int(times[1] - times[0])


def make_expired(now: int) -> str:
    """A JWT that ended an hour before `now` and that nobody signed."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"type": "access", "iat": now - 7200, "exp": now - 3600})
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, "A" * 43])


def judge_lifetimes(
    plain: int | None, remember: int | None, default_seconds: int | None, remember_seconds: int | None
) -> list[str]:
    """Problems of the two refresh lifetimes in seconds; a wanted lifetime of None is not compared."""
    if plain is None or remember is None:
        return ["a refresh token does not carry iat and exp; both are needed to read its lifetime"]
    problems = []
    for label, found, wanted in (
        ("without", plain, default_seconds),
        ("with", remember, remember_seconds),
    ):
        if wanted is not None and abs(found - wanted) > LIFETIME_TOLERANCE_SECONDS:
            problems.append(
                f"the refresh token {label} remember-me lives {found} seconds; {wanted} are required"
            )
    if remember <= plain:
        problems.append(f"remember-me gives {remember} seconds, no more than the {plain} seconds without it")
    return problems
