"""Old and new clients, old and new tokens, old and new keys beside each other: everybody stays logged in."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import jwt
import pytest

from app_client import Client, claims, data, refusal


@pytest.fixture
def old_bundle(stack) -> Client:
    """A client of the old bundle, which logs in on the new backend and keeps the refresh token of its login."""
    return Client(stack.fix.url, rotates=False).register().login(remember_me=True)


def past_grace(stack, family: str) -> None:
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = revoked_at - interval '61 s' WHERE family_id = %s", family
    )


def test_a_client_that_cannot_store_tokens_gets_one_that_is_never_consumed(stack, old_bundle: Client) -> None:
    token = old_bundle.refresh_token
    assert set(claims(token)) == {"user_id", "type", "iat", "exp", "jti"}
    assert claims(token)["exp"] - claims(token)["iat"] == 20 * 86_400
    for _ in range(3):
        answer = old_bundle.refresh()
        assert answer.headers["X-Refresh-Outcome"] == "adopted"
        assert data(answer)["refresh"] == token
        assert old_bundle.get("/api/auth/me/", access=data(answer)["access"]).status_code == 200


def test_two_logins_in_one_second_are_two_sessions(django_of_fix) -> None:
    """Tokens count whole seconds: nothing else in them would differ, and a logout of one would end both."""
    from igny8_core.auth import family_tokens

    tokens = [family_tokens.sign_legacy(1, timedelta(days=20), None) for _ in range(20)]
    assert len({family_tokens.read(token).family_id for token in tokens}) == 20


def test_an_old_tab_and_a_new_one_share_a_session(stack, old_bundle: Client) -> None:
    """The new tab rotates for hours, the old one replays the token of the login."""
    token = old_bundle.refresh_token
    for rotation in range(4):
        new = data(old_bundle.refresh(token, rotate=True))["refresh"]
        assert claims(new)["rot"] == rotation
        answer = old_bundle.refresh(new, rotate=True)
        assert answer.headers["X-Refresh-Outcome"] == "rotated"
        assert old_bundle.get("/api/auth/me/", access=data(answer)["access"]).status_code == 200
        past_grace(stack, claims(new)["fam"])
        assert data(old_bundle.refresh())["refresh"] == token
    assert old_bundle.logout().status_code == 200
    assert refusal(old_bundle.refresh(data(answer)["refresh"], rotate=True)) == (401, "session_revoked")


def test_an_old_tab_does_not_confirm_what_the_new_one_never_got(stack, old_bundle: Client) -> None:
    new = data(old_bundle.refresh(rotate=True))["refresh"]
    lost = data(old_bundle.refresh(new, rotate=True))["refresh"]
    access = data(old_bundle.refresh())["access"]
    assert old_bundle.get("/api/auth/me/", access=access).status_code == 200
    past_grace(stack, claims(new)["fam"])
    answer = old_bundle.refresh(new, rotate=True)
    assert answer.headers["X-Refresh-Outcome"] == "redelivered"
    assert data(answer)["refresh"] == lost


def test_the_first_use_of_an_adopted_session_is_noted(stack, old_bundle: Client) -> None:
    access = data(old_bundle.refresh())["access"]
    old_bundle.get("/api/auth/me/", access=access)
    confirmed = "SELECT confirmed_at IS NOT NULL FROM auth_refresh_token WHERE family_id = %s"
    assert stack.services.sql(confirmed, claims(access)["fam"]) == [(True,)]


def test_the_version_before_takes_it(stack, old_bundle: Client) -> None:
    on_before = old_bundle.moved_to(stack.before.url)
    assert set(data(on_before.refresh())) == {"access"}
    assert on_before.get("/api/auth/me/").status_code == 200


def test_a_pre_fix_token_is_adopted_once_by_many_tabs(stack, old_user: Client) -> None:
    user = old_user.moved_to(stack.fix.url)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: Client(user.url).refresh(user.refresh_token), range(12)))
    assert {answer.headers["X-Refresh-Outcome"] for answer in answers} == {"adopted"}
    assert len({data(answer)["refresh"] for answer in answers}) == 1


def test_an_adopted_session_whose_row_was_removed_lives(stack, old_user: Client) -> None:
    user = old_user.moved_to(stack.fix.url)
    child = data(user.refresh(data(user.refresh())["refresh"]))["refresh"]
    stack.services.sql(
        "DELETE FROM auth_refresh_token WHERE family_id = %s AND rotation_count = 0", claims(child)["fam"]
    )
    answer = user.refresh()
    assert answer.headers["X-Refresh-Outcome"] == "adopted"
    assert data(answer)["refresh"] == child


def test_legacy_tokens_end_at_the_time_that_was_set(stack, backend, old_user: Client) -> None:
    ended = backend("fix", LEGACY_ACCEPT_UNTIL="2026-01-01T00:00:00+00:00").start()
    assert refusal(old_user.moved_to(ended.url).refresh()) == (401, "token_expired")
    late = Client(ended.url, old_user.email, rotates=False).login()
    assert "fam" in claims(late.refresh_token)
    assert late.refresh().headers["X-Refresh-Outcome"] == "kept"


def test_a_legacy_token_is_not_given_for_longer_than_it_is_taken(django_of_fix) -> None:
    from igny8_core.auth import family_tokens

    soon = datetime.now(timezone.utc) + timedelta(hours=1)
    token = family_tokens.sign_legacy(1, timedelta(days=20), soon)
    assert claims(token)["exp"] == int(soon.timestamp())


def test_a_token_is_signed_alike_each_time_and_is_nowhere_at_rest(stack, user: Client, django_of_fix) -> None:
    from igny8_core.auth import family_tokens
    from igny8_core.auth.models import RefreshToken

    row = RefreshToken.objects.get(token_id=claims(user.refresh_token)["jti"])
    assert family_tokens.pair(row)["refresh"] == user.refresh_token
    child = data(user.refresh())["refresh"]
    secrets_of_client = [token.rpartition(".")[2] for token in (user.refresh_token, child, user.access)]
    stored = stack.services.sql("SELECT t::text FROM auth_refresh_token t") + stack.services.sql(
        "SELECT s::text FROM django_session s"
    )
    cached = [
        value for database in (1, 2) for value in _values(stack.services.redis(database)) if value is not None
    ]
    for secret in secrets_of_client:
        assert not any(secret in text for (text,) in stored)
        assert not any(secret.encode() in value for value in cached)


def _values(redis) -> list[bytes | None]:
    return [redis.get(key) for key in redis.scan_iter()]


def test_sessions_live_through_a_change_of_the_signing_key(stack, backend, user: Client, tmp_path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text(secrets.token_hex(32))
    old.write_text(stack.services.files["key"].read_text() + "\n")
    keys = {"DJANGO_SECRET_KEY_FILE": str(new), "DJANGO_SECRET_KEY_FALLBACKS_FILE": str(old)}
    user.moved_to(backend("fix", **keys).start().url)
    assert user.get("/api/auth/me/").status_code == 200
    assert user.get_with_cookie("/api/auth/me/").status_code == 200
    child = data(user.refresh())["refresh"]
    assert jwt.decode(child, new.read_text(), algorithms=["HS256"])["rot"] == 1
    again = user.refresh()
    assert again.headers["X-Refresh-Outcome"] == "replayed"
    assert data(again)["refresh"] == child
