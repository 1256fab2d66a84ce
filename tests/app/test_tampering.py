"""Tokens and bodies that nobody honest sends: no tokens, no failure of the server, no traceback."""

import base64
import json
import random
import time
from uuid import uuid4

import jwt
import pytest
import requests

from app_client import ROTATES, Client, claims, refusal

PATHS = ("login", "register", "refresh", "logout", "logout-all", "password")


@pytest.fixture
def key(stack) -> str:
    return stack.services.files["key"].read_text()


def encoded(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(payload: dict, algorithm: str = "none") -> str:
    return f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(payload)}."


def spliced(payload: dict, signed: str) -> str:
    """Other claims under the signature of a good token."""
    header, _, signature = signed.split(".")
    return f"{header}.{encoded(payload)}.{signature}"


def forgeries(token: str) -> dict[str, str]:
    """Tokens that were not signed with the key, by what is wrong with them."""
    good = claims(token)
    return {
        "no signature": unsigned(good),
        "no signature, in capitals": unsigned(good, "NONE"),
        "another key": jwt.encode(good, "k" * 64, algorithm="HS256"),
        "another algorithm": jwt.encode(good, "k" * 64, algorithm="HS512"),
        "another user": spliced(good | {"user_id": 1}, token),
        "another family": spliced(good | {"fam": str(uuid4())}, token),
        "a later rotation": spliced(good | {"rot": 5}, token),
        "a longer life": spliced(good | {"exp": good["exp"] + 10**6}, token),
        "cut off": token[:-10],
        "twice": f"{token}.{token}",
        "bytes": "\x01\x02.\x03.\x04",
        "a lone surrogate": "\ud800.\ud800.\ud800",
        "not base64": "@@@.@@@.@@@",
    }


@pytest.mark.parametrize("what", forgeries(jwt.encode({"user_id": 1, "exp": 1}, "k" * 64)))
def test_a_forged_token_is_invalid(user: Client, what: str) -> None:
    refresh, access = forgeries(user.refresh_token)[what], forgeries(user.access)[what]
    answer = user.refresh(refresh)
    assert refusal(answer) in {(401, "token_invalid"), (400, "invalid")}
    assert "access" not in answer.text
    if access.isascii() and access.isprintable():
        assert refusal(user.get("/api/auth/me/", access=access)) == (401, "token_invalid")
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"


def mistakes(good: dict) -> dict[str, dict]:
    """Claims that only a mistake of ours could sign, by what is wrong with them."""
    lacking = {
        f"no {name}": {k: v for k, v in good.items() if k != name} for name in ("exp", "iat", "jti", "rot")
    }
    return lacking | {
        "the kind of the other token": good | {"type": "refresh" if good["type"] == "access" else "access"},
        "a kind that is none": good | {"type": ["refresh"]},
        "a family that is none": good | {"fam": "nonsense"},
        "a family that is a list": good | {"fam": []},
        "a family that is null": good | {"fam": None},
        "another family": good | {"fam": str(uuid4()), "jti": str(uuid4())},
        "a token id that is none": good | {"jti": "nonsense"},
        "a rotation that is none": good | {"rot": "nonsense"},
        "an expiry that is text": good | {"exp": "tomorrow"},
        "an expiry beyond the calendar": good | {"exp": 10**18},
        "a start that is text": good | {"iat": "yesterday"},
        "a user that is text": good | {"user_id": "1"},
        "a user that is true": good | {"user_id": True},
        "a user beyond all numbers": good | {"user_id": 2**80},
        "no user of that number": good | {"user_id": -1},
        "a list": {"user_id": [], "type": {}, "exp": [], "iat": None},
    }


SAMPLE = {"user_id": 1, "type": "refresh", "iat": 1, "exp": 2, "jti": "1", "fam": "1", "rot": 0}


@pytest.mark.parametrize("what", mistakes(SAMPLE))
def test_a_mistake_with_the_right_key_gives_nothing(stack, user: Client, key: str, what: str) -> None:
    refresh = jwt.encode(mistakes(claims(user.refresh_token))[what], key)
    answer = user.refresh(refresh)
    assert answer.status_code == 401, answer.text
    assert "access" not in answer.text
    harmless_for_access = {"no jti", "no rot", "a rotation that is none", "a token id that is none"}
    harmless_for_access |= {"an expiry beyond the calendar"}
    if what not in harmless_for_access:
        access = jwt.encode(mistakes(claims(user.access))[what], key)
        assert user.get("/api/auth/me/", access=access).status_code == 401
    assert "Traceback" not in stack.fix.log.read_text()


