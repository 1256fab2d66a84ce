"""Reading of answers: cookies, codes, bodies that are not JSON objects."""

from __future__ import annotations

import pytest
from ansible.module_utils.auth_flow_http import Answer, _cookies


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        (["sessionid=abc; Path=/; HttpOnly; SameSite=Lax"], {"sessionid": "abc"}),
        (['sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0'], {"sessionid": ""}),
        (["sessionid=abc; Max-Age=0"], {"sessionid": ""}),
        (["sessionid=abc; Max-Age=-1"], {"sessionid": ""}),
        (["sessionid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], {"sessionid": ""}),
        (["sessionid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], {"sessionid": ""}),
        (["sessionid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60"], {"sessionid": "x"}),
        (["sessionid=x; Expires=Fri, 01 Jan 2999 00:00:00 GMT"], {"sessionid": "x"}),
        (["sessionid=x; Expires=soon"], {"sessionid": "x"}),
        (["a=1", "b=2; Secure"], {"a": "1", "b": "2"}),
        ([], {}),
    ],
)
def test_cookies(headers, cookies):
    assert _cookies(headers) == cookies


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"code": "token_expired"}, "GET /me answered 401 (token_expired)"),
        ({"code": "ey.secret.Token"}, "GET /me answered 401"),
        ({"code": 7}, "GET /me answered 401"),
        (None, "GET /me answered 401, not a JSON object"),
    ],
)
def test_described_shows_only_plain_codes(body, words):
    assert Answer("GET", "/me", 401, {}, body, {}, 1.0).described() == words
