"""A tab that somebody left open while the release behind it is changed, and then goes on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils import browser_pages as pages
from ansible.module_utils.browser_flow import VIEWPORT, Names, Wire
from ansible.module_utils.release_store import utc_now

POLL_MS = 250
#: The test of the guide that its checks stand for: nobody notices that a token was replaced.
GUIDE = "Test 2"


class Refused(Exception):
    """The public address answered, and refused."""


def first_line(error: Exception) -> str:
    """What an error of the browser's library says, without its log."""
    return str(error).splitlines()[0]


def check(name: str, problems: list[str], skipped: str = "") -> dict[str, str]:
    """A verdict as the other modules give it; `skipped` says why there is none."""
    status = "critical" if problems else "skipped" if skipped else "ok"
    return {"name": name, "status": status, "reason": "; ".join(problems) or skipped, "guide": GUIDE}


@dataclass
class Address:
    """The public address while a tab waits: who is live there, and what it refused.

    ask: returns the release that answers. Raises one of `failures` where nobody does. awaited: the release that is to
    become live; what is refused while the one before still answers is that one's, and no reason to go back to it.
    """

    ask: Callable[[], str]
    failures: tuple[type[Exception], ...]
    awaited: str
    came: bool = False
    asked: int = 0
    refused: list[str] = field(default_factory=list)
    refused_before: list[str] = field(default_factory=list)

    def live(self) -> str:
        """The release that is live now; empty where the address refuses to say, which is kept."""
        self.asked += 1
        try:
            live = self.ask()
        except self.failures as error:
            self.refused.append(f"at {utc_now()}: {first_line(error)}")
            return ""
        self.came = self.came or live == self.awaited
        if not self.came:
            self.refused_before += self.refused
            self.refused = []
        return live

    def check(self) -> dict[str, str]:
        """The verdict: critical for what was refused from the switch on; what was before it is told."""
        told = self._said(self.refused_before, " before the switch")
        return check("public_address", self._said(self.refused)) | (
            {"reason": told[0]} if told and not self.refused else {}
        )

    def _said(self, refused: list[str], when: str = "") -> list[str]:
        count = f"{len(refused)} of {self.asked} requests"
        return [f"it refused {count} of a tab that waited{when}, the first {refused[0]}"] if refused else []


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
        """The release that the public address names now; empty where it names none. Raises also Refused.

        Over a connection of its own: one that is kept may be closed at any time, and a browser then tries another.
        """
        answer = self._context.request.get(self._site.url + "/", headers={"Connection": "close"})
        if answer.status >= 500:
            raise Refused(f"answered {answer.status}")
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
