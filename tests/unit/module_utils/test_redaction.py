"""What leaves the house in a support bundle has no secret in it, and still says what happened."""

from __future__ import annotations

import json

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
        ("X-Prove: abc", f"X-Prove: {SECRET}"),
        ("postgres://app:hunter2@db/app", f"postgres://app:{SECRET}@db/app"),
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
    ],
)
def test_what_is_no_secret_stays(text: str):
    assert redacted(text, ["a-secret"], ["sid"]) == text


def test_a_secret_with_quotes_and_lines_is_found_in_json_too():
    secret = 'first "line"\nsecond line'
    for text in (secret, json.dumps({"a": secret}), "second line"):
        assert "line" not in redacted(text, [secret])


def test_the_longer_secret_is_taken_out_first():
    assert redacted("abcdef-ghijkl", ["abcdef", "abcdef-ghijkl"]) == SECRET
