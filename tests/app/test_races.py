"""Requests that meet: whatever the order, there is one live tip or none, and what was ended stays ended."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from app_client import Client, claims, data, refusal
from faults import held_insert, user_id_of, wait_for_insert, wait_for_waiting

T = TypeVar("T")

LIVE_OF_FAMILY = "SELECT count(*) FROM auth_refresh_token WHERE family_id = %s AND revoked_at IS NULL"
LIVE_OF_USER = "SELECT count(*) FROM auth_refresh_token WHERE user_id = %s AND revoked_at IS NULL"
CHAIN = """SELECT count(*), count(*) FILTER (WHERE revoked_at IS NULL), max(rotation_count), sum(replay_count),
                  count(DISTINCT parent_id)
           FROM auth_refresh_token WHERE family_id = %s"""


@pytest.fixture(scope="module")
def unlimited(stack, backend):
    """A server that does not limit how often a family refreshes."""
    return backend("fix", REFRESH_LIMIT_PER_FAMILY="0").start()


@pytest.fixture
def one_more(user, django_of_fix):
    """Makes clients with a family of their own, without the cost of a login."""
    from igny8_core.auth import family_tokens
    from igny8_core.auth.models import RefreshToken, User

    owner = User.objects.get(email=user.email)

    def make(url: str) -> Client:
        tokens = family_tokens.pair(RefreshToken.create_token(owner))
        return Client(url, user.email, access=tokens["access"], refresh_token=tokens["refresh"])

    return make


def meet(stack, user: Client, first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """Begin `second` while `first` is inserting a token of the user; the results of both."""
    with ThreadPoolExecutor(2) as pool:
        with held_insert(stack.services, user_id_of(user)):
            begun = pool.submit(first)
            wait_for_insert(stack.services)
            other = pool.submit(second)
            wait_for_waiting(stack.services)
        return begun.result(), other.result()


def test_fifty_threads_refresh_one_token_forty_times(unlimited, stack, user: Client) -> None:
    """Every round is one rotation, and everybody gets the same string."""
    token, threads, rounds = user.refresh_token, 50, 40
    barrier = Barrier(threads)

    def refresh(presented: str) -> str:
        barrier.wait()
        answer = Client(unlimited.url).refresh(presented)
        while (
            answer.status_code == 503
        ):  # as a client does: on a slow machine fifty cannot have the lock in 3 s
            answer = Client(unlimited.url).refresh(presented)
        assert answer.status_code == 200, answer.text
        return data(answer)["refresh"]

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(rounds):
            given = set(pool.map(refresh, [token] * threads))
            assert len(given) == 1
            assert token not in given
            (token,) = given
    family = claims(token)["fam"]
    assert stack.services.sql(CHAIN, family) == [(rounds + 1, 1, rounds, rounds * (threads - 1), rounds)]


def test_two_hundred_logouts_against_refreshes_leave_no_live_token(unlimited, stack, one_more) -> None:
    with ThreadPoolExecutor(5) as pool:
        for _ in range(200):
            client, barrier = one_more(unlimited.url), Barrier(5)

            def at_once(action, barrier=barrier) -> int:
                barrier.wait()
                return action().status_code

            refreshes = [Client(client.url, refresh_token=client.refresh_token).refresh for _ in range(4)]
            first, *others = pool.map(at_once, [client.logout, *refreshes])
            assert first == 200 and set(others) <= {200, 401}
            assert stack.services.sql(LIVE_OF_FAMILY, claims(client.refresh_token)["fam"]) == [(0,)]


def test_logout_ends_a_successor_that_is_not_committed_yet(stack, user: Client) -> None:
    leaving = Client(user.url, refresh_token=user.refresh_token)
    refresh, logout = meet(stack, user, user.refresh, leaving.logout)
    assert (refresh.status_code, logout.status_code) == (200, 200)
    assert refusal(user.refresh(data(refresh)["refresh"])) == (401, "session_revoked")


def test_logout_all_ends_a_successor_that_is_not_committed_yet(stack, user: Client) -> None:
    refresh, logout = meet(stack, user, user.refresh, Client(user.url, access=user.access).logout_all)
    assert (refresh.status_code, logout.status_code) == (200, 200)
    assert stack.services.sql(LIVE_OF_USER, user_id_of(user)) == [(0,)]


def test_logout_all_ends_a_token_that_is_just_being_adopted(stack, old_user: Client) -> None:
    user = old_user.moved_to(stack.fix.url)
    other = Client(user.url, user.email).login()
    adoption, logout = meet(stack, user, user.refresh, other.logout_all)
    assert (adoption.status_code, logout.status_code) == (200, 200)
    assert stack.services.sql(LIVE_OF_USER, user_id_of(user)) == [(0,)]


def test_a_rotation_waits_for_logout_all_and_is_refused(stack, user: Client) -> None:
    """The locks the other way round: what logout-all holds, a rotation waits for."""
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7265812))"
    with stack.services.connect() as connection, ThreadPoolExecutor(1) as pool:
        with connection.transaction():
            connection.execute(lock, [str(user_id_of(user))])
            refresh = pool.submit(user.refresh)
            with pytest.raises(TimeoutError):
                refresh.result(timeout=0.5)
            connection.execute(
                "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'logout_all'"
                " WHERE user_id = %s AND revoked_at IS NULL",
                [user_id_of(user)],
            )
        assert refusal(refresh.result()) == (401, "session_revoked")


def test_logout_all_against_refreshes_of_many_families(unlimited, stack, user: Client, one_more) -> None:
    with ThreadPoolExecutor(9) as pool:
        for _ in range(15):
            clients, barrier = [one_more(unlimited.url) for _ in range(4)], Barrier(9)

            def at_once(action, barrier=barrier) -> int:
                barrier.wait()
                return action().status_code

            refreshes = [Client(one.url, refresh_token=one.refresh_token).refresh for one in clients * 2]
            first, *others = pool.map(at_once, [clients[0].logout_all, *refreshes])
            assert first == 200 and set(others) <= {200, 401}
            assert stack.services.sql(LIVE_OF_USER, user_id_of(user)) == [(0,)]


def test_a_login_under_way_does_not_survive_a_change_of_the_password(stack, user: Client) -> None:
    thief = Client(user.url, user.email)
    _, change = meet(stack, user, thief.login, lambda: user.change_password("another good password"))
    assert change.status_code == 200
    assert refusal(thief.refresh()) == (401, "session_revoked")
    assert thief.get_with_cookie("/api/auth/me/").status_code == 401
    assert user.refresh().status_code == 200


def test_a_login_that_checked_the_replaced_password_is_refused(stack, user: Client) -> None:
    """The change is not committed while the login checks, so the check itself cannot see it."""
    body = {"email": user.email, "password": user.password}
    late = Client(user.url)
    change, login = meet(
        stack,
        user,
        lambda: user.change_password("another good password"),
        lambda: late.post("/api/auth/login/", body),
    )
    assert change.status_code == 200
    assert refusal(login) == (401, "credentials_invalid")


def test_two_changes_of_the_password_are_one(stack, user: Client) -> None:
    other = Client(user.url, user.email).login()
    first, second = meet(
        stack,
        user,
        lambda: user.change_password("another good password"),
        lambda: other.change_password("a third good password"),
    )
    assert first.status_code == 200
    assert refusal(second) == (409, "conflict")
    user.login()


def test_an_api_call_does_not_wait_for_a_rotation(stack, user: Client) -> None:
    """Noting that the tip is used would need its row, which the rotation holds; the next call notes it."""
    confirmed = (
        "SELECT confirmed_at IS NOT NULL FROM auth_refresh_token WHERE user_id = %s AND rotation_count = 0"
    )
    with stack.services.connect() as connection, connection.transaction():
        connection.execute("SELECT FROM auth_refresh_token WHERE user_id = %s FOR UPDATE", [user_id_of(user)])
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(user.get, "/api/auth/me/")
            assert call.result(timeout=5).status_code == 200
    assert (False,) in stack.services.sql(confirmed, user_id_of(user))
    assert user.get("/api/auth/me/").status_code == 200
    assert (True,) in stack.services.sql(confirmed, user_id_of(user))


@pytest.mark.parametrize("path", ["/api/auth/logout-all/", "/api/auth/login/"])
def test_a_busy_user_is_503_and_ends_nothing(stack, user: Client, path: str) -> None:
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7265812))"
    body = {"email": user.email, "password": user.password}
    with stack.services.connect() as connection, connection.transaction():
        connection.execute(lock, [str(user_id_of(user))])
        answer = user.post_as_user(path, body)
        assert refusal(answer) == (503, "busy")
        assert answer.elapsed.total_seconds() < 10
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"


def test_a_rotation_that_the_unique_indexes_refuse_is_decided_again(
    stack, user: Client, django_of_fix
) -> None:
    """What the locks should prevent, the indexes stop; the refresh then sees what the other one wrote."""
    from igny8_core.auth import families, family_tokens

    presented, decide = family_tokens.read(user.refresh_token), families.rotation.decide

    def decide_while_another_rotates(*arguments: object, **named: object):
        families.rotation.decide = decide
        with stack.services.connect() as other, other.transaction():
            other.execute(
                "UPDATE auth_refresh_token SET revoked_at = clock_timestamp(), revoked_reason = 'rotated'"
                " WHERE token_id = %s",
                [presented.token_id],
            )
            other.execute(
                "INSERT INTO auth_refresh_token (token_id, user_id, family_id, parent_id, created_at, expires_at,"
                " rotation_count, remember_me) SELECT gen_random_uuid(), user_id, family_id, id, clock_timestamp(),"
                " expires_at, 1, false FROM auth_refresh_token WHERE token_id = %s",
                [presented.token_id],
            )
        return decide(*arguments, **named)

    families.rotation.decide = decide_while_another_rotates
    try:
        assert families.refresh(presented, may_rotate=True).outcome == "replayed"
    finally:
        families.rotation.decide = decide
    assert stack.services.sql(CHAIN, presented.family_id) == [(2, 1, 1, 1, 1)]
