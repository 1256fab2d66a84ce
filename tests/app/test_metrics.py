"""What a Prometheus reads of the backend: each kind of event once, from all workers together, and no more."""

import json
import re
import time

import requests

from app_client import Client, data

FORBIDDEN = "/api/reports/restricted/"


def counts(url: str) -> dict[str, int]:
    """The counters, by name and labels as they are written."""
    answer = requests.get(f"{url}/metrics", timeout=5)
    assert answer.status_code == 200
    found = re.findall(r"^(auth_\S+) (\d+)$", answer.text, re.MULTILINE)
    return {name: int(value) for name, value in found}


def added(url: str, before: dict[str, int]) -> dict[str, int]:
    """What was counted since."""
    after = counts(url)
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_each_outcome_is_counted(stack) -> None:
    url = stack.fix.url
    before = counts(url)
    user = Client(url).register().login()
    first = user.refresh_token
    for _ in range(20):
        user.refresh_token = data(user.refresh())["refresh"]
    assert user.refresh(first).status_code == 200
    assert user.refresh("nonsense").status_code == 401
    assert user.get(FORBIDDEN).status_code == 403
    assert user.login().logout().status_code == 200
    assert added(url, before) == {
        "auth_login_total": 2,
        'auth_refresh_total{outcome="rotated"}': 20,
        'auth_refresh_total{outcome="replayed"}': 1,
        'auth_refresh_total{outcome="token_invalid"}': 1,
        'auth_refused_total{status="403"}': 1,
        'auth_logout_total{reason="logout"}': 1,
    }


def test_every_outcome_of_a_refresh_has_a_counter(stack) -> None:
    code = "import json; from igny8_core.auth.rotation import Outcome; print(json.dumps([*Outcome]))"
    outcomes = json.loads(stack.fix_made.manage("shell", "--no-imports", "--command", code).stdout)
    assert {f'auth_refresh_total{{outcome="{outcome}"}}' for outcome in [*outcomes, "failed"]} == {
        name for name in counts(stack.fix.url) if name.startswith("auth_refresh_total")
    }


def test_a_login_after_a_refusal_is_counted_unless_there_was_a_logout(stack) -> None:
    url = stack.fix.url
    browser = Client(url).register().login()
    before = counts(url)
    assert browser.get_with_cookie(FORBIDDEN).status_code == 403
    browser.login()
    assert added(url, before)["auth_login_after_refusal_total"] == 1
    browser.login()
    assert browser.get_with_cookie(FORBIDDEN).status_code == 403
    assert browser.logout().status_code == 200
    browser.login()
    assert added(url, before)["auth_login_after_refusal_total"] == 1


def test_a_logout_is_counted_that_a_refusal_led_to_and_none_that_a_user_chose(stack) -> None:
    url = stack.fix.url
    before = counts(url)
    for end, pause, expected in (
        (Client.logout, 0, 1),
        (Client.logout_all, 0, 2),
        (Client.logout, 4, 2),
    ):
        browser = Client(url).register().login()
        assert browser.get_with_cookie(FORBIDDEN).status_code == 403
        time.sleep(pause)
        assert end(browser).status_code == 200
        assert "refused" not in browser.http.cookies
        assert added(url, before)["auth_logout_after_refusal_total"] == expected
    assert Client(url).register().login().logout().status_code == 200
    assert added(url, before)["auth_logout_after_refusal_total"] == 2


def test_a_browser_cannot_say_by_itself_that_it_was_refused_something(stack) -> None:
    url = stack.fix.url
    browser = Client(url).register()
    before = counts(url)
    for end in (browser.login, browser.logout):
        browser.http.cookies.set("refused", "1")
        end()
    assert not {name for name in added(url, before) if "after_refusal" in name}
