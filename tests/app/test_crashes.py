"""What breaks in the middle of a request: the session goes on, and a revocation stays."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from app_client import ROTATES, Client, claims, data, refusal
from app_stack import Backend, wait_for
from faults import CRASH, CRASH_SETTINGS, held_insert, user_id_of, wait_for_insert, with_settings

STATE = """SELECT rotation_count, revoked_reason FROM auth_refresh_token WHERE family_id = %s
           ORDER BY rotation_count"""


@pytest.fixture(scope="module")
def fragile(stack, backend) -> Backend:
    """A server that runs requests in transactions, and whose worker dies before the answer when it is told so."""
    settings = f'{CRASH_SETTINGS}\nDATABASES["default"]["ATOMIC_REQUESTS"] = True'
    return with_settings(backend("fix"), settings, crash=CRASH).start()


def state_of(stack, client: Client) -> list[tuple]:
    return stack.services.sql(STATE, claims(client.refresh_token)["fam"])


def crash(server: Backend, client: Client, path: str) -> None:
    """Send a request whose answer never comes."""
    with pytest.raises(requests.ConnectionError):
        client.post(path, {"refresh": client.refresh_token}, **ROTATES, **{"X-Crash": "1"})
    wait_for(lambda: requests.get(f"{server.url}/readyz", timeout=2).ok, "another worker")


def past_grace(stack, client: Client) -> None:
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = revoked_at - interval '61 s' WHERE family_id = %s",
        claims(client.refresh_token)["fam"],
    )


@pytest.mark.parametrize("late", [False, True])
def test_a_crash_between_supersession_and_answer_is_recovered(
    stack, user: Client, fragile: Backend, late: bool
) -> None:
    user.moved_to(fragile.url)
    crash(fragile, user, "/api/auth/refresh/")
    assert state_of(stack, user) == [(0, "rotated"), (1, None)]
    if late:
        past_grace(stack, user)
    answer = user.refresh()
    assert answer.headers["X-Refresh-Outcome"] == ("redelivered" if late else "replayed")
    assert claims(data(answer)["refresh"])["rot"] == 1
    assert state_of(stack, user) == [(0, "rotated"), (1, None)]


def test_a_reuse_that_was_detected_is_on_disk_though_the_answer_never_came(
    stack, user: Client, fragile: Backend
) -> None:
    user.get("/api/auth/me/", access=data(user.refresh())["access"])
    past_grace(stack, user)
    crash(fragile, user.moved_to(fragile.url), "/api/auth/refresh/")
    assert state_of(stack, user) == [(0, "rotated"), (1, "reuse_detected")]


def test_a_logout_is_on_disk_though_the_answer_never_came(stack, user: Client, fragile: Backend) -> None:
    crash(fragile, user.moved_to(fragile.url), "/api/auth/logout/")
    assert state_of(stack, user) == [(0, "logout")]
    assert user.get_with_cookie("/api/auth/me/").status_code == 401


def test_a_refusal_in_a_request_with_a_transaction_keeps_the_revocation(
    stack, user: Client, fragile: Backend
) -> None:
    user.get("/api/auth/me/", access=data(user.refresh())["access"])
    past_grace(stack, user)
    assert refusal(user.moved_to(fragile.url).refresh()) == (401, "reuse_detected")
    assert state_of(stack, user) == [(0, "rotated"), (1, "reuse_detected")]


def test_a_change_of_families_refuses_to_run_inside_another_transaction(user: Client, django_of_fix) -> None:
    """Its commit would not be its own: whoever opened the transaction could still take it back."""
    from django.db import transaction

    from igny8_core.auth import families

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        families.revoke_all(user_id_of(user), "logout_all")


def test_a_connection_that_is_cut_in_the_middle_changes_nothing(stack, user: Client) -> None:
    with ThreadPoolExecutor(1) as pool, held_insert(stack.services, user_id_of(user)):
        refresh = pool.submit(user.refresh)
        process = wait_for_insert(stack.services)
        stack.services.sql("SELECT pg_terminate_backend(%s)", process)
        answer = refresh.result()
    assert refusal(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert state_of(stack, user) == [(0, None)]
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"


def test_a_worker_that_is_killed_before_its_commit_changes_nothing(stack, backend, user: Client) -> None:
    server = backend("fix").start()
    user.moved_to(server.url)
    with ThreadPoolExecutor(1) as pool, held_insert(stack.services, user_id_of(user)):
        refresh = pool.submit(user.refresh)
        wait_for_insert(stack.services)
        for worker in _children(server.process.pid):
            os.kill(worker, signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            refresh.result()
    wait_for(lambda: requests.get(f"{server.url}/readyz", timeout=2).ok, "another worker")
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"
    assert state_of(stack, user) == [(0, "rotated"), (1, None)]


def test_an_answer_that_nobody_waits_for_is_given_again(stack, user: Client) -> None:
    """The client hangs up while its refresh is carried out."""
    with held_insert(stack.services, user_id_of(user)) as release:
        with pytest.raises(requests.ReadTimeout):
            body = {"refresh": user.refresh_token}
            requests.post(f"{user.url}/api/auth/refresh/", json=body, headers=ROTATES, timeout=2)
        release()
        wait_for(lambda: len(state_of(stack, user)) == 2, "the rotation")
    assert user.refresh().headers["X-Refresh-Outcome"] == "replayed"


def test_a_process_that_stops_in_its_transaction_is_ended(stack, user: Client, django_of_fix) -> None:
    """Else it would hold the family's lock for ever."""
    from django.db import connection

    from igny8_core.auth import family_tokens, locks

    family = family_tokens.read(user.refresh_token).family_id
    with locks.one_family(user_id_of(user), family), connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("10s",)


def test_a_database_that_is_away_is_503_and_ends_nothing(stack, backend, user: Client) -> None:
    server = backend("fix", POSTGRES_PORT="1")  # nobody listens there
    server.launch()
    wait_for(lambda: requests.get(f"{server.url}/livez", timeout=2).ok, "livez")
    away = user.moved_to(server.url)
    for answer in (
        away.refresh(),
        away.logout(),
        away.post("/api/auth/login/", {"email": "a", "password": "b"}),
    ):
        assert refusal(answer) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "1"
    assert user.moved_to(stack.fix.url).refresh().headers["X-Refresh-Outcome"] == "rotated"


def _children(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=True)
    return [int(child) for child in found.stdout.split()]
