"""What leaves the house in a support bundle has no secret in it, and still says what happened."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from ansible.module_utils.redaction import SECRET, TOKEN, redacted

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"refused {JWT} twice", f"refused {TOKEN} twice"),
        (f"refused {JWT.rpartition('.')[0]}", f"refused {TOKEN}"),
        ("the key k3y-of-app was used", f"the key {SECRET} was used"),
        ("a=p%40ss%2Fword", f"a={SECRET}"),
        ("a b k3y", "a b k3y"),
        ("Authorization: Bearer abcdefgh", f"Authorization: {SECRET}"),
        ('{"Authorization": "Bearer abcdefgh"}', f'{{"Authorization": {SECRET}'),
        ("sent bearer abcd1234efgh", f"sent bearer {SECRET}"),
        ("Set-Cookie: sid=abc; HttpOnly", f"Set-Cookie: {SECRET}"),
        ("cookie sid=abc123 was set", f"cookie sid={SECRET} was set"),
        ("GET /me sessionid=k3yofsession; other=1", f"GET /me sessionid={SECRET}; other=1"),
        ("{'session_key': 'k3yofsession'}", f"{{'session_key': '{SECRET}'}}"),
        (
            '{"refresh": "AbCd0123-_AbCd0123", "access": "AbCd0123~AbCd0123", "expires": 9}',
            f'{{"refresh": "{SECRET}", "access": "{SECRET}", "expires": 9}}',
        ),
        ("{'access': 'AbCd0123.AbCd0123=='}", f"{{'access': '{SECRET}'}}"),
        (r"{\"refresh\": \"AbCd0123-_AbCd0123\"}", rf"{{\"refresh\": \"{SECRET}\"}}"),
        (f'{{"refresh": "{JWT}"}}', f'{{"refresh": "{TOKEN}"}}'),
        ("X-Prove: abc", f"X-Prove: {SECRET}"),
        ("postgres://app:hunter2@db/app", f"postgres://app:{SECRET}@db/app"),
        ("cannot reach redis://:hunter2@redis:6379/0.", f"cannot reach redis://:{SECRET}@redis:6379/0."),
        ("postgresql+psycopg://app:hunter2@db/app", f"postgresql+psycopg://app:{SECRET}@db/app"),
        ("DB_PASSWORD=hunter2 HOME=/tmp", f"DB_PASSWORD={SECRET} HOME=/tmp"),
        ('{"refresh_token": "abc", "a": 1}', f'{{"refresh_token": "{SECRET}", "a": 1}}'),
        ('{\\"password\\": \\"abc\\"}', f'{{\\"password\\": \\"{SECRET}\\"}}'),
        ("password: hunter2", f"password: {SECRET}"),
        ('{"password": "two words, and more", "a": 1}', f'{{"password": "{SECRET}", "a": 1}}'),
        ("{'password': 'it is; so', 'a': 1}", f"{{'password': '{SECRET}', 'a': 1}}"),
        (r'{"password": "a \"quoted\" word\\", "a": 1}', f'{{"password": "{SECRET}", "a": 1}}'),
        (
            r"{\"password\": \"a \\\"quoted\\\" word\", \"a\": 1}",
            rf"{{\"password\": \"{SECRET}\", \"a\": 1}}",
        ),
        ("password=b'two words'", f"password=b'{SECRET}'"),
        (
            '{"password": "123456", "pin_secret": "true"}',
            f'{{"password": "{SECRET}", "pin_secret": "{SECRET}"}}',
        ),
        ('password="cut off, here\nnext', f'password="{SECRET}\nnext'),
        ("AUTH hunter2", f"AUTH {SECRET}"),
        ("AUTH default hunter2\nGET a", f"AUTH {SECRET}\nGET a"),
        ('"AUTH" "two words"', f'"AUTH" {SECRET}'),
        ('requirepass "two words"', f"requirepass {SECRET}"),
        ("redis-server --requirepass hunter2 --save 60", f"redis-server --requirepass {SECRET} --save 60"),
        ('["--requirepass", "hunter2", "--save"]', f'["--requirepass", {SECRET}, "--save"]'),
        (f"before {KEY} after", f"before {SECRET} after"),
        ("-----BEGIN PRIVATE KEY-----\ncut off", SECRET),
    ],
)
def test_a_secret_is_taken_out(text: str, wanted: str):
    assert redacted(text, ["k3y-of-app", "p@ss/word", "k3y"], ["sid"]) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "refresh token does not work",
        '{"token_table": {"rows": 3}, "tokens": 12, "token": null, "secret": true}',
        "tokens: 12, 3 families",
        "NOAUTH Authentication required.",
        '{"token_sum": 3, "a": "b"}',
        '{"at":1.2,"path":"/api/refresh/","status":200}',
        "GET /assets/index-abc.js 200",
        '{"refresh": "rotated", "access": "denied", "path": "/refresh"}',
        '{"refresh": "/api/auth/token/refresh/", "access": "granted to nobody of them"}',
        "POST /api/auth/refresh/ with the session cookie answered 401; 200 is required",
        "refresh: 3 rotated, access: denied to 10.0.0.7",
        "backend-1  | [2026-01-01 10:00:00 +0000] [7] [INFO] Booting worker with pid: 7",
        'backend-1  | 10.0.0.7 - - "GET /api/v1/auth/users/me/ HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux)"',
        "pulled igny8/backend@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "v2-0123456789ab failed in /srv/igny8/releases/v2-0123456789ab/compose.yml",
        'FATAL:  password authentication failed for user "app"',
        "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
        "Error response from daemon: https://registry:5000/v2/ is not reachable",
    ],
)
def test_what_is_no_secret_stays(text: str):
    assert redacted(text, ["a-secret"], ["sid"]) == text


def test_a_secret_with_quotes_and_lines_is_found_in_json_too():
    secret = 'first "line"\nsecond line'
    for text in (secret, json.dumps({"a": secret}), "second line"):
        assert "line" not in redacted(text, [secret])


#: Of all characters that anything writes in another way.
WILD = "a \"b\" \\c $d 'e' <f>&g+h/i%j#k é"


def in_json_of_go(text: str) -> str:
    """As Docker writes JSON."""
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: json.dumps(json.dumps({"a": text})),
        in_json_of_go,
        quote,
        lambda text: quote(text, safe=""),
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
        quote_plus,
        shlex.quote,
        html.escape,
        lambda text: html.escape(text, quote=False),
        lambda text: re.sub(r'([\\"$`])', r"\\\1", text),
    ],
    ids=[
        "as it is", "Python", "JSON", "JSON with all letters", "JSON in JSON", "JSON of Go", "path",
        "part of an address", "part in small letters", "form", "shell", "HTML",
        "text of HTML", "shell in double quotes",
    ],
)  # fmt: skip
def test_a_secret_is_found_however_it_is_written(write: Callable[[str], str]):
    said = redacted(f"before {write(WILD)} after", [WILD])
    assert SECRET in said
    assert not re.search("[cdfghjk]", said.removeprefix("before ").removesuffix(" after").replace(SECRET, ""))


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("secret", [WILD, "k3yofa", "k3y?of>app~"])
def test_a_secret_is_found_inside_base64(secret: str, before: str, encode: Callable[[bytes], bytes]):
    text = encode(f"{before}{secret}:and more".encode()).decode()
    said = redacted(text, [secret])
    assert SECRET in said
    # A character at each end holds bits of a neighbour too.
    assert len(text) - len(said.replace(SECRET, "")) >= len(secret.encode()) * 8 // 6 - 2


def test_the_longer_secret_is_taken_out_first():
    assert redacted("abcdef-ghijkl", ["abcdef", "abcdef-ghijkl"]) == SECRET
