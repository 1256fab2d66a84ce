"""Whether a session that a browser has ended is gone from the server, whose stores the browser may not reach."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.auth_flow import Ledger, read_claims
from ansible.module_utils.auth_flow_app import status_problems
from ansible.module_utils.auth_flow_http import Client
from ansible.module_utils.auth_flow_plan import Planned
from ansible.module_utils.auth_flow_run import REFUSED

ROW, KEY, TOKEN = "browser_logout_row", "browser_logout_key", "browser_logout_token"
COOKIE, ACCESS = "browser_logout_session", "browser_logout_access"
#: Inputs that the checks need.
POSTGRES, REDIS, TABLE = "a session in PostgreSQL", "a session in Redis", "a token in PostgreSQL"
PLAN = (
    Planned(ROW, "Test 5", "look for the browser's session row after its logout", POSTGRES),
    Planned(KEY, "Test 5", "look for the browser's session key after its logout", REDIS, "redis_sessions"),
    Planned(TOKEN, "Test 5", "look whether all of the browser's token family is revoked", TABLE),
    Planned(COOKIE, "Test 5", "use the browser's session cookie after its logout", "session"),
    Planned(
        ACCESS, "Test 5", "use the browser's access token after its logout", "access", "access_revocation"
    ),
)
Ended = dict[str, str]


def describe(session: str, refresh: str, authorization: str) -> Ended:
    """A session and its tokens, each empty where there is none, by what they are looked up by or used with.

    session: value of the cookie; token: what the refresh token is called in its table; access: the header's value.
    """
    token = str((read_claims(refresh) or {}).get("jti") or "")
    return {"session": session, "token": token, "access": authorization}


def has_all(ended: list[Ended], name: str) -> bool:
    """Whether each of them has a `session`, a `token` or an `access`."""
    return all(one[name] for one in ended)


def judge_stores(ended: list[Ended], ledger: Ledger, stores: dict[str, Any]) -> None:
    """Look each of them up in the stores that are there, and write what is left of them into the ledger."""
    for check, name, place in ((ROW, POSTGRES, "postgres"), (KEY, REDIS, "redis")):
        if name in stores:
            left = any([stores[name].has(one["session"]) for one in ended])
            ledger.record(
                check, [f"the browser's session is still in {place} after its logout"] if left else []
            )
    if TABLE in stores:
        ledger.record(TOKEN, _token_problems([stores[TABLE].revoked(one["token"]) for one in ended]))


def judge_uses(ended: list[Ended], ledger: Ledger, client: Client, me: str, cookie: str) -> None:
    """Come with what somebody may have kept. After `judge_stores`: an application may throw away then what is over."""
    for one in ended:
        uses = (
            (COOKIE, {"Cookie": f"{cookie}={one['session']}"}, REFUSED, "cookie"),
            (ACCESS, {"Authorization": one["access"]}, (401,), "access token"),
        )
        for check, headers, wanted, what in uses:
            if ledger.asked(check):
                problems = status_problems(client.request("GET", me, None, headers), wanted)
                ledger.record(check, [f"{problem}, with the {what} of that session" for problem in problems])


def _token_problems(revoked: list[bool | None]) -> list[str]:
    return [
        *(["the browser's refresh token is not in the table of tokens"] if None in revoked else []),
        *(
            ["the family of the browser's refresh token lives on after its logout"]
            if False in revoked
            else []
        ),
    ]
