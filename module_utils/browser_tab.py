"""A tab that somebody left open while the release behind it is changed, and then goes on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils import browser_pages as pages
from ansible.module_utils.browser_flow import VIEWPORT, Names, Wire

POLL_MS = 250


class OpenTab:
    """One tab of one user. Raises what the browser's library raises."""

    def __init__(self, browser: Any, site: pages.Site, names: Names) -> None:
        self._site, self._names = site, names
        self._context = browser.new_context(viewport=VIEWPORT)
        self._wire = Wire(self._context, site, names)
        self._traffic = pages.watch(self._context, site)
        self._page: Any = None

    def log_in(self, user: str, password: str) -> None:
        """Open the tab, with its data loaded."""
        self._page = pages.open_page(self._context, self._site, self._site.login_path)
        with self._page.expect_response(self._has_data):
            pages.log_in(self._page, self._site, user, password)
        self._traffic.clear()

    def wait_for(self, changed: Callable[[], bool], go_on: Callable[[], bool]) -> bool:
        """Leave it alone until `changed`; False when `go_on` ends before."""
        while not changed():
            if not go_on():
                return False
            self._page.wait_for_timeout(POLL_MS)
        return True

    def use(self) -> list[str]:
        """Go on as its user would: with the page as it is, with a token that is over, with the page loaded anew."""
        problems = []
        if self._names.away:
            for when in ("as it is", "with its access token over"):
                pages.route_to(self._page, self._names.away)
                pages.settle(self._page, self._traffic)
                if when != "as it is":
                    self._wire.expire()
                with self._page.expect_response(self._has_data):
                    pages.go(self._page, self._site, self._names.home)
                problems += self._look(when)
        with self._page.expect_response(self._has_data):
            self._page.reload()
        pages.expect_signed_in(self._page, self._site)
        return [*problems, *self._look("loaded anew")]

    def close(self) -> None:
        """Log out, and close it."""
        try:
            if self._page and pages.is_signed_in(self._page, self._site):
                pages.log_out(self._page, self._site)
                pages.settle(self._page, self._traffic)
        finally:
            self._context.close()

    def path(self) -> str:
        """Where the tab is now, for a reason; empty before it is open."""
        return self._page.url.removeprefix(self._site.url) if self._page else ""

    def live(self, header: str) -> str:
        """The release that the public address names now; empty where nobody answers."""
        answer = self._context.request.get(self._site.url + "/", fail_on_status_code=False)
        return answer.headers.get(header.lower(), "")

    def _has_data(self, response: Any) -> bool:
        return response.ok and response.url.partition("?")[0] == self._site.url + self._names.home_call

    def _look(self, when: str) -> list[str]:
        logins = self._traffic.count(self._site.login_api)
        signed_in = pages.is_signed_in(self._page, self._site)
        return [
            *([] if signed_in else [f"the tab {when} shows no user any more"]),
            *([f"the tab {when} asked {self._site.login_api}; nobody had to log in"] if logins else []),
        ]