@pytest.mark.parametrize(("ahead", "status"), [(3, 200), (3600, 401)])
def test_a_start_in_the_future_is_taken_within_the_leeway(
    user: Client, key: str, ahead: int, status: int
) -> None:
    """Two hosts whose clocks differ."""
    later = claims(user.access) | {"iat": int(time.time()) + ahead}
    assert user.get("/api/auth/me/", access=jwt.encode(later, key)).status_code == status


def test_an_access_token_is_no_refresh_token(user: Client) -> None:
    assert refusal(user.refresh(user.access)) == (401, "token_invalid")


@pytest.mark.parametrize(
    "body", ["", "{", "null", "[]", '"x"', "1", "{}", '{"refresh": null}', '{"refresh": ""}']
)
def test_a_body_without_a_token_is_400_and_ends_nothing(user: Client, body: str) -> None:
    """Not one of the codes that tell a client that its session is over."""
    headers = {"Content-Type": "application/json"} | ROTATES
    answer = requests.post(f"{user.url}/api/auth/refresh/", data=body, headers=headers, timeout=5)
    assert answer.status_code == 400, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["code"] not in {
        "token_invalid",
        "token_expired",
        "session_revoked",
        "reuse_detected",
    }


def values(chance: random.Random) -> list[object]:
    return [
        None,
        True,
        -1,
        2**70,
        1e308,
        "",
        " ",
        "a" * 5000,
        "\u0000",
        "\ud800",
        "\U0001f600" * 9,
        "'; DROP TABLE auth_refresh_token; --",
        [],
        {},
        [[[[]]]],
        {"refresh": {}},
        "".join(chr(chance.randrange(1, 0x3000)) for _ in range(30)),
    ]


@pytest.mark.parametrize("path", PATHS)
def test_no_body_makes_the_server_fail(stack, user: Client, path: str) -> None:
    """A hundred bodies from a fixed seed: any names that some endpoint knows, with any values."""
    chance = random.Random(path)
    names = ["refresh", "email", "password", "remember_me", "old_password", "new_password", "other"]
    for _ in range(100):
        body = {name: chance.choice(values(chance)) for name in chance.sample(names, chance.randrange(1, 5))}
        if path == "logout-all" and chance.random() < 0.9:
            continue
        text = json.dumps(chance.choice([body, body, body, [body], "x"]))
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {user.access}"}
        answer = requests.post(f"{user.url}/api/auth/{path}/", data=text, headers=headers, timeout=10)
        assert answer.status_code < 500, (text, answer.text)
        assert "access" not in answer.text, text
        assert answer.headers["Cache-Control"] == "no-store"
    assert "Traceback" not in stack.fix.log.read_text()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_other_methods_change_nothing(user: Client, method: str) -> None:
    for path in PATHS:
        answer = requests.request(method, f"{user.url}/api/auth/{path}/", timeout=5)
        assert answer.status_code in {200, 401, 405}
        assert answer.headers["Cache-Control"] == "no-store"
    assert user.refresh().headers["X-Refresh-Outcome"] == "rotated"


@pytest.mark.parametrize(
    "path", ["/api/notes/", "/api/auth/me/", "/api/reports/restricted/", "/api/nowhere/"]
)
def test_no_answer_of_the_api_is_kept_by_caches(user: Client, path: str) -> None:
    for answer in (user.get(path), requests.get(f"{user.url}{path}", timeout=5)):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("cookie", ["x", "a" * 4000, "../../etc", "%00", "\u00e9"])
def test_a_cookie_that_is_no_session_is_nobody(stack, cookie: str) -> None:
    headers = {"Cookie": f"sessionid={cookie}".encode()}
    answer = requests.get(f"{stack.fix.url}/api/auth/me/", headers=headers, timeout=5)
    assert refusal(answer)[0] == 401
