"""Several tabs of one browser, which share storage and each hold an access token of their own."""

import time

import browser_pages as pages
import pytest
from edge import wait_until
from playwright.sync_api import Page

TABS = 4
NOTES_API = "/api/notes/"


def tabs_of(someone, count: int = TABS) -> list[Page]:
    """Tabs of one session, each with its first page loaded and an access token that is over."""
    found = [someone.log_in()]
    for _ in range(count - 1):
        found.append(someone.open("/restricted"))
        found[-1].get_by_role("heading", name="Access denied").wait_for()
    pages.go(found[0], someone.site, "/restricted")
    found[0].get_by_role("heading", name="Access denied").wait_for()
    someone.forget()
    someone.stack.edge.expire_access()
    return found


def load_dashboards(someone, tabs: list[Page]) -> None:
    """Let all tabs ask for their notes at the same time, and wait until they have them."""
    for page in tabs:
        page.evaluate("() => void setTimeout(() => document.querySelector('nav a[href=\"/\"]').click(), 0)")
    for page in tabs:
        page.get_by_text("No notes yet").wait_for()


def test_one_refresh_serves_all_tabs(person, site) -> None:
    """Red without the lock or without the tokens' announcement: then each tab refreshes for itself."""
    someone = person()
    tabs = [someone.log_in(), *(someone.open() for _ in range(TABS - 1))]
    for page in tabs:
        page.get_by_text("No notes yet").wait_for()
    someone.forget()
    someone.stack.edge.expire_access()
    # Notes that are written, not read: a browser sends equal reads one after the other.
    barrier = someone.stack.edge.together(NOTES_API, TABS)
    for number, page in enumerate(tabs):
        page.get_by_label("New note").fill(f"of tab {number}")
        page.get_by_label("New note").press("Enter")
    for number, page in enumerate(tabs):
        page.get_by_role("listitem").filter(has_text=f"of tab {number}").wait_for()
    assert not barrier.broken  # all of them were refused at the same time
    assert (someone.refreshes(), someone.logins()) == (1, 0), someone.rows()
    assert [row[0] for row in someone.rows()] == [0, 0, 1]
    assert len({pages.stored_refresh(page, site) for page in tabs}) == 1


@pytest.mark.parametrize(
    "without",
    [
        ("BroadcastChannel",),
        ("Navigator.prototype.locks",),
        ("BroadcastChannel", "Navigator.prototype.locks"),
    ],
    ids=str,
)
def test_tabs_stay_signed_in_without(person, site, without: tuple[str, ...]) -> None:
    """Red when a missing part of the platform is used unasked, or the storage is not looked at before a refresh."""
    someone = person(without=without)
    tabs = tabs_of(someone)
    assert tabs[0].evaluate(f"() => {without[0].replace('Navigator.prototype', 'navigator')} === undefined")
    together = len(without) == 2 or "locks" in without[0]
    barrier = someone.stack.edge.together(site.refresh_api, TABS) if together else None
    before = len(someone.rows())
    load_dashboards(someone, tabs)
    if barrier:
        assert not barrier.broken  # all of them sent the same token at the same time
        assert len(someone.rows()) == before + 1
    someone.stack.edge.expire_access()
    for number, page in enumerate(tabs):
        someone.add_note(page, f"next hour in tab {number}")
    assert "reuse_detected" not in {row[1] for row in someone.rows()}
    assert (someone.live(), someone.logins()) == (2, 0)
    assert len({pages.stored_refresh(page, site) for page in tabs}) == 1


def test_a_new_tab_takes_the_access_token_of_another(person, site) -> None:
    """Red when a page load always refreshes."""
    someone = person()
    someone.log_in()
    page = someone.open()
    page.get_by_text("No notes yet").wait_for()
    assert someone.refreshes() == 0


def test_a_tab_that_slept_through_many_refreshes_goes_on(person, site) -> None:
    """Red when the storage is not read before a refresh: the old token would look stolen."""
    someone = person()
    awake, asleep = tabs_of(someone, 2)
    session = pages.freeze(asleep)
    pages.go(awake, site, "/")
    for hour in range(3):
        someone.stack.edge.expire_access()
        someone.add_note(awake, f"hour {hour}")
        time.sleep(1)
    time.sleep(2)
    pages.thaw(session)
    pages.go(asleep, site, "/")
    someone.add_note(asleep, "awake")
    assert "reuse_detected" not in {row[1] for row in someone.rows()}
    assert someone.logins() == 0


def test_a_frozen_tab_with_the_lock_delays_others_by_5_s_at_most(person, site) -> None:
    """Red without the lock's timeout (the others wait for good)."""
    someone = person()
    frozen, other = tabs_of(someone, 2)
    came, go_on = someone.stack.edge.hold_next(site.refresh_api, after_backend=True)
    pages.go(frozen, site, "/")
    wait_until(came.is_set, "the refresh")
    session = pages.freeze(frozen)
    go_on.set()
    started = time.monotonic()
    pages.go(other, site, "/")
    someone.add_note(other, "not held up")
    assert 4 < time.monotonic() - started < 10
    time.sleep(2.5)
    someone.stack.edge.expire_access()
    someone.add_note(other, "later")
    pages.thaw(session)
    someone.add_note(frozen, "thawed")
    someone.stack.edge.expire_access()
    someone.add_note(other, "at last")
    assert "reuse_detected" not in {row[1] for row in someone.rows()}
    assert (someone.live(), someone.logins()) == (2, 0)


def test_somebody_else_signs_in_in_another_tab(person, site, stack) -> None:
    """Red when a tab keeps what it had loaded for the user before."""
    someone = person()
    page = someone.log_in()
    someone.add_note(page, "mine")
    other = someone.open()
    other.get_by_text("mine").wait_for()
    pages.log_out(other, site)
    email = "x" + someone.email
    pages.register(other, site, email, "correct horse battery")
    page.get_by_text(email).wait_for()
    page.get_by_text("No notes yet").wait_for()
    assert page.get_by_text("mine").count() == 0
