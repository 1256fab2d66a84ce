"""Ending all sessions, changing the password, and ending one while Redis is away: nothing lives on."""

import time

import jwt
import pytest
import requests

from app_client import Client, claims, data, refusal
from faults import user_id_of

REASONS = "SELECT DISTINCT revoked_reason FROM auth_refresh_token WHERE user_id = %s"


def by_cookie(client: Client) -> int:
    return client.get_with_cookie("/api/auth/me/").status_code


def by_token(client: Client) -> int:
    return client.get("/api/auth/me/").status_code


def on(server, client: Client) -> Client:
    """Another browser of the same user, logged in on the given version."""
    return Client(server.url, client.email, client.password).login()


def test_logout_all_ends_every_family_access_token_and_cookie(stack, user: Client) -> None:
    others = [on(stack.fix, user) for _ in range(2)]
    stranger = Client(stack.fix.url).register().login()
    assert data(user.logout_all())["ended"] == 4  # the registration began a family too
    for one in (user, *others):
        assert refusal(one.refresh()) == (401, "session_revoked")
        assert refusal(one.get("/api/auth/me/")) == (401, "session_revoked")
        assert by_cookie(one) == 401
    assert stack.services.sql(REASONS, user_id_of(user)) == [("logout_all",)]
    assert (by_token(stranger), by_cookie(stranger)) == (200, 200)
    assert (by_token(user.login()), by_cookie(user)) == (200, 200)


def test_logout_all_ends_what_was_never_shown_to_this_version(stack, user: Client) -> None:
    """A refresh token, an access token and a cookie of the version without families."""
    pocketed = on(stack.before, user).moved_to(stack.fix.url)
    user.logout_all()
    assert refusal(pocketed.refresh()) == (401, "session_revoked")
    assert refusal(pocketed.get("/api/auth/me/")) == (401, "session_revoked")
    assert by_cookie(pocketed) == 401


def test_logout_all_ends_an_old_cookie_that_this_version_has_used(stack, user: Client) -> None:
    pocketed = on(stack.before, user).moved_to(stack.fix.url)
    assert by_cookie(pocketed) == 200
    user.logout_all()
    assert by_cookie(pocketed) == 401


def test_a_session_begun_after_logout_all_on_the_version_before_lives_on(stack, user: Client) -> None:
    user.logout_all()
    time.sleep(1.1)  # its tokens count whole seconds
    back = on(stack.before, user)
    for server in (stack.fix, stack.before, stack.fix):
        back.moved_to(server.url)
        assert (by_token(back), by_cookie(back)) == (200, 200)
    assert back.refresh().headers["X-Refresh-Outcome"] == "adopted"


def test_logout_all_needs_somebody(stack) -> None:
    answer = requests.post(f"{stack.fix.url}/api/auth/logout-all/", json={}, timeout=5)
    assert refusal(answer)[0] == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_change_of_the_password_ends_all_others_and_keeps_this_one(stack, user: Client) -> None:
    old = Client(user.url, user.email, access=user.access, refresh_token=user.refresh_token)
    other, pocketed = on(stack.fix, user), on(stack.before, user).moved_to(stack.fix.url)
    assert user.change_password("another good password").status_code == 200
    for one in (old, other, pocketed):
        assert refusal(one.refresh()) == (401, "session_revoked")
        assert by_token(one) == 401
    assert (by_cookie(other), by_cookie(pocketed)) == (401, 401)
    assert (by_token(user), by_cookie(user)) == (200, 200)
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"
    assert ("password",) in stack.services.sql(REASONS, user_id_of(user))
    wrong = user.post("/api/auth/login/", {"email": user.email, "password": old.password})
    assert refusal(wrong) == (401, "credentials_invalid")
    assert by_token(user.login()) == 200


def test_a_change_of_the_password_keeps_remember_me(stack, user: Client) -> None:
    user.login(remember_me=True)
    user.change_password("another good password")
    assert claims(user.refresh_token)["exp"] - claims(user.refresh_token)["iat"] == 20 * 86_400


def test_a_change_without_cookie_makes_no_session(stack, user: Client) -> None:
    by_bearer = Client(user.url, user.email, access=user.access)
    assert by_bearer.change_password("another good password").status_code == 200
    assert "sessionid" not in by_bearer.http.cookies


