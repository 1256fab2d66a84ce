"""A tab that is left open through a switch, from either release to the other."""

from __future__ import annotations

import threading

import pytest
from ansible.module_utils import browser_pages as pages
from ansible.module_utils.browser_tab import OpenTab
from edge import Answer
from playwright.sync_api import Error
from test_browser_flow import NAMES

from app_client import PASSWORD, Client


@pytest.fixture
def tab(stack, site, browser, monkeypatch):
    """A tab that is open on a release, with its user."""
    monkeypatch.setattr(pages, "WAIT_MS", 5000)
    made = []

    def open_on(live: str) -> OpenTab:
        stack.edge.reset(live)
        client = Client(stack.edge.url).register()
        made.append(OpenTab(browser, site, NAMES))
        made[-1].log_in(client.email, PASSWORD)
        return made[-1]

    yield open_on
    for one in made:
        one.close()


@pytest.mark.parametrize(("left", "entered"), [("before", "fix"), ("fix", "before"), ("fix", "fix")])
def test_it_goes_on(tab, stack, left: str, entered: str) -> None:
    opened = tab(left)
    threading.Timer(1, setattr, (stack.edge, "live", entered)).start()
    stack.edge.live = left
    assert opened.wait_for(lambda: stack.edge.live == entered, lambda: True)
    assert opened.use() == []


def test_it_is_closed_when_the_change_does_not_come(tab) -> None:
    assert tab("fix").wait_for(lambda: False, iter([True, True, False]).__next__) is False


def test_a_session_that_the_change_ended_is_seen(tab, stack, site) -> None:
    opened = tab("fix")
    refused = Answer(401, '{"error": {"code": "session_revoked"}}', {"Content-Type": "application/json"})
    stack.edge.answer_next(site.refresh_api, refused, 5)
    with pytest.raises(Error):
        opened.use()


def test_a_chunk_of_the_release_that_was_left_is_needed(tab, stack, monkeypatch) -> None:
    """Red when the tab loads nothing of its own release after the switch: loaded anew it has all it needs."""
    opened = tab("fix")
    page = stack.edge.page
    gone = "/assets/NotFound-"
    monkeypatch.setattr(stack.edge, "page", lambda path: Answer(404) if path.startswith(gone) else page(path))
    with pytest.raises(Error):
        opened.use()
