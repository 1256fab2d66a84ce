"""Which sessions the flow ends, whatever failed. The browser is made up: its pages store a token, and fail."""

from __future__ import annotations

import json
from unittest.mock import MagicMock

import pytest
from ansible.module_utils.auth_flow import Ledger
from ansible.module_utils.browser_flow import PLAN, BrowserFlow
from ansible.module_utils.browser_pages import Ended
from ansible.module_utils.browser_site import read_site
from browser_options import OPTIONS, SITE

DEFAULTS = {
    "home": "/",
    "api": "/v1/",
    "away": "",
    "email_label": "Email",
    "password_label": "Password",
    **dict.fromkeys(("forbidden", "payment_required", "remember_label"), ""),
}
PARAMS = OPTIONS | {"site": DEFAULTS | SITE, "request_field": "refresh", "headers": {}}


class Died(Exception):
    """What the library raises."""


class Browser:
    """One whose pages store `token`; what the flow posts by itself is in `ended`."""

    def __init__(self, token: str | None) -> None:
        self.page = MagicMock()
        self.page.evaluate.return_value = json.dumps({"state": {"refresh": token}})
        self.page.get_by_role.return_value.is_visible.return_value = False
        self.context = MagicMock()
        self.context.new_page.return_value = self.page
        self.context.request.post.side_effect = self._post
        self.ended: list[str] = []
        self.connected = True

    def is_connected(self) -> bool:
        return self.connected

    def new_context(self, **_options: object) -> MagicMock:
        return self.context

    def _post(self, url: str, data: dict, headers: dict) -> MagicMock:
        if url.endswith("/v1/out"):
            self.ended.append(data["refresh"])
        return MagicMock(status=200)


def flow_with(browser: Browser) -> BrowserFlow:
    return BrowserFlow(browser, *read_site(PARAMS), Ledger(["browser_login"], set(), PLAN), Died)


@pytest.mark.parametrize("what", ["expect_response", "goto"])
def test_a_login_whose_page_fails_is_ended(what: str):
    """Its token is stored before the flow has read it."""
    browser = Browser("r1")
    getattr(browser.page, what).side_effect = (
        [MagicMock(), Died("no page")] if what == "goto" else Died("no data")
    )
    flow_with(browser).run("ann", "secret words")
    assert browser.ended == ["r1"]
    browser.context.close.assert_called_once_with()


def test_where_nobody_was_logged_in_nothing_is_ended():
    browser = Browser(None)
    browser.page.expect_response.side_effect = Died("no data")
    flow_with(browser).run("ann", "secret words")
    assert browser.ended == []


def test_a_page_that_is_gone_is_closed_all_the_same():
    browser = Browser("r1")
    browser.page.expect_response.side_effect = Died("no data")
    browser.page.evaluate.side_effect = Died("crashed")
    flow_with(browser).run("ann", "secret words")
    browser.context.close.assert_called_once_with()


def test_a_page_that_hangs_is_a_verdict_though_it_says_nothing():
    browser = Browser("r1")
    browser.page.expect_response.side_effect = Died("no data")
    browser.page.inner_text.side_effect = Died("it hangs")
    flow = flow_with(browser)
    flow.run("ann", "secret words")
    [login] = [check for check in flow._ledger.checks() if check["name"] == "browser_login"]
    assert (login["status"], login["reason"]) == (
        "critical",
        "no data The page shows: nothing, it hangs or is gone",
    )


def test_a_browser_that_has_ended_says_nothing_of_the_release():
    browser = Browser("r1")
    browser.page.expect_response.side_effect = Died("the browser has been closed")
    browser.connected = False
    browser.context.close.side_effect = Died("it is closed")
    with pytest.raises(Ended, match="ended in browser_login"):
        flow_with(browser).run("ann", "secret words")
    browser.context.close.assert_called_once_with()


def test_a_step_after_which_nobody_is_signed_in_is_its_own_fault():
    """Else the ones after it would not be reached, and nothing would be critical."""
    browser = Browser("r1")
    flow = flow_with(browser)
    flow._open_browser()
    flow._tabs = [browser.page]
    assert not flow._step("browser_login", list)
    [login] = [check for check in flow._ledger.checks() if check["name"] == "browser_login"]
    assert (login["status"], login["reason"]) == ("critical", "the page shows no user any more")


def test_a_session_that_a_logout_has_left_is_ended_before_the_next_one():
    browser = Browser("r1")
    flow = flow_with(browser)
    flow._token = "r0"
    browser.page.get_by_role.return_value.press.side_effect = Died("no button")
    flow._open_browser()
    with pytest.raises(Died):
        flow._log_out_plain()
    assert browser.ended == ["r0"]
    flow._end()
    assert browser.ended == ["r0", "r1"]


@pytest.mark.parametrize(
    ("session", "status", "said"),
    [
        ("", 200, ["the browser has no cookie sid before the logout"]),
        ("s1", 401, ["/v1/user answers 401 to the cookie sid before the logout; 200 is required"]),
        ("s1", 200, []),
    ],
)
def test_a_cookie_has_to_be_good_for_something_before_its_logout(session: str, status: int, said: list[str]):
    """Else its refusal afterwards would prove nothing."""
    browser = Browser("r1")
    browser.context.request.get.return_value = MagicMock(status=status)
    site, names = read_site(PARAMS | {"paths": PARAMS["paths"] | {"me": "/v1/user"}, "session_cookie": "sid"})
    flow = BrowserFlow(browser, site, names, Ledger([], set(), PLAN), Died)
    flow._open_browser()
    assert flow._cookie_problems(session) == said
