"""The checks of a login flow, in the order of the report, and the features a release may have."""

from __future__ import annotations

from dataclasses import dataclass

FEATURES = (
    "remember_me",
    "rotation",
    "redis_sessions",
    "session_survives_errors",
    "cache_control",
    "bearer_challenge",
    "revocation",
    "access_revocation",
)


@dataclass(frozen=True)
class Planned:
    """One named check: the part of the guide it stands for, what it does, when it is asked.

    needs: name of the input without which the check cannot be made, or empty.
    feature: asked only of a release that is expected to have it, or empty.
    shows: True when a pass shows that feature, expected or not.
    """

    name: str
    guide: str
    does: str
    needs: str = ""
    feature: str = ""
    shows: bool = False


PLAN = (
    Planned("web", "Test 1", "ask for the first page", "web"),
    Planned("login", "Test 1", "log in without remember-me"),
    Planned("login_remember", "Test 1", "log in with remember-me"),
    Planned("refresh_lifetimes", "Test 1", "compare both refresh lifetimes", "", "remember_me", True),
    Planned("session_row", "Test 1", "find the session rows in PostgreSQL", "postgres"),
    Planned("session_key", "Test 1", "find the session keys in Redis", "redis", "redis_sessions", True),
    Planned("me_bearer", "Test 1", "ask who the user is with the access token"),
    Planned("me_cookie", "Test 1", "ask who the user is with the session cookie", "session_cookie"),
    Planned("bad_access", "Test 2", "send a malformed and an expired access token"),
    Planned(
        "bearer_challenge", "Test 2", "read the challenge of those answers", "", "bearer_challenge", True
    ),
    Planned("forbidden", "Test 4", "ask for a page that is denied", "forbidden"),
    Planned("payment_required", "Test 4", "ask for a page that must be paid for", "payment_required"),
    Planned(
        "session_survives_errors",
        "Test 4",
        "use session and token after the denied pages",
        "forbidden",
        "session_survives_errors",
        True,
    ),
    Planned("refresh", "Test 2", "refresh and use the new access token"),
    Planned("other_tab", "Test 3", "use the older access token after the refresh"),
    Planned("rotation", "Test 2", "compare the new refresh token with the old one", "", "rotation", True),
    Planned("replay_grace", "Test 3", "send the old refresh token again at once", "", "rotation"),
    Planned("logout", "Test 5", "log out"),
    Planned("logout_session", "Test 5", "use the session cookie after the logout", "session_cookie"),
    Planned("logout_refresh", "Test 5", "use the refresh token after the logout", "", "revocation", True),
    Planned(
        "logout_access", "Test 5", "use the access token after the logout", "", "access_revocation", True
    ),
    Planned("logout_row", "Test 5", "look for the session row after the logout", "postgres"),
    Planned("logout_key", "Test 5", "look for the session key after the logout", "redis", "redis_sessions"),
    Planned("cleanup", "Test 5", "log out every canary session that is left"),
    Planned("cache_control", "Test 2", "read Cache-Control of every answer", "", "cache_control", True),
    Planned("release", "Test 1", "read the release header of every answer", "release"),
)


def planned(name: str, plan: tuple[Planned, ...] = PLAN) -> Planned:
    """The check of that name; KeyError when there is none."""
    return {check.name: check for check in plan}[name]
