"""The reference app in two releases behind one edge, as after a deploy, and a real browser."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible.module_utils
import browser_pages as pages
import jwt
import pytest
from edge import Edge, Release
from frontend_build import assemble, build
from playwright.sync_api import BrowserContext, Page, TimeoutError, sync_playwright

from app_client import PASSWORD, Client, claims
from app_stack import Backend, DataServices

ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[2] / "module_utils"))

#: Short, so that a token that a tab presents late meets reuse detection within a test.
GRACE_SECONDS = 2


@dataclass
class Stack:
    """Both releases, and the edge that sends the browser to one of them."""

    services: DataServices
    backends: dict[str, Backend]
    edge: Edge


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL and Redis, the backends of `before` and `fix` on one schema, their frontends, the edge."""
    directory = tmp_path_factory.mktemp("services")
    services = DataServices(directory, name=f"igny8-browser-test-{secrets.token_hex(4)}")
    backends: dict[str, Backend] = {}
    try:
        services.start()
        for version in ("before", "fix"):
            source = tmp_path_factory.mktemp(version) / "backend"
            settings = {"REFRESH_GRACE_SECONDS": str(GRACE_SECONDS)}
            backends[version] = Backend(version, source, services, settings)
            result = backends[version].manage("migrate", "--verbosity", "0")
            assert result.returncode == 0, result.stderr
            backends[version].start()
        edge = Edge([_release(backends[name], tmp_path_factory) for name in backends], _expire(services))
        yield Stack(services, backends, edge)
        edge.close()
    finally:
        for backend in backends.values():
            backend.interrupt()
        for backend in backends.values():
            backend.wait()
        services.remove()


def _release(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Release:
    source = assemble(backend.version, tmp_path_factory.mktemp(f"{backend.version}-frontend") / "frontend")
    return Release(backend.version, build(source), backend.url)


def _expire(services: DataServices) -> Callable[[str], str]:
    """Signs an access token anew, as it was two hours ago, with the key of the backends."""
    key = services.files["key"].read_text()

    def expired(token: str) -> str:
        now = int(time.time())
        return jwt.encode(claims(token) | {"iat": now - 7200, "exp": now - 3600}, key, algorithm="HS256")

    return expired


@pytest.fixture(scope="session")
def site(stack: Stack) -> pages.Site:
    """The names that the reference app uses."""
    return pages.Site(
        url=stack.edge.url,
        login_path="/signin",
        register_path="/register",
        login_api="/api/auth/login/",
        refresh_api="/api/auth/refresh/",
        email_label="Email",
        password_label="Password",
        remember_label="Keep me logged in for 20 days",
        login_button="Sign in",
        register_button="Register",
        logout_button="Log out",
        storage_key="auth-storage",
        refresh_field="refreshToken",
        links={"/": "Dashboard", "/restricted": "Restricted", "/premium": "Premium"},
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The machine's Chromium, or what CHROMIUM names."""
    with pages.running(sync_playwright, os.environ.get("CHROMIUM") or pages.CHROMIUM) as chromium:
        yield chromium


@dataclass
class Person:
    """A user with a browser of their own."""

    stack: Stack
    site: pages.Site
    context: BrowserContext
    traffic: pages.Traffic
    email: str
    tabs: list[Page] = field(default_factory=list)
    notes: int = 0

    def open(self, path: str = "/") -> Page:
        """A new tab."""
        self.tabs.append(pages.open_page(self.context, self.site, path))
        return self.tabs[-1]

    def log_in(self, remember: bool = False) -> Page:
        """A new tab, signed in, with its first page loaded; the record begins after it."""
        page = self.open(self.site.login_path)
        pages.log_in(page, self.site, self.email, PASSWORD, remember)
        page.get_by_text("No notes yet").wait_for()
        self.forget()
        return page

    def forget(self) -> None:
        """Begin the record of requests anew."""
        self.traffic.clear()
        self.stack.edge.seen.clear()

    def add_note(self, page: Page, text: str) -> None:
        """Write a note, and wait until it is in the list: a request that needs a working access token.

        Each gets a number, so that an earlier one of the same text is not taken for it. By the keyboard, as in
        `browser_pages.go`.
        """
        self.notes += 1
        text = f"{text} ({self.notes})"
        page.get_by_label("New note").fill(text)
        page.get_by_label("New note").press("Enter")
        try:
            page.get_by_role("listitem").filter(has_text=text).wait_for()
        except TimeoutError as error:
            shown, seen = page.get_by_role("main").inner_text(), self.stack.edge.seen[-8:]
            raise AssertionError(
                f"'{text}' is not in the list; the page: {shown!r}; the edge: {seen}"
            ) from error

    def refreshes(self) -> int:
        """How many refreshes the edge has seen since the record began."""
        return self.stack.edge.count(self.site.refresh_api)

    def logins(self) -> int:
        """How many logins the edge has seen since the record began."""
        return self.stack.edge.count(self.site.login_api)

    def rows(self) -> list[tuple]:
        """(rotation_count, revoked_reason, replay_count) of the user's tokens, oldest first."""
        return self.stack.services.sql(
            "SELECT rotation_count, revoked_reason, replay_count FROM auth_refresh_token"
            " WHERE user_id = %s ORDER BY id",
            self.user_id(),
        )

    def live(self) -> int:
        """How many of the user's tokens are live."""
        return sum(reason is None for _, reason, _ in self.rows())

    def user_id(self) -> int:
        """The user's primary key."""
        return self.stack.services.sql("SELECT id FROM igny8_user WHERE email = %s", self.email)[0][0]


@pytest.fixture
def person(stack: Stack, site: pages.Site, browser: Any) -> Iterator[Callable[..., Person]]:
    """Makes a registered user with an empty browser. Options are those of a Playwright context.

    `without` names parts of the platform that the browser shall not have.
    """
    made: list[BrowserContext] = []

    def make(live: str = "fix", without: tuple[str, ...] = (), **options: Any) -> Person:
        stack.edge.reset(live)
        client = Client(stack.edge.url).register()
        context = browser.new_context(**options)
        made.append(context)
        for name in without:
            owner, _, part = name.rpartition(".")
            script = f"Object.defineProperty({owner or 'window'}, '{part}', {{value: undefined}})"
            context.add_init_script(script)
        return Person(stack, site, context, pages.watch(context, site), client.email)

    yield make
    for context in made:
        context.close()
