"""How the pages look and read: a phone's width, the keyboard, what a screen reader is told, a clean console."""

import browser_pages as pages
import pytest
from edge import Answer

from app_client import PASSWORD

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
SMALLEST_TARGET = 44


def test_a_phone(person, site) -> None:
    """Red when anything is wider than the window, or too small for a finger."""
    someone = person(**PHONE)
    for path in (site.login_path, site.register_path):
        page = someone.open(path)
        page.get_by_role("button").first.wait_for()
        assert pages.widest_overflow(page) == 0
        page.close()
    page = someone.log_in()
    someone.add_note(page, "w" * 200)
    assert pages.widest_overflow(page) == 0
    for path, title in (("/restricted", "Access denied"), ("/premium", "Payment required")):
        pages.go(page, site, path)
        page.get_by_role("heading", name=title).wait_for()
        assert pages.widest_overflow(page) == 0
    links = page.get_by_role("navigation").get_by_role("link")
    for control in [*page.get_by_role("button").all(), *links.all()]:
        assert control.bounding_box()["height"] >= SMALLEST_TARGET - 4, control.inner_text()
    pages.log_out(page, site)


def test_signing_in_with_the_keyboard_alone(person, site) -> None:
    """Red when a field has no label, the order is not that of the page, or the focus is lost while it waits."""
    someone = person()
    page = someone.open(site.login_path)
    page.get_by_label(site.email_label).focus()
    page.keyboard.type(someone.email)
    page.keyboard.press("Tab")
    page.keyboard.type("wrong password")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_label(site.remember_label).is_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    error = page.get_by_role("alert").filter(has_text="password")
    error.wait_for()
    button = page.get_by_role("button", name=site.login_button)
    assert button.evaluate("element => element === document.activeElement")
    assert page.get_by_label(site.email_label).input_value() == someone.email
    page.get_by_label(site.password_label, exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    pages.expect_signed_in(page, site)


def test_the_places_of_announcements_are_there_from_the_start(person, site) -> None:
    """Red when a live region appears together with its text: then nothing is read out."""
    page = person().open(site.login_path)
    page.get_by_role("button", name=site.login_button).wait_for()
    assert page.locator("[role=alert]").count() == 1
    assert page.locator("[role=status]").count() == 1
    assert page.locator("[role=alert]").inner_text() == ""


def test_waiting_is_shown_and_a_second_press_does_nothing(person, site) -> None:
    """Red when the form can be sent twice."""
    someone = person()
    page = someone.open(site.login_path)
    came, go_on = someone.stack.edge.hold_next(site.login_api)
    page.get_by_label(site.email_label).fill(someone.email)
    page.get_by_label(site.password_label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name=site.login_button).click()
    assert came.wait(10)
    button = page.get_by_role("button", name="Please wait…")
    button.click(force=True)
    assert button.get_attribute("aria-disabled") == "true"
    go_on.set()
    pages.expect_signed_in(page, site)
    assert someone.logins() == 1


@pytest.mark.parametrize(("status", "words"), [(0, "cannot be reached"), (502, "answered 502")])
def test_a_login_that_fails_says_why(person, site, status: int, words: str) -> None:
    """Red when an answer that is not JSON breaks the page."""
    someone = person()
    page = someone.open(site.login_path)
    page.get_by_label(site.email_label).fill(someone.email)
    page.get_by_label(site.password_label, exact=True).fill(PASSWORD)
    if status:
        someone.stack.edge.answer_next(site.login_api, Answer(status, "<html>"))
    else:
        someone.context.set_offline(True)
    page.get_by_role("button", name=site.login_button).click()
    page.get_by_role("alert").filter(has_text=words).wait_for()


def test_the_console_stays_clean(person, site) -> None:
    """Red on an uncaught error, and when the content security policy blocks something."""
    someone = person()
    page = someone.log_in(remember=True)
    someone.add_note(page, "one")
    page.reload()
    page.get_by_text("one").wait_for()
    pages.log_out(page, site)
    assert someone.traffic.errors == []
