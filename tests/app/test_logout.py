"""Logging out on `fix`: what is dead afterwards."""

from concurrent.futures import ThreadPoolExecutor

from app_client import Client, claims, refusal

SESSION_KEY = ":1:django.contrib.sessions.cached_db{}"


def test_logout_ends_family_session_row_and_redis_key(stack, user: Client) -> None:
    session = user.http.cookies["sessionid"]
    row = ("SELECT count(*) FROM django_session WHERE session_key = %s", session)
    assert stack.services.redis().exists(SESSION_KEY.format(session)) == 1
    assert stack.services.sql(*row) == [(1,)]

    assert user.logout().status_code == 200

    assert refusal(user.refresh()) == (401, "session_revoked")
    assert refusal(user.get("/api/auth/me/")) == (401, "session_revoked")
    assert stack.services.redis().exists(SESSION_KEY.format(session)) == 0
    assert stack.services.sql(*row) == [(0,)]
    assert user.get_with_cookie("/api/auth/me/").status_code == 401


def test_a_child_in_grace_does_not_survive_logout(user: Client) -> None:
    user.refresh()
    user.logout()  # with the superseded token
    assert refusal(user.refresh()) == (401, "session_revoked")


def test_logout_ends_a_token_without_family(stack, old_user: Client) -> None:
    user = old_user.moved_to(stack.fix.url)
    assert user.logout().status_code == 200
    assert refusal(user.refresh()) == (401, "session_revoked")


def test_logout_says_why_in_the_record(stack, user: Client) -> None:
    user.logout()
    family = claims(user.refresh_token)["fam"]
    reason = "SELECT revoked_reason FROM auth_refresh_token WHERE family_id = %s"
    assert stack.services.sql(reason, family) == [("logout",)]


def test_logout_with_a_bad_token_still_ends_the_session(user: Client) -> None:
    user.refresh_token = "nonsense"
    assert user.logout().status_code == 200
    assert user.get_with_cookie("/api/auth/me/").status_code == 401


def test_logout_leaves_other_logins_alone(user: Client) -> None:
    other = Client(user.url, email=user.email).login()
    user.logout()
    assert other.refresh().status_code == 200
    assert other.get_with_cookie("/api/auth/me/").status_code == 200


def test_logout_wins_over_refreshes_at_the_same_time(stack, user: Client) -> None:
    live = "SELECT count(*) FROM auth_refresh_token WHERE family_id = %s AND revoked_at IS NULL"
    with ThreadPoolExecutor(5) as pool:
        for _ in range(12):
            one = Client(user.url, email=user.email).login()
            refreshes = [pool.submit(Client(one.url).refresh, one.refresh_token) for _ in range(4)]
            assert one.logout().status_code == 200
            assert {refresh.result().status_code for refresh in refreshes} <= {200, 401}
            assert stack.services.sql(live, claims(one.refresh_token)["fam"]) == [(0,)]
