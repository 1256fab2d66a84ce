"""One tab: signing in, going on when the access token is over, and answers that must not sign anybody out."""

import json
import re
import time

import browser_pages as pages
import pytest
from edge import Answer, wait_until

from app_client import PASSWORD
from app_stack import Backend

ACCESS_ENDS = 3
LEEWAY = 5
HTML = "<html><h1>Bad gateway</h1></html>"


def test_remember_me_lasts_20_days_and_survives_a_closed_browser(person, browser, site, stack) -> None:
    """Red when the checkbox is not sent, or when the store keeps no refresh token."""
    someone = person()
    someone.log_in(remember=True)
    days = stack.services.sql(
        "SELECT extract(epoch FROM expires_at - created_at) / 86400 FROM auth_refresh_token"
        " WHERE user_id = %s AND remember_me",
        someone.user_id(),
    )
    assert [round(float(row[0]), 3) for row in days] == [20]
    reopened = browser.new_context(storage_state=someone.context.storage_state())
    page = pages.open_page(reopened, site)
    pages.expect_signed_in(page, site)
    page.get_by_text("No notes yet").wait_for()
    assert someone.logins() == 0
    reopened.close()


def test_without_the_checkbox_a_session_lasts_a_day(person, stack) -> None:
    """Red when the client sends remember_me for everybody."""
    someone = person()
    someone.log_in()
    rows = stack.services.sql(
        "SELECT remember_me, expires_at - created_at FROM auth_refresh_token WHERE user_id = %s",
        someone.user_id(),
    )
    assert {(remember, lasts.days) for remember, lasts in rows} == {(False, 1)}


def test_the_access_token_is_stored_nowhere(person) -> None:
    """Red when `partialize` includes the token, or login writes it to localStorage."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.expire_access()
    someone.add_note(page, "after a refresh")
    stored = pages.everything_stored(page)
    assert len(re.findall(r"eyJ[\w-]+\.eyJ", stored)) == 1  # the refresh token is the one JWT
    assert json.loads(json.loads(stored)[0]["auth-storage"])["state"].keys() == {
        "user",
        "refreshToken",
        "isAuthenticated",
    }


def test_an_expired_access_token_is_refreshed_once_and_unseen(person, site) -> None:
    """Red when a 401 is not retried, when each request refreshes for itself, or when the new token is not kept."""
    someone = person()
    page = someone.log_in()
    for generation in range(1, 6):
        before = pages.stored_refresh(page, site)
        someone.stack.edge.expire_access()
        someone.add_note(page, f"note {generation}")
        assert pages.stored_refresh(page, site) != before
        assert someone.refreshes() == generation
    # Registering gave the first, logging in the second.
    assert [row[0] for row in someone.rows()] == [0, *range(6)]
    assert someone.logins() == 0
    assert [status for _, path, status in someone.traffic.requests if path == "/api/notes/"].count(401) == 5


def test_real_expiry(person, stack, site, tmp_path_factory) -> None:
    """Without help of the edge: the backend's own clock ends the access token. Red as the test above."""
    short = Backend(
        "fix",
        tmp_path_factory.mktemp("short") / "backend",
        stack.services,
        {"ACCESS_TOKEN_SECONDS": str(ACCESS_ENDS), "REFRESH_GRACE_SECONDS": "1"},
    )
    long_lived = stack.edge.releases["fix"]
    try:
        stack.edge.releases["fix"] = type(long_lived)("fix", long_lived.dist, short.start().url)
        someone = person()
        page = someone.log_in()
        time.sleep(ACCESS_ENDS + LEEWAY + 0.5)
        someone.add_note(page, "an hour later")
        assert (someone.refreshes(), someone.logins()) == (1, 0)
    finally:
        stack.edge.releases["fix"] = long_lived
        short.interrupt()
        short.wait()


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [("/restricted", 403, "Access denied"), ("/premium", 402, "Payment required")],
)
def test_a_real_refusal_of_a_page_ends_nothing(person, site, path: str, status: int, title: str) -> None:
    """Red with the client of `before`, which logs out on 403 and 402."""
    someone = person()
    page = someone.log_in()
    pages.go(page, site, path)
    page.get_by_role("heading", name=title).wait_for()
    assert [seen.status for seen in someone.stack.edge.seen] == [status]
    pages.go(page, site, "/")
    someone.add_note(page, "still here")
    assert (someone.refreshes(), someone.logins(), someone.live()) == (0, 0, 2)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, HTML),
        Answer(503, '{"code": "session_revoked"}', {"Retry-After": "1"}),
        Answer(403, '{"code": "token_invalid"}'),
        Answer(401, '{"code": "not_authenticated"}'),
        Answer(200, HTML),
        Answer(0),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:12]}",
)
def test_a_refresh_without_an_answer_ends_nothing(person, site, answer: Answer) -> None:
    """Red when anything but a 401 with one of the four codes ends the session."""
    someone = person()
    page = someone.log_in()
    before = pages.stored_session(page, site)
    someone.stack.edge.expire_access()
    someone.stack.edge.answer_next(site.refresh_api, answer, times=3)
    pages.go(page, site, "/restricted")
    page.get_by_role("alert").filter(has_text="cannot be reached").wait_for()
    assert pages.stored_session(page, site) == before
    someone.stack.edge.reset("fix")
    wait_until(lambda: _tried_again(page), "the page after the pause")
    pages.go(page, site, "/")
    someone.add_note(page, "afterwards")
    assert (someone.logins(), someone.live()) == (0, 2)


