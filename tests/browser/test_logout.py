"""Logging out: every tab, the server, a refresh under way, a tab that cannot hear, a browser without network."""

import time

import browser_pages as pages
import pytest
from edge import Answer, wait_until

from app_client import PASSWORD, Client, refusal

LOGOUT_API = "/api/auth/logout/"


def ended_on_server(someone, refresh: str) -> bool:
    """Whether the backend refuses the token and keeps no session of the user."""
    client = Client(someone.stack.edge.url)
    answer = client.refresh(refresh)
    return answer.status_code == 401 and refusal(answer) == (401, "session_revoked")


def django_sessions(someone) -> int:
    """How many cookie sessions of this browser are stored, in PostgreSQL and in Redis."""
    keys = [cookie["value"] for cookie in someone.context.cookies() if cookie["name"] == "sessionid"]
    found = 0
    for key in keys:
        rows = someone.stack.services.sql("SELECT 1 FROM django_session WHERE session_key = %s", key)
        found += len(rows) + len(list(someone.stack.services.redis().scan_iter(f"*{key}*")))
    return found


@pytest.mark.parametrize("without", [(), ("BroadcastChannel",)], ids=str)
def test_every_tab_and_the_server(person, site, without: tuple[str, ...]) -> None:
    """Red when the logout is not announced (first), or the storage event is not heard (second)."""
    someone = person(without=without)
    page = someone.log_in()
    others = [someone.open(path) for path in ("/", "/restricted")]
    for other in others:
        pages.expect_signed_in(other, site)
    refresh = pages.stored_refresh(page, site)
    assert django_sessions(someone) == 2
    pages.log_out(page, site)
    for other in others:
        pages.expect_signed_out(other, site, milliseconds=2000)
        other.get_by_role("status").filter(has_text="logged out in another tab").wait_for()
    wait_until(lambda: someone.stack.edge.count(LOGOUT_API) == 1, "the logout")
    assert ended_on_server(someone, refresh)
    assert django_sessions(someone) == 0
    assert "eyJ" not in pages.everything_stored(page)
    page.go_back()
    assert not pages.is_signed_in(page, site)


def test_a_refresh_that_is_under_way_is_discarded(person, site) -> None:
    """Red without the commit guard: the answer would sign both tabs in again."""
    someone = person()
    page = someone.log_in()
    other = someone.open()
    pages.expect_signed_in(other, site)
    someone.stack.edge.expire_access()
    came, go_on = someone.stack.edge.hold_next(site.refresh_api, after_backend=True)
    pages.go(page, site, "/restricted")
    wait_until(came.is_set, "the refresh")
    pages.log_out(other, site)
    go_on.set()
    pages.expect_signed_out(page, site)
    page.wait_for_timeout(500)
    assert not pages.is_signed_in(page, site) and not pages.is_signed_in(other, site)
    assert pages.stored_refresh(page, site) is None
    assert someone.rows()[-1][1] == "logout"


def test_a_frozen_tab_is_logged_out_when_it_wakes(person, site) -> None:
    """Red when a woken tab neither hears what it missed nor looks at the storage."""
    someone = person()
    page = someone.log_in()
    asleep = someone.open("/restricted")
    asleep.get_by_role("heading", name="Access denied").wait_for()
    session = pages.freeze(asleep)
    pages.log_out(page, site)
    pages.thaw(session)
    pages.expect_signed_out(asleep, site, milliseconds=2000)


def test_a_page_from_the_back_button_shows_nothing(person, site) -> None:
    """Red when `pageshow` is not heard: the browser restores the page as it was."""
    someone = person()
    page = someone.log_in()
    someone.add_note(page, "secret")
    page.goto("about:blank")
    other = someone.open()
    pages.expect_signed_in(other, site)
    pages.log_out(other, site)
    page.go_back()
    pages.expect_signed_out(page, site)
    assert page.get_by_text("secret").count() == 0


def test_without_network_every_tab_at_once_and_the_server_later(person, site) -> None:
    """Red when the logout waits for the server, or when nobody tells the server afterwards."""
    someone = person()
    page = someone.log_in()
    other = someone.open()
    pages.expect_signed_in(other, site)
    refresh = pages.stored_refresh(page, site)
    someone.context.set_offline(True)
    pages.log_out(page, site)
    pages.expect_signed_out(other, site, milliseconds=2000)
    assert someone.live() == 2
    someone.context.set_offline(False)
    wait_until(lambda: someone.stack.edge.count(LOGOUT_API) > 0, "the logout on the server")
    wait_until(lambda: ended_on_server(someone, refresh), "the end of the session")
    wait_until(lambda: "eyJ" not in pages.everything_stored(page), "the end of the kept token")
    page.reload()
    pages.expect_signed_out(page, site)


def test_without_a_server_the_next_page_tells_it(person, site) -> None:
    """Red when the app does not look for unconfirmed logouts as it starts, or when it signs in from them."""
    someone = person()
    page = someone.log_in()
    refresh = pages.stored_refresh(page, site)
    someone.stack.edge.answer_next(LOGOUT_API, Answer(502, "<html>"), times=1)
    pages.log_out(page, site)
    wait_until(lambda: someone.stack.edge.count(LOGOUT_API) == 1, "the logout that fails")
    page.close()
    time.sleep(0.2)
    page = someone.open()
    pages.expect_signed_out(page, site)
    wait_until(lambda: ended_on_server(someone, refresh), "the end of the session")


def test_a_late_logout_leaves_the_next_login_alone(person, site) -> None:
    """Red when the late logout carries the cookie of the session that followed."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.answer_next(LOGOUT_API, Answer(502, "<html>"), times=2)
    pages.log_out(page, site)
    pages.log_in(page, site, someone.email, PASSWORD)
    wait_until(lambda: "pending" not in pages.everything_stored(page), "the late logout", 20)
    assert django_sessions(someone) == 2
    someone.add_note(page, "signed in")
    assert someone.live() == 2
