"""Nobody is logged out: by the new version, by going back, or by Redis going away."""

import pytest
import requests

from app_client import Client, claims, data


def usable(client: Client) -> bool:
    """Whether cookie and access token both still log the client in."""
    by_cookie, by_token = client.get_with_cookie("/api/auth/me/"), client.get("/api/auth/me/")
    return by_cookie.status_code == by_token.status_code == 200


@pytest.fixture
def redis_away(stack):
    stack.services.stop_redis()
    yield
    stack.services.start_redis()


def test_a_session_from_before_the_migration_lives_on_both(stack) -> None:
    early = stack.early
    early.access = data(early.moved_to(stack.before.url).refresh())[
        "access"
    ]  # the tests may have run for long
    for server in (stack.before, stack.fix, stack.before, stack.fix):
        assert usable(early.moved_to(server.url)), server.version
    assert early.refresh().headers["X-Refresh-Outcome"] == "adopted"


def test_a_session_of_fix_lives_on_before_and_back(stack, user: Client) -> None:
    for server in (stack.before, stack.fix):
        assert usable(user.moved_to(server.url)), server.version


def test_before_takes_tokens_of_fix(stack, user: Client) -> None:
    child = data(user.refresh())
    on_before = Client(stack.before.url, access=child["access"], refresh_token=child["refresh"])
    answer = data(on_before.refresh())
    assert set(answer) == {"access"}
    assert on_before.get("/api/auth/me/", access=answer["access"]).status_code == 200
    assert user.refresh(child["refresh"]).status_code == 200


def test_before_stores_nothing_and_does_not_rotate(stack, old_user: Client) -> None:
    refresh, access = claims(old_user.refresh_token), claims(old_user.access)
    assert set(refresh) == {"user_id", "type", "iat", "exp"}
    assert (refresh["exp"] - refresh["iat"], access["exp"] - access["iat"]) == (604_800, 900)


def test_cookies_are_as_each_version_says(stack, user: Client, old_user: Client) -> None:
    def attributes(client: Client) -> set[str]:
        body = {"email": client.email, "password": "correct horse battery"}
        return set(client.post("/api/auth/login/", body).headers["Set-Cookie"].split("; "))

    assert {"SameSite=Lax", "Max-Age=86400", "HttpOnly"} <= attributes(user)
    assert {"SameSite=Strict", "HttpOnly"} <= attributes(old_user)
    assert "sessionid" in user.get_with_cookie("/api/auth/me/").headers["Set-Cookie"]
    assert "Set-Cookie" not in old_user.get_with_cookie("/api/auth/me/").headers


def test_redis_away_keeps_sessions_and_is_said_by_readyz(stack, user: Client, redis_away) -> None:
    cookie = user.http.cookies["sessionid"]
    assert usable(user)
    assert user.http.cookies["sessionid"] == cookie
    assert user.refresh().status_code == 200
    assert requests.get(f"{stack.fix.url}/livez", timeout=5).status_code == 200
    ready = requests.get(f"{stack.fix.url}/readyz", timeout=5)
    assert (ready.status_code, ready.json()["failing"]) == (503, ["redis"])
    assert requests.get(f"{stack.before.url}/readyz", timeout=5).status_code == 200


def test_sessions_survive_an_emptied_redis(stack, user: Client) -> None:
    stack.services.redis().flushdb()
    assert usable(user)