def _tried_again(page) -> bool:
    """Press "Try again" until the real answer is shown."""
    if page.get_by_role("button", name="Try again").is_visible():
        page.get_by_role("button", name="Try again").click(timeout=2000)
        page.wait_for_timeout(500)
    return page.get_by_role("heading", name="Access denied").is_visible()


def test_a_refusal_ends_the_session_with_a_word(person, site) -> None:
    """Red when a refusal is taken for a failure, or when the page does not say why it shows the login form."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.expire_access()
    someone.stack.edge.answer_next(site.refresh_api, Answer(401, '{"code": "reuse_detected"}'))
    pages.go(page, site, "/restricted")
    pages.expect_signed_out(page, site)
    page.get_by_role("status").filter(has_text="Your session has ended").wait_for()
    pages.log_in(page, site, someone.email, PASSWORD)
    page.get_by_role("heading", name="Access denied").wait_for()  # back on the page where it ended


def test_a_lost_answer_is_asked_for_again(person, site) -> None:
    """Red when the client gives up after one failure; the backend gives the same child again."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.expire_access()
    someone.stack.edge.lose_next(site.refresh_api)
    someone.add_note(page, "after a lost answer")
    assert [seen.status for seen in someone.stack.edge.seen if seen.path == site.refresh_api] == [0, 200]
    assert [row[0] for row in someone.rows()] == [0, 0, 1]
    assert (someone.rows()[-1][2], someone.logins()) == (1, 0)


def test_an_answer_lost_in_a_closed_tab_is_recovered_by_the_next(person, site) -> None:
    """Red when the backend forgets an unconfirmed child after the grace, or the client drops its token."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.expire_access()
    came, go_on = someone.stack.edge.hold_next(site.refresh_api, after_backend=True)
    pages.go(page, site, "/restricted")
    assert came.wait(10)
    page.close()
    time.sleep(2.5)  # past the grace, and past what the closed tab would still do with an answer
    go_on.set()
    page = someone.open()
    someone.add_note(page, "recovered")
    assert [row[0] for row in someone.rows()] == [0, 0, 1]
    assert someone.logins() == 0


def test_the_backend_stops_during_a_refresh_and_comes_back(person, site, stack) -> None:
    """Red when a 503 of the edge ends the session."""
    someone = person()
    page = someone.log_in()
    backend = stack.backends["fix"]
    stack.edge.expire_access()
    came, go_on = stack.edge.hold_next(site.refresh_api)
    pages.go(page, site, "/restricted")
    assert came.wait(10)
    backend.interrupt()
    backend.wait()
    go_on.set()
    try:
        page.get_by_role("alert").filter(has_text="cannot be reached").wait_for()
    finally:
        backend.start()
    wait_until(lambda: _tried_again(page), "the page after the restart", 40)
    assert (someone.logins(), someone.live()) == (0, 2)
    assert {seen.status for seen in stack.edge.seen if seen.path == site.refresh_api} == {503, 200}


def test_offline_and_back(person, site) -> None:
    """Red when a network error ends the session, or when the page does not try again by itself."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.expire_access()
    someone.context.set_offline(True)
    page.get_by_text("You are offline. You stay signed in.").wait_for()
    page.get_by_label("New note").fill("x")
    page.get_by_role("button", name="Add note").click()
    page.get_by_role("alert").filter(has_text="cannot be reached").wait_for()
    assert pages.is_signed_in(page, site)
    someone.context.set_offline(False)
    page.get_by_text("You are offline").wait_for(state="hidden")
    someone.add_note(page, "back again")
    assert someone.logins() == 0


def test_a_failing_refresh_is_not_repeated_by_every_click(person, site) -> None:
    """Red without the cooldown."""
    someone = person()
    page = someone.log_in()
    someone.stack.edge.expire_access()
    someone.stack.edge.answer_next(site.refresh_api, Answer(503, "", {"Retry-After": "20"}), times=50)
    for _ in range(10):
        pages.go(page, site, "/restricted")
        page.get_by_role("alert").wait_for()
        pages.go(page, site, "/")
        page.get_by_role("alert").first.wait_for()
    assert someone.refreshes() == 1
    assert pages.is_signed_in(page, site)
