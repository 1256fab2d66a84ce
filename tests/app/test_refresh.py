"""Refreshing on `fix`: what the client sees, and what is stored."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import jwt
import pytest

from app_client import Client, claims, data, refusal

FAMILY = """SELECT rotation_count, revoked_reason, replay_count FROM auth_refresh_token
            WHERE family_id = %s ORDER BY rotation_count"""


def family_of(token: str) -> UUID:
    return UUID(claims(token)["fam"])


def pass_grace(stack, token: str) -> None:
    """Make the family's rotations older than the grace period."""
    stack.services.sql(
        "UPDATE auth_refresh_token SET revoked_at = revoked_at - interval '61 s' WHERE family_id = %s",
        family_of(token),
    )


def rotate(user: Client) -> str:
    """Refresh once and return the new refresh token."""
    answer = user.refresh()
    assert answer.headers["X-Refresh-Outcome"] == "rotated"
    return data(answer)["refresh"]


def test_refresh_rotates(stack, user: Client) -> None:
    child = rotate(user)
    assert child != user.refresh_token
    assert claims(child)["rot"] == 1
    assert claims(child)["exp"] == claims(user.refresh_token)["exp"]
    assert stack.services.sql(FAMILY, family_of(child)) == [(0, "rotated", 0), (1, None, 0)]


def test_the_new_access_token_works(user: Client) -> None:
    assert user.get("/api/auth/me/", access=data(user.refresh())["access"]).status_code == 200


def test_replay_within_grace_gives_the_same_child(stack, user: Client) -> None:
    child = rotate(user)
    answer = user.refresh()
    assert answer.headers["X-Refresh-Outcome"] == "replayed"
    assert data(answer)["refresh"] == child
    assert stack.services.sql(FAMILY, family_of(child)) == [(0, "rotated", 0), (1, None, 1)]


def test_lost_answer_is_delivered_again_after_grace(stack, user: Client) -> None:
    child = rotate(user)
    pass_grace(stack, child)
    answer = user.refresh()
    assert answer.headers["X-Refresh-Outcome"] == "redelivered"
    assert data(answer)["refresh"] == child


def test_replay_after_the_child_was_used_ends_the_family_on_disk(stack, user: Client) -> None:
    answer = user.refresh()
    child = data(answer)["refresh"]
    assert user.get("/api/auth/me/", access=data(answer)["access"]).status_code == 200
    pass_grace(stack, child)
    assert refusal(user.refresh()) == (401, "reuse_detected")
    assert stack.services.sql(FAMILY, family_of(child)) == [(0, "rotated", 0), (1, "reuse_detected", 0)]
    assert refusal(user.refresh(child)) == (401, "session_revoked")


def test_a_purged_ancestor_is_reuse_too(stack, user: Client) -> None:
    child = rotate(user)
    stack.services.sql(
        "DELETE FROM auth_refresh_token WHERE family_id = %s AND rotation_count = 0", family_of(child)
    )
    assert refusal(user.refresh()) == (401, "reuse_detected")


def test_a_client_that_cannot_store_a_new_token_consumes_none(stack, user: Client) -> None:
    answer = user.refresh(rotate=False)
    assert answer.headers["X-Refresh-Outcome"] == "kept"
    assert data(answer)["refresh"] == user.refresh_token
    assert stack.services.sql(FAMILY, family_of(user.refresh_token)) == [(0, None, 0)]


def test_concurrent_refreshes_of_one_token_are_one_rotation(stack, user: Client) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: Client(user.url).refresh(user.refresh_token), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({data(answer)["refresh"] for answer in answers}) == 1
    assert stack.services.sql(FAMILY, family_of(user.refresh_token)) == [(0, "rotated", 0), (1, None, 19)]


def test_a_busy_family_is_503_and_ends_nothing(stack, user: Client) -> None:
    with stack.services.connect() as connection, connection.transaction():
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7265811))", [claims(user.refresh_token)["fam"]]
        )
        answer = user.refresh()
    assert refusal(answer) == (503, "busy")
    assert answer.headers["Retry-After"] == "1"
    rotate(user)


def test_an_expired_family_is_refused_even_in_grace(stack, user: Client) -> None:
    rotate(user)
    stack.services.sql(
        "UPDATE auth_refresh_token SET created_at = now() - interval '2 d', expires_at = now()"
        " WHERE family_id = %s",
        family_of(user.refresh_token),
    )
    assert refusal(user.refresh()) == (401, "token_expired")


def test_an_inactive_user_is_refused(stack, user: Client) -> None:
    stack.services.sql("UPDATE igny8_user SET is_active = false WHERE email = %s", user.email)
    assert refusal(user.refresh()) == (401, "session_revoked")


@pytest.mark.parametrize(("remember_me", "seconds"), [(False, 86_400), (True, 1_728_000)])
def test_lifetimes(stack, user: Client, remember_me: bool, seconds: int) -> None:
    user.login(remember_me)
    stored = stack.services.sql(
        "SELECT extract(epoch FROM expires_at - created_at)::int, remember_me FROM auth_refresh_token"
        " WHERE family_id = %s",
        family_of(user.refresh_token),
    )
    assert stored == [(seconds, remember_me)]
    refresh, access = claims(user.refresh_token), claims(user.access)
    assert refresh["exp"] - refresh["iat"] == seconds
    assert access["exp"] - access["iat"] == 3600


def test_each_outcome_is_one_line_without_tokens(stack, user: Client) -> None:
    child = rotate(user)
    text = stack.fix.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if claims(child)["fam"] in line]
    assert [(line["event"], line["outcome"]) for line in lines] == [("refresh", "rotated")]
    assert user.refresh_token not in text and child not in text


def test_a_token_without_family_is_adopted_and_never_consumed(stack, old_user: Client) -> None:
    user = old_user.moved_to(stack.fix.url)
    first, again = user.refresh(), user.refresh()
    assert first.headers["X-Refresh-Outcome"] == again.headers["X-Refresh-Outcome"] == "adopted"
    adopted = data(first)["refresh"]
    assert data(again)["refresh"] == adopted
    assert claims(adopted)["exp"] == claims(user.refresh_token)["exp"]
    assert family_of(adopted) == UUID(claims(adopted)["jti"])
    child = data(user.refresh(adopted))["refresh"]
    pass_grace(stack, child)
    assert data(user.refresh())["refresh"] == child


def test_another_spelling_of_a_signature_is_the_same_token(stack, old_user: Client) -> None:
    user = old_user.moved_to(stack.fix.url)
    assert user.logout().status_code == 200
    respelt = user.refresh_token + "="
    key = stack.services.files["key"].read_text()
    assert jwt.decode(respelt, key, algorithms=["HS256"])
    assert refusal(user.refresh(respelt)) == (401, "session_revoked")
