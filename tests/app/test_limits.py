"""How often a family, an address and a guesser of passwords may ask."""

import pytest
import requests

from app_client import Client, claims, data, refusal

LIMIT = 5
# A window may end while the test counts; then twice as many are let through.
ENOUGH = 2 * LIMIT + 1


@pytest.fixture(scope="module")
def strict(stack, backend):
    """A server with a low limit for each family, and no proxy that it trusts."""
    limits = {"REFRESH_LIMIT_PER_FAMILY": str(LIMIT), "PASSWORD_LIMIT_PER_USER": str(LIMIT)}
    return backend("fix", **limits, REFRESH_LIMIT_PER_ADDRESS="1").start()


@pytest.fixture(scope="module")
def behind_proxy(stack, backend):
    """A server with a low limit for each address, behind a proxy on this machine."""
    return backend(
        "fix", REFRESH_LIMIT_PER_ADDRESS=str(LIMIT), TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.0/8"
    ).start()


def until_limited(ask) -> tuple[int, requests.Response]:
    """Ask until it is refused; the number of answers before, and the refusal."""
    for number in range(ENOUGH):
        answer = ask()
        if answer.status_code == 429:
            return number, answer
    raise AssertionError(f"{ENOUGH} requests and no limit")


def test_rotating_a_token_does_not_begin_a_new_count(stack, strict, user: Client) -> None:
    user.moved_to(strict.url)
    token = user.refresh_token

    def rotate() -> requests.Response:
        nonlocal token
        answer = user.refresh(token)
        token = data(answer)["refresh"] if answer.ok else token
        return answer

    number, answer = until_limited(rotate)
    assert number >= LIMIT and claims(token)["rot"] == number
    assert refusal(answer) == (429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Cache-Control"] == "no-store"
    # Nothing was consumed or ended by it.
    assert user.moved_to(stack.fix.url).refresh(token).headers["X-Refresh-Outcome"] == "rotated"


def test_families_are_counted_apart(strict, user: Client) -> None:
    other = Client(strict.url, user.email).login()
    until_limited(user.moved_to(strict.url).refresh)
    assert other.refresh().status_code == 200


def test_a_token_without_family_is_counted_as_one(strict, old_user: Client) -> None:
    until_limited(old_user.moved_to(strict.url).refresh)


def test_nothing_is_limited_while_redis_is_away(stack, strict, user: Client) -> None:
    user.moved_to(strict.url)
    stack.services.stop_redis()
    try:
        assert {user.refresh().status_code for _ in range(ENOUGH)} == {200}
    finally:
        stack.services.start_redis()


def from_address(server, user: Client, forwarded: str) -> requests.Response:
    return Client(server.url).post(
        "/api/auth/refresh/", {"refresh": user.refresh_token}, **{"X-Forwarded-For": forwarded}
    )


def test_the_address_is_the_one_that_the_proxy_saw(behind_proxy, user: Client) -> None:
    """What the client itself puts into the header comes first in it and means nothing."""
    forged = iter(range(100))
    _, answer = until_limited(
        lambda: from_address(behind_proxy, user, f"192.0.2.{next(forged)}, 198.51.100.7")
    )
    assert refusal(answer) == (429, "rate_limited")
    assert from_address(behind_proxy, user, "198.51.100.8").status_code == 200


def test_garbage_counts_too(behind_proxy) -> None:
    nobody = Client(behind_proxy.url, refresh_token="garbage")
    until_limited(lambda: from_address(behind_proxy, nobody, "203.0.113.1"))


def test_without_a_trusted_proxy_nobody_is_limited_by_address(strict, user: Client) -> None:
    """The address of an unknown proxy would stand for everybody."""
    other = Client(strict.url, user.email).login()
    assert {one.moved_to(strict.url).refresh().status_code for one in (user, other)} == {200}


def test_passwords_cannot_be_guessed_by_changing_them(strict, user: Client) -> None:
    user.moved_to(strict.url).password = "not the password"
    until_limited(lambda: user.change_password("another good password"))