def test_a_wrong_password_changes_nothing_and_is_no_401(stack, user: Client) -> None:
    user.password = "not the password"
    assert refusal(user.change_password("another good password")) == (400, "password_wrong")
    assert refusal(user.change_password("short")) == (400, "invalid")
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"


@pytest.fixture
def redis_away_for(stack):
    """Carries out an action while Redis is stopped."""

    def during(action):
        stack.services.stop_redis()
        try:
            return action()
        finally:
            stack.services.start_redis()

    return during


@pytest.mark.parametrize("server", ["fix", "before"])
def test_logout_while_redis_is_away_ends_the_cookie_for_good(stack, server: str, redis_away_for) -> None:
    """Redis comes back with its copy of the session, which nothing removed."""
    user = Client(getattr(stack, server).url).register().login().moved_to(stack.fix.url)
    assert by_cookie(user) == 200  # now Redis has a copy
    session = user.http.cookies["sessionid"]
    key = f":1:django.contrib.sessions.cached_db{session}"
    assert redis_away_for(user.logout).status_code == 200
    assert stack.services.redis().exists(key) == 1
    user.http.cookies.set("sessionid", session)
    assert by_cookie(user) == 401
    assert stack.services.redis().exists(key) == 0


@pytest.mark.parametrize("end", ["logout_all", "logout"])
def test_a_copy_that_is_written_after_the_end_does_not_count(stack, user: Client, end: str) -> None:
    """A request that began before the logout writes its session to Redis after it."""
    session = user.http.cookies["sessionid"]
    key = f":1:django.contrib.sessions.cached_db{session}"
    copy = stack.services.redis().get(key)
    assert getattr(user, end)().status_code == 200
    stack.services.redis().set(key, copy)
    user.http.cookies.set("sessionid", session)
    assert by_cookie(user) == 401


def test_a_session_that_is_over_loses_its_cookie_and_leaves_no_row(stack, user: Client) -> None:
    other, rows = on(stack.fix, user), "SELECT count(*) FROM django_session"
    user.logout_all()
    answer = other.post_as_user("/api/notes/", {})
    assert answer.status_code == 401
    assert "sessionid" not in other.http.cookies
    before = stack.services.sql(rows)
    other.get_with_cookie("/api/auth/me/")
    assert stack.services.sql(rows) == before


def test_a_reuse_ends_the_cookie_too(stack, user: Client) -> None:
    user.get("/api/auth/me/", access=data(user.refresh())["access"])
    family = claims(user.refresh_token)["fam"]
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = revoked_at - interval '61 s' WHERE family_id = %s", family
    )
    assert by_cookie(user) == 200
    assert refusal(user.refresh()) == (401, "reuse_detected")
    assert by_cookie(user) == 401


def test_a_cookie_outlives_a_family_that_expired(stack, user: Client) -> None:
    """Expiry is not an end: the cookie has a lifetime of its own, also when the family's row is gone."""
    family = claims(user.refresh_token)["fam"]
    stack.services.sql(
        "UPDATE auth_refresh_token SET created_at = now() - interval '9 d', expires_at = now() WHERE family_id = %s",
        family,
    )
    assert by_cookie(user) == 200
    stack.services.sql("DELETE FROM auth_refresh_token WHERE family_id = %s", family)
    assert by_cookie(user) == 200


def test_logout_by_cookie_alone_ends_the_family(stack, user: Client) -> None:
    assert user.post("/api/auth/logout/", {}).status_code == 200
    assert refusal(user.refresh()) == (401, "session_revoked")


def test_an_access_token_ends_with_its_family_at_the_latest(stack, user: Client) -> None:
    stack.services.sql(
        "UPDATE auth_refresh_token SET expires_at = now() + interval '100 s' WHERE family_id = %s",
        claims(user.refresh_token)["fam"],
    )
    assert claims(data(user.refresh())["access"])["exp"] - time.time() < 101


def test_an_access_token_of_another_users_family_is_refused(stack, user: Client) -> None:
    """Only a mistake of ours could sign it."""
    other = Client(user.url).register()
    mixed = claims(user.access) | {"user_id": user_id_of(other)}
    forged = jwt.encode(mixed, stack.services.files["key"].read_text())
    assert refusal(user.get("/api/auth/me/", access=forged)) == (401, "session_revoked")
