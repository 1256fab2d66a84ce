"""Removing old rows: what nothing can ask for any more goes, everything else stays."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from app_client import Client, claims, data, refusal
from faults import user_id_of

INSERT = """INSERT INTO auth_refresh_token (token_id, user_id, family_id, parent_id, created_at, expires_at,
    revoked_at, revoked_reason, rotation_count, remember_me, confirmed_at)
    VALUES (%s, %s, %s, %s, now() - %s::interval, now() + %s::interval, now() - %s::interval, %s, 0, true, %s)
    RETURNING id"""


@pytest.fixture
def purge(stack):
    """Runs the command; gives what it printed."""

    def run(*arguments: str) -> dict[str, object]:
        result = stack.fix_made.manage("purge_refresh_tokens", "--pause", "0", *arguments)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.fixture
def row(stack, user: Client):
    """Inserts a row of a given age; gives its number."""

    def insert(
        created: str,
        expires_in: str,
        revoked: str | None = None,
        reason: str | None = None,
        *,
        token=None,
        family=None,
        parent: int | None = None,
        confirmed: bool = False,
    ) -> int:
        at = "2026-01-01" if confirmed else None
        values = (token or uuid4(), user_id_of(user), family or uuid4(), parent)
        return stack.services.sql(INSERT, *values, created, expires_in, revoked, reason, at)[0][0]

    return insert


def left(stack, *rows: int) -> list[bool]:
    kept = {found for (found,) in stack.services.sql("SELECT id FROM auth_refresh_token")}
    return [one in kept for one in rows]


def test_superseded_rows_go_after_eight_days(stack, purge, row) -> None:
    family = uuid4()
    old = row("9 d", "11 d", "8 d 1 h", "rotated", family=family)
    young = row("9 d", "11 d", "7 d 23 h", "rotated", family=family, parent=old)
    tip = row("9 d", "11 d", family=family, parent=young, confirmed=True)
    assert purge()["rotated"] == 1
    assert left(stack, old, young, tip) == [False, True, True]


def test_the_last_row_of_an_ended_family_goes_after_thirty_days(stack, purge, row) -> None:
    gone = [row("50 d", "-30 d", "30 d 1 h", reason) for reason in ("logout", "reuse_detected", "canary")]
    kept = [row("50 d", "-30 d", "29 d 23 h", reason) for reason in ("logout", "reuse_detected", "canary")]
    assert purge()["ended"] == 3
    assert left(stack, *gone, *kept) == [False] * 3 + [True] * 3


def test_live_tips_stay_until_long_after_their_expiry(stack, purge, row) -> None:
    live, expired, gone = row("300 d", "1 h"), row("50 d", "-29 d -23 h"), row("51 d", "-30 d -1 h")
    assert purge()["expired"] == 1
    assert left(stack, live, expired, gone) == [True, True, False]


def test_a_client_that_lost_an_answer_finds_its_way_back_after_days(stack, purge, user: Client) -> None:
    """The parent of an unconfirmed successor stays, else its return would look like a theft."""
    stack.services.sql(
        "UPDATE auth_refresh_token SET created_at = now() - interval '19 d', expires_at = now() + interval '1 d'"
        " WHERE family_id = %s",
        claims(user.refresh_token)["fam"],
    )
    child = data(user.refresh())["refresh"]
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = now() - interval '9 d' WHERE token_id = %s",
        claims(user.refresh_token)["jti"],
    )
    purge()
    answer = user.refresh()
    assert answer.headers["X-Refresh-Outcome"] == "redelivered"
    assert claims(data(answer)["refresh"])["jti"] == claims(child)["jti"]


def test_an_adopted_token_is_remembered_as_long_as_it_verifies(stack, purge, row, old_user: Client) -> None:
    """Else a token that was logged out would be adopted a second time."""
    first, second = uuid4(), uuid4()
    kept = row("40 d", "1 h", "31 d", "logout", token=first, family=first)
    gone = row("40 d", "-1 h", "31 d", "logout", token=second, family=second)
    rotated = row("40 d", "1 h", "31 d", "rotated", token=(third := uuid4()), family=third)
    user = old_user.moved_to(stack.fix.url)
    user.logout()
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = now() - interval '31 d'"
        " WHERE user_id = %s AND revoked_reason = 'logout'",
        user_id_of(user),
    )
    purge()
    assert left(stack, kept, gone, rotated) == [True, False, True]
    assert refusal(user.refresh()) == (401, "session_revoked")


def test_a_token_whose_row_is_gone_is_refused_all_the_same(stack, purge, user: Client) -> None:
    user.logout()
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = now() - interval '31 d'"
        " WHERE user_id = %s AND revoked_reason = 'logout'",
        user_id_of(user),
    )
    assert purge()["ended"] >= 1
    assert refusal(user.refresh()) == (401, "token_invalid")


def test_epochs_go_when_nothing_is_as_old(stack, purge) -> None:
    stack.services.sql(
        "INSERT INTO auth_user_epoch VALUES (-1, now() - interval '30 d 1 h'), (-2, now() - interval '29 d')"
    )
    purge()
    assert stack.services.sql("SELECT user_id FROM auth_user_epoch WHERE user_id < 0") == [(-2,)]


def test_a_dry_run_counts_and_removes_nothing(stack, purge, row) -> None:
    old = row("50 d", "-30 d", "31 d", "logout")
    found = purge("--dry-run")
    assert (found["ended"], found["removed"]) == (1, False)
    assert left(stack, old) == [True]
    assert purge()["ended"] == 1


def test_batches_and_rows_that_are_in_use(stack, purge, row) -> None:
    """A row that a request holds is left for the next time; nothing waits for it."""
    rows = [row("50 d", "-30 d", "31 d", "logout") for _ in range(7)]
    with stack.services.connect() as connection, connection.transaction():
        connection.execute("SELECT FROM auth_refresh_token WHERE id = %s FOR UPDATE", [rows[3]])
        assert purge("--batch", "2")["ended"] == 6
    assert left(stack, *rows) == [False] * 3 + [True] + [False] * 3
    assert purge("--batch", "2")["ended"] == 1


def test_two_at_once_beside_traffic(stack, purge, row, user: Client) -> None:
    rows = [row("50 d", "-30 d", "31 d", "logout") for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        purges = [pool.submit(purge, "--batch", "3") for _ in range(2)]
        tokens = [user.refresh_token]
        while not all(one.done() for one in purges):
            answer = user.refresh(tokens[-1])
            assert answer.status_code in {200, 429}
            if answer.ok:
                tokens.append(data(answer)["refresh"])
    assert sum(one.result()["ended"] for one in purges) == 40
    assert left(stack, *rows) == [False] * 40


@pytest.mark.parametrize("arguments", [("--batch", "0"), ("--pause", "-1")])
def test_arguments_are_checked(stack, arguments: tuple[str, str]) -> None:
    result = stack.fix_made.manage("purge_refresh_tokens", *arguments)
    assert result.returncode != 0
    assert "are needed" in result.stderr
