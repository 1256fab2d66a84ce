"""Requests made up from the API's description, and odd ones from a list: each gets an answer that is described.

`openapi.yml` says which answers there are. None of them is a failure of the server, none but those to a new user
or to good credentials carries a token, and the log has no traceback. The requests are the same in every run. Each kind
of them was seen to fail: `mutations.py` breaks what they guard, below "Odd requests".
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app_client import Client, data

API = schemathesis.openapi.from_path(Path(__file__).with_name("openapi.yml"))
API.config.generation.update(modes=list(schemathesis.GenerationMode), deterministic=True, database="none")
REFRESH = "/api/auth/refresh/"
PUBLIC = [f"/api/auth/{name}/" for name in ("register", "login", "refresh", "logout")]
# What needs somebody who is logged in is also asked with a good access token.
PROTECTED = [f"/api/auth/{name}/" for name in ("logout-all", "password", "me")]

bounded = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@schemathesis.check
def no_token(_context, response, case) -> None:
    """Only who registers is given tokens: no other request here has anything that is worth one."""
    if case.operation.path != "/api/auth/register/":
        assert '"access"' not in response.text and '"refresh"' not in response.text, response.text


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    no_token,
]


@pytest.fixture(scope="module")
def good(stack) -> str:
    """The Authorization header of somebody who is logged in, and stays so."""
    return f"Bearer {Client(stack.fix.url).register().access}"


@pytest.fixture(autouse=True)
def log(stack) -> Iterator[None]:
    """The log of the backend gets no traceback."""
    before = stack.fix.log.stat().st_size
    yield
    no_traceback(stack, before)


def no_traceback(stack, before: int) -> None:
    """What the log got since it had this size has none."""
    written = stack.fix.log.read_bytes()[before:].decode(errors="replace")
    assert "Traceback" not in written, written[-3000:]


def ask(stack, path: str, body: str | bytes = "{}", method: str = "POST", **headers: str | bytes) -> int:
    """Send exactly this, hold the answer to the description, and return its status."""
    named = {"Content-Type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    before = stack.fix.log.stat().st_size
    answer = requests.request(method, f"{stack.fix.url}{path}", data=sent, headers=named, timeout=20)
    no_traceback(stack, before)
    API[path][method].Case().validate_response(answer, checks=CHECKS)
    return answer.status_code


@API.parametrize()
@bounded
def test_whatever_the_description_allows_and_forbids(case, stack, user: Client) -> None:
    case.call_and_validate(base_url=stack.fix.url, checks=CHECKS, timeout=20)
    if case.operation.path in PROTECTED:
        known = {"Authorization": f"Bearer {user.access}"}
        case.call_and_validate(base_url=stack.fix.url, headers=known, checks=CHECKS, timeout=20)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())  # NUL and lone surrogates too
    | st.sampled_from(["\u0000", "\ud800", "\udfff.\udfff.\udfff", "a" * 5000, "a.b.c", "\U0001f600"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("path", [REFRESH, "/api/auth/logout/"])
@settings(bounded, max_examples=60)
@given(token=anything, escaped=st.booleans())
def test_no_value_is_worth_a_token(stack, path: str, token: object, escaped: bool) -> None:
    body = json.dumps({"refresh": token}, ensure_ascii=escaped)
    assert ask(stack, path, body) in ({400, 401} if path == REFRESH else {200, 400})


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


HEADERS_OF_TOKENS = {
    "nested": b"[" * 3000,
    "an algorithm that is a list": b'{"alg": ["HS256"]}',
    "an algorithm that is an object": b'{"alg": {}}',
    "critical": b'{"alg": "HS256", "crit": [{}], "b64": false}',
    "detached": b'{"alg": "HS256", "b64": false}',
    "a key that is a number": b'{"alg": "HS256", "kid": 1}',
    "a number beyond all": b"1" * 3000,
    "null": b"null",
    "no text": b"\xff\xfe",
}


@pytest.mark.parametrize("what", HEADERS_OF_TOKENS)
def test_the_header_of_a_token_is_anything(stack, what: str) -> None:
    token = f"{encoded(HEADERS_OF_TOKENS[what])}.e30.e30"[:4096]
    assert ask(stack, REFRESH, json.dumps({"refresh": token})) == 401
    assert ask(stack, "/api/auth/me/", method="GET", Authorization=f"Bearer {token}") == 401


BODIES = {
    "nothing": b"",
    "cut off": b'{"refresh": "',
    "no JSON": b"refresh=a",
    "two": b"{}{}",
    "deep lists": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"refresh":' * 50_000 + b"1" + b"}" * 50_000,
    "a deep value": b'{"refresh":' + b"[" * 900 + b"]" * 900 + b"}",
    "a number beyond all": b'{"refresh": ' + b"1" * 5000 + b"}",
    "infinite": b'{"refresh": 1e999, "email": 1e999, "password": -1e999, "remember_me": 1e999}',
    "no number": b'{"refresh": NaN}',
    "twice": b'{"refresh": "a", "refresh": {}}',
    "no UTF-8": b'{"refresh": "\xff\xfe"}',
    "a mark of UTF-16": b"\xff\xfe{\x00}\x00",
    "a mark of UTF-8": b'\xef\xbb\xbf{"refresh": "a"}',
    "a raw NUL": b'{"refresh": "\x00"}',
    "a lone surrogate": b'{"refresh": "\\ud800", "email": "\\ud800", "password": "\\ud800"}',
    "huge": b'{"refresh": "' + b"a" * 5_000_000 + b'"}',
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_is_anything(stack, good: str, what: str) -> None:
    for path in PUBLIC:
        assert ask(stack, path, BODIES[what]) in {200, 400, 401}
    assert ask(stack, "/api/auth/password/", BODIES[what], Authorization=good) == 400


TYPES = [
    b"text/plain",
    b"multipart/form-data",
    b"application/x-www-form-urlencoded",
    b"application/json; charset=zlib",
    b"application/json; charset=utf-16",
    b"application/json; charset=undefined",
    b"application/json; charset=\xe9",
    b"application/json; charset*=zlib''%41",
    b"application/json; a*=bogus''%41",
    b"application/json; a*0*=x; a*zz=y; a*=1",
    b"\xff/\xfe; q*=a'b'c'd",
    b"*/*; a*0*=x",
    b"; ; =;",
    b"/",
]


@pytest.mark.parametrize("media_type", TYPES, ids=repr)
def test_a_content_type_is_anything(stack, good: str, media_type: bytes) -> None:
    for path in PUBLIC:
        assert ask(stack, path, Content_Type=media_type) in {200, 400, 401, 415}
    named = {"Content_Type": media_type, "Authorization": good}
    assert ask(stack, "/api/auth/password/", **named) in {400, 415}
    assert ask(stack, "/api/auth/me/", method="GET", **named) == 200


COOKIES = {
    "NUL": b'sessionid="' + b"\\000" * 32 + b'"',
    "NUL in the middle": b'sessionid="abcdefgh\\000abcdefgh"',
    "quoted bytes": b'sessionid="' + b"\\377" * 32 + b'"',
    "raw bytes": b"sessionid=" + b"\xff\xfe" * 16,
    "long": b"sessionid=" + b"a" * 7000,
    "twice": b"sessionid=aaaaaaaa; sessionid=bbbbbbbb",
    "no name": b"=; ;;;=sessionid",
    "a token against forgery": b'csrftoken="\\000"; sessionid=aaaaaaaa',
}


@pytest.mark.parametrize("what", COOKIES)
def test_a_cookie_is_anything(stack, what: str) -> None:
    assert ask(stack, "/api/auth/me/", method="GET", Cookie=COOKIES[what]) == 401
    for path in (*PUBLIC, "/api/auth/logout-all/", "/api/auth/password/"):
        assert ask(stack, path, Cookie=COOKIES[what]) in {200, 400, 401}


ODD = {
    "Accept": [b"text/html", b"a", b"/;/;/", b"application/json; a*=bogus''%41", b"\xff/\xfe;", b"*/*; q=x"],
    "Authorization": [b"", b"Bearer", b"Bearer ", b"bearer a b c", b"Bearer \xff.\xfe.\x80", b"Basic zzz"],
    "Host": [b"a b", b"[::", b"\xe9", b"a/b", b"..", b"x" * 300],
    "Origin": [b"http://[", b"null"],
    "Referer": [b"http://[", b"\xff"],
    "X-Auth-Rotate": [b"2", b"true", b"\xff", b"1" * 5000],
    "X-Forwarded-For": [b"a, b", b"\xff", b"," * 1000],
    "X-Forwarded-Proto": [b"https", b"gopher"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in ODD for value in ODD[name]], ids=repr)
def test_a_header_is_anything(stack, name: str, value: bytes) -> None:
    for path in ("/api/auth/login/", REFRESH, "/api/auth/password/"):
        assert ask(stack, path, **{name: value}) in {400, 401, 406}
    assert ask(stack, "/api/auth/me/", method="GET", **{name: value}) in {400, 401, 406}


ADDRESSES = {
    "longer in lower case": "\u0130" * 240 + "@igny8.test",
    "a domain that is longer in lower case": "a@" + ".".join(["\u0130" * 60] * 3) + ".test",
    "letters beside ASCII": "\u212a\u017f@igny8.test",
    "quoted": '"\\\u0001"@igny8.test',
    "NUL": "a\u0000@igny8.test",
    "a lone surrogate": "a\ud800@igny8.test",
}


@pytest.mark.parametrize("what", ADDRESSES)
def test_an_address_is_anything(stack, what: str) -> None:
    """Each is taken, or refused for what it is; 409 is for a second run on the same database."""
    body = json.dumps({"email": ADDRESSES[what], "password": "correct horse battery"})
    assert ask(stack, "/api/auth/register/", body) in {201, 400, 409}


def test_the_description_holds_for_those_who_are_welcome(stack, user: Client) -> None:
    """Else the answers to good requests could be described wrongly, and nobody would see it."""

    def described(answer: requests.Response, status: int, path: str, method: str = "POST") -> None:
        assert answer.status_code == status, answer.text
        but_tokens = [check for check in CHECKS if check is not no_token]
        API[path][method].Case().validate_response(answer, checks=but_tokens)

    new = {"email": f"again-{user.email}", "password": user.password}
    described(user.post("/api/auth/register/", new), 201, "/api/auth/register/")
    described(user.post("/api/auth/register/", new), 409, "/api/auth/register/")
    described(user.post("/api/auth/login/", new), 200, "/api/auth/login/")
    answer = user.refresh()
    described(answer, 200, REFRESH)
    user.access = data(answer)["access"]
    described(user.get("/api/auth/me/"), 200, "/api/auth/me/", "GET")
    described(user.get_with_cookie("/api/auth/me/"), 200, "/api/auth/me/", "GET")
    described(user.post("/api/auth/logout-all/", {}), 403, "/api/auth/logout-all/")
    described(user.change_password("another horse battery"), 200, "/api/auth/password/")
    wrong = {"old_password": "wrong", "new_password": "another horse battery"}
    answers = [user.post_as_user("/api/auth/password/", wrong) for _ in range(10)]
    described(answers[0], 400, "/api/auth/password/")
    described(answers[-1], 429, "/api/auth/password/")
    described(user.logout(), 200, "/api/auth/logout/")
    described(user.refresh(), 401, REFRESH)
