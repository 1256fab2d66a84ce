"""What a person does in a browser with an application that signs users in, and what the browser shows of it.

Plain functions over a Playwright page (its synchronous API); Playwright itself is imported by the caller. `Site` holds
every name that an application chooses for itself.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

CHROMIUM = "/usr/bin/chromium"
#: Lets it run as root, and make no requests of its own.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 15_000
#: A line that the browser wrote before it ended, in what Playwright says of it.
SAID = re.compile(r"\[err\] (.+)")


@dataclass(frozen=True)
class Site:
    """An application's address, paths, labels and storage key."""

    url: str
    login_path: str
    register_path: str
    login_api: str
    refresh_api: str
    email_label: str
    password_label: str
    remember_label: str
    login_button: str
    register_button: str
    logout_button: str
    storage_key: str
    refresh_field: str
    links: dict[str, str]  # path: name of the link that leads there


@dataclass
class Traffic:
    """What the pages of a context asked for and complained of; `requests` are (method, path, status or None)."""

    requests: list[tuple[str, str, int | None]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    pending: dict[Any, float] = field(default_factory=dict)  # request: when it was sent, time.monotonic()

    def count(self, path: str) -> int:
        """How many requests went to a path."""
        return sum(asked == path for _, asked, _ in self.requests)

    def clear(self) -> None:
        """Forget everything until now."""
        self.requests.clear()
        self.errors.clear()


class NotStarted(Exception):
    """A browser is installed, and does not start: no page was opened."""


class Ended(Exception):
    """A browser has ended by itself, which says nothing of the page that it had open."""


@contextmanager
def running(sync_playwright: Callable, executable: str = CHROMIUM) -> Iterator[Any]:
    """A browser that is installed on this machine, until the end of the block. Raises NotStarted before it."""
    with ExitStack() as stack:
        try:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        except Exception as failure:  # The library is the caller's, and so are its exceptions.
            raise NotStarted(f"{executable} does not start: {_shorten(str(failure))}") from failure
        stack.callback(browser.close)
        yield browser


def _shorten(failure: str) -> str:
    """The first line of what the library says, with the first of the browser's own."""
    said = SAID.search(failure)
    return failure.partition("\n")[0] + (f" It said: {said[1]}" if said else "")


def watch(context: Any, site: Site) -> Traffic:
    """Collect the requests to the application and the errors of all pages that the context will open."""
    traffic = Traffic()

    def path_of(request: Any) -> str:
        return request.url.removeprefix(site.url).partition("?")[0]

    def add(request: Any, status: int | None) -> None:
        traffic.requests.append((request.method, path_of(request), status))

    def answered(response: Any) -> None:
        add(response.request, response.status)
        # Chromium says that a request is finished when its body is read; a page does not read that of each 401.
        if response.request.resource_type == "fetch":
            traffic.pending.pop(response.request, None)

    context.on("request", lambda request: traffic.pending.update({request: time.monotonic()}))
    for end in ("requestfinished", "requestfailed"):
        context.on(end, lambda request: traffic.pending.pop(request, None))
    context.on("response", answered)
    context.on("requestfailed", lambda request: add(request, None))
    context.on("weberror", lambda e: traffic.errors.append(str(e.error)))
    context.on("console", lambda m: m.type == "error" and traffic.errors.append(m.text))
    return traffic


def new_page(context: Any) -> Any:
    """A new tab, empty."""
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    return page


def open_page(context: Any, site: Site, path: str = "/") -> Any:
    """A new tab on a path of the application."""
    page = new_page(context)
    page.goto(site.url + path)
    return page


def log_in(page: Any, site: Site, user: str, password: str, remember: bool = False) -> None:
    """Fill in the login form of the page that is shown, and wait until it is gone."""
    page.get_by_label(site.email_label).fill(user)
    page.get_by_label(site.password_label, exact=True).fill(password)
    if remember:
        page.get_by_label(site.remember_label).check()
    page.get_by_role("button", name=site.login_button).click()
    expect_signed_in(page, site)


def register(page: Any, site: Site, user: str, password: str) -> None:
    """Create an account, which is signed in at once."""
    page.goto(site.url + site.register_path)
    page.get_by_label(site.email_label).fill(user)
    page.get_by_label(site.password_label, exact=True).fill(password)
    page.get_by_role("button", name=site.register_button).click()
    expect_signed_in(page, site)


def log_out(page: Any, site: Site) -> None:
    """Press the logout button, by the keyboard as in `go`, and wait for the login form."""
    page.get_by_role("button", name=site.logout_button).press("Enter")
    expect_signed_out(page, site)


def expect_signed_in(page: Any, site: Site) -> None:
    """Wait until the page offers a logout. Raises Playwright's TimeoutError."""
    page.get_by_role("button", name=site.logout_button).wait_for()


def expect_signed_out(page: Any, site: Site, milliseconds: float = WAIT_MS) -> None:
    """Wait until the page shows the login form. Raises Playwright's TimeoutError."""
    page.get_by_role("button", name=site.login_button, exact=True).wait_for(timeout=milliseconds)


def expect_text(page: Any) -> None:
    """Wait until the page shows some text, whatever it says. Raises Playwright's TimeoutError."""
    page.wait_for_function("document.body && document.body.innerText.trim() !== ''", timeout=WAIT_MS)


def is_signed_in(page: Any, site: Site) -> bool:
    """Whether the page offers a logout now."""
    return page.get_by_role("button", name=site.logout_button).is_visible()


def go(page: Any, site: Site, path: str) -> None:
    """Follow the link to a path, within the page that is loaded; does not wait for what it loads.

    By the keyboard: a click waits for frames, of which a tab in the background gets one a second.
    """
    page.get_by_role("link", name=site.links[path], exact=True).press("Enter")


def route_to(page: Any, path: str) -> None:
    """Have the router of a single-page application show a path that no link leads to, without loading the page."""
    page.evaluate(
        "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate', {state: {}})) }",
        path,
    )


def stored_session(page: Any, site: Site) -> dict[str, Any]:
    """The session as the browser stores it for all tabs; empty when there is none."""
    text = page.evaluate("key => localStorage.getItem(key)", site.storage_key)
    return (json.loads(text) if text else {}).get("state") or {}


def stored_refresh(page: Any, site: Site) -> str | None:
    """The refresh token that the browser stores."""
    return stored_session(page, site).get(site.refresh_field)


def everything_stored(page: Any) -> str:
    """All that the origin keeps in localStorage and sessionStorage, as one text."""
    return page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")


def settle(page: Any, traffic: Traffic, quiet_ms: int = 250, most_ms: int = 5000) -> None:
    """Wait until the context's pages have asked for nothing for a while; a request that hangs is not waited for.

    Playwright's own `networkidle` is said once for each document, and not again for what its router shows later.
    """
    begun = quiet_since = time.monotonic()
    while (now := time.monotonic()) - quiet_since < quiet_ms / 1000 and now - begun < most_ms / 1000:
        page.wait_for_timeout(50)
        if any(time.monotonic() - sent < most_ms / 1000 for sent in traffic.pending.values()):
            quiet_since = time.monotonic()


def freeze(page: Any) -> Any:
    """Stop a tab's scripts, as browsers do with tabs in the background; returns what `thaw` needs.

    The debugger's pause is used: the protocol's own `Page.setWebLifecycleState` leaves the scripts of a page running
    that the browser takes for visible, and without a display it takes every page for visible.
    """
    session = page.context.new_cdp_session(page)
    session.send("Debugger.enable")
    session.send("Debugger.pause")
    return session


def thaw(session: Any) -> None:
    """Let a frozen tab go on."""
    session.send("Debugger.resume")
    session.send("Debugger.disable")
    session.detach()


def widest_overflow(page: Any) -> int:
    """By how many pixels the page is wider than its window; 0 when nothing has to be scrolled sideways."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
