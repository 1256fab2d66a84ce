"""The deployment guide's tests 1 to 5 in a real browser, as one person with several tabs goes through them.

One login serves all of it: the browser is closed and opened again on the way, which is a test of its own. Access tokens
last an hour; `Wire` has them end when a test needs it, by sending one that is over in their place, so that the refusal
and the refresh are the application's own.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils import browser_pages as pages
from ansible.module_utils.auth_flow import Ledger, make_expired
from ansible.module_utils.auth_flow_plan import Planned
from ansible.module_utils.session_end import Ended, describe

PLAN = (
    Planned("browser_login", "Test 1", "log in with remember-me, and load the page again", "", "browser_login", True),
    Planned("browser_refresh", "Test 2", "go on when the access token is over", "", "browser_refresh", True),
    Planned("browser_errors", "Test 4", "meet 403, 402, a broken proxy and no network", "", "browser_errors", True),
    Planned("browser_lost_answer", "Test 4", "lose the answer to a refresh", "", "browser_refresh"),
    Planned("browser_tabs", "Test 3", "have tabs refresh at the same time", "", "browser_tabs", True),
    Planned("browser_reopen", "Test 1", "close the browser and open it again", "", "browser_login"),
    Planned("browser_tabs_plain", "Test 3", "the same without BroadcastChannel and locks", "", "browser_tabs"),
    Planned("browser_frozen", "Test 3", "go on in a tab that slept through refreshes", "full", "browser_tabs"),
    Planned("browser_logout", "Test 5", "log out in one of several tabs", "", "browser_logout", True),
    Planned("browser_logout_plain", "Test 5", "the same without BroadcastChannel", "full", "browser_logout"),
    Planned("browser_calm", "Test 1", "read what the pages complained of", "", "browser_login"),
)  # fmt: skip
FEATURES = ("browser_login", "browser_refresh", "browser_errors", "browser_tabs", "browser_logout")
TABS = 3
#: The guide's "immediately" for a logout in other tabs.
LOGOUT_MS = 2000
#: Long enough for a client that means to log out to do so.
SETTLE_MS = 300
PLAIN = ("BroadcastChannel", "Navigator.prototype.locks")
VIEWPORT = {"width": 1000, "height": 620}
JWT = re.compile(r"eyJ[\w-]+\.eyJ")


@dataclass(frozen=True)
class Names:
    """What the flow asks of an application besides its `pages.Site`.

    home, forbidden, payment_required: paths of pages that a link leads to, the last two empty where there are none;
    home_call: the API path that the first of them asks for; api: what the paths of all API requests begin with;
    away: path of a page that asks for nothing, which the page's own router shows, empty where there is none;
    me: path that answers who the user is, empty where nothing is asked of it; session_cookie: name of that cookie.
    """

    home: str
    home_call: str
    forbidden: str
    payment_required: str
    api: str
    logout_api: str
    request_field: str
    headers: dict[str, str] = field(default_factory=dict)
    away: str = ""
    me: str = ""
    session_cookie: str = ""


class Wire:
    """Lies between the pages of a context and the application: counts, ends access tokens, loses answers."""

    def __init__(self, context: Any, site: pages.Site, names: Names) -> None:
        self._site = site
        self._seen: set[str] = set()
        self._over: set[str] = set()
        self._faults: list[Callable[[Any], None]] = []
        self._held: list[tuple[Any, Callable[[], None]]] = []
        self._together = 0
        self.answers: Counter[tuple[str, int]] = Counter()
        #: The header with the access token that was sent last.
        self.authorization = ""
        prefix = site.url + names.api
        context.route(lambda url: url.startswith(prefix), self._carry)
        context.on("response", self._count)

    def expire(self, together: int = 0) -> None:
        """End the access tokens used until now; requests with one wait until `together` pages have sent some."""
        self._over |= self._seen
        self._together = together
        self.answers.clear()

    def fail_next_refresh(self, fault: Callable[[Any], None]) -> None:
        """Let `fault` do with the route of the next refresh as it likes."""
        self._faults.append(fault)

    def count(self, path: str, status: int | None = None) -> int:
        """How many answers to a path have come since the last `expire`."""
        return sum(n for (asked, got), n in self.answers.items() if asked == path and status in (None, got))

    def release(self) -> None:
        """Let go on what is held back."""
        held, self._held, self._together = self._held, [], 0
        for _page, go_on in held:
            go_on()

    def _count(self, response: Any) -> None:
        self.answers[(self._path(response.url), response.status)] += 1

    def _path(self, url: str) -> str:
        return url.removeprefix(self._site.url).partition("?")[0]

    def _carry(self, route: Any) -> None:
        if self._faults and self._path(route.request.url) == self._site.refresh_api:
            return self._faults.pop(0)(route)
        sent = route.request.headers.get("authorization", "")
        if sent not in self._over:
            self._seen |= {sent} - {""}
            self.authorization = sent or self.authorization
            return route.continue_()
        headers = route.request.headers | {"authorization": f"Bearer {make_expired(int(time.time()))}"}
        self._held.append((route.request.frame.page, lambda: route.continue_(headers=headers)))
        # A page may ask several things at once: that alone is no meeting.
        if len({page for page, _go_on in self._held}) >= self._together:
            self.release()
        return None


def lose_answer(route: Any) -> None:
    """The application carries the request out; the browser learns of an error alone."""
    route.fetch()
    route.abort()


def answer_html(route: Any) -> None:
    """A proxy's page in the place of the application's answer."""
    route.fulfill(status=503, content_type="text/html", body="<html><h1>503 Service Unavailable</h1></html>")


class BrowserFlow:
    """Goes through PLAN with one user. `error` is the base of what the browser's library raises."""

    def __init__(
        self,
        browser: Any,
        site: pages.Site,
        names: Names,
        ledger: Ledger,
        error: type[Exception],
        pictures: Path | None = None,
    ) -> None:
        self._browser, self._site, self._names = browser, site, names
        self._ledger, self._error = ledger, error
        self._folder = pictures
        self._context: Any = None
        self._wire: Wire = None  # type: ignore[assignment]
        self._traffic = pages.Traffic()
        self._errors: list[str] = []
        self._tabs: list[Any] = []
        self._token: str | None = None
        self._login: tuple[str, str] = ("", "")
        #: File names of pictures by check.
        self.pictures: dict[str, str] = {}
        #: What each logout has to end, by what it is looked up by on the server.
        self.ended: list[Ended] = []

    def run(self, user: str, password: str) -> None:
        """Go through all checks; every session that was begun is ended. What fails is in the ledger.

        Raises browser_pages.Ended where the browser ends by itself.
        """
        self._login = (user, password)
        steps = {
            "browser_login": self._log_in,
            "browser_refresh": self._refresh,
            "browser_errors": self._meet_errors,
            "browser_lost_answer": self._lose_answer,
            "browser_tabs": self._use_tabs,
            "browser_reopen": self._reopen,
            "browser_tabs_plain": self._use_tabs,
            "browser_frozen": self._freeze,
            "browser_logout": self._log_out,
            "browser_logout_plain": self._log_out_plain,
        }
        try:
            for name, step in steps.items():
                if not self._step(name, step):
                    break
            self._collect_errors()
            self._ledger.record("browser_calm", [f"a page said: {text}" for text in self._errors[:3]])
        finally:
            self._end()

    def _step(self, name: str, step: Callable[[], list[str]]) -> bool:
        """Take one step; False when the next ones have nothing to stand on."""
        if name != "browser_login" and not self._ledger.asked(name):
            # Whether it is asked or not, what follows wants the browser as this step leaves it.
            if name == "browser_reopen":
                self._quietly(step)
            return True
        try:
            problems = step()
        except self._error as failure:
            if not self._browser.is_connected():
                raise pages.Ended(f"ended in {name}") from failure
            problems = [self._describe(failure)]
        goes_on = self._can_go_on(name)
        # What follows is not reached then, and that is somebody's fault.
        problems += [] if goes_on or problems else ["the page shows no user any more"]
        self._ledger.record(name, problems)
        self._take_picture(name)
        if problems:
            self._wire.release()
        return goes_on

    def _can_go_on(self, name: str) -> bool:
        """Whether the next step has something to stand on."""
        try:
            signed_in = bool(self._tabs) and pages.is_signed_in(self._tabs[0], self._site)
        except self._error:
            signed_in = False
        return signed_in or name.startswith("browser_logout")

    def _quietly(self, step: Callable[[], list[str]]) -> None:
        with suppress(self._error):
            step()

    def _describe(self, failure: Exception) -> str:
        first = str(failure).splitlines()[0].removeprefix("Error: ")
        try:
            shown = " ".join(self._tabs[0].inner_text("body").split())[:160] if self._tabs else "nothing"
        except self._error:
            shown = "nothing, it hangs or is gone"
        return f"{first} The page shows: {shown}"

    def _take_picture(self, name: str) -> None:
        if self._folder is None or not self._tabs:
            return
        path = self._folder / f"{name}.jpg"
        try:
            self._tabs[0].screenshot(path=path, type="jpeg", quality=60)
        except self._error:
            return  # A page that hangs has none, and its check says so.
        path.chmod(0o640)
        self.pictures[name] = path.name

    def _open_browser(self, state: Any = None, without: tuple[str, ...] = ()) -> None:
        """A browser of its own, as it is after it was closed with `state`; `without` parts of the platform."""
        self._collect_errors()
        if self._context:
            self._context.close()
        self._context = self._browser.new_context(
            storage_state=state, viewport=VIEWPORT, ignore_https_errors=False
        )
        for part in without:
            owner, _dot, name = part.rpartition(".")
            self._context.add_init_script(
                f"Object.defineProperty({owner or 'window'}, '{name}', {{value: undefined}})"
            )
        self._wire = Wire(self._context, self._site, self._names)
        self._traffic = pages.watch(self._context, self._site)
        self._tabs = []

    def _open_tab(self, path: str) -> Any:
        self._tabs.append(pages.open_page(self._context, self._site, path))
        return self._tabs[-1]

    def _load_home(self, page: Any) -> None:
        """Load the first page and wait for its data; a page without its own may yet ask, and learn of a logout so."""
        with page.expect_response(lambda r: r.ok and r.url == self._site.url + self._names.home_call):
            page.goto(self._site.url + self._names.home)
        pages.expect_signed_in(page, self._site)

    def _open_tabs(self) -> None:
        """Up to TABS of them, on the first page and at rest."""
        while len(self._tabs) < TABS:
            self._tabs.append(pages.new_page(self._context))
            self._load_home(self._tabs[-1])
            pages.settle(self._tabs[-1], self._traffic)

    def _collect_errors(self) -> None:
        # A browser says so of every answer above 399, and these tests are made of them.
        usual = "Failed to load resource"
        self._errors += [text for text in self._traffic.errors if not text.startswith(usual)]
        self._traffic.clear()

    def _wait(self, condition: Callable[[], bool], what: str) -> list[str]:
        """A problem when `condition` does not come true; pages go on meanwhile."""
        deadline = time.monotonic() + pages.WAIT_MS / 1000
        while not condition():
            if time.monotonic() > deadline:
                return [f"{what} did not come within {pages.WAIT_MS // 1000} s"]
            self._tabs[0].wait_for_timeout(50)
        return []

    def _settle(self) -> None:
        pages.settle(self._tabs[0], self._traffic, quiet_ms=SETTLE_MS)

    def _logins(self) -> list[str]:
        count = self._traffic.count(self._site.login_api)
        return [f"the page asked {self._site.login_api} again; nobody had to log in"] if count else []

    def _signed_in(self, when: str) -> list[str]:
        gone = [n for n, page in enumerate(self._tabs, 1) if not pages.is_signed_in(page, self._site)]
        return [f"tab {n} shows no user any more {when}" for n in gone]

    def _go_home(self, page: Any, away: bool = True) -> None:
        """Have a page ask for its data anew, and wait until it has it."""
        path = self._names.home_call
        if away:
            self._leave_home(page)
        with page.expect_response(lambda r: r.ok and r.url.partition("?")[0] == self._site.url + path):
            pages.go(page, self._site, self._names.home)

    def _leave_home(self, page: Any) -> None:
        """To a page that asks for nothing where there is one: what others are answered is looked at for itself."""
        if self._names.away:
            pages.route_to(page, self._names.away)
        else:
            pages.go(page, self._site, next(path for path in self._site.links if path != self._names.home))
        pages.settle(page, self._traffic)

    def _log_in(self) -> list[str]:
        self._open_browser()
        page = self._open_tab(self._site.login_path)
        box = self._site.remember_label
        pages.expect_signed_out(page, self._site)
        lacks_box = bool(box) and not page.get_by_label(box).is_visible()
        pages.log_in(page, self._site, *self._login, remember=bool(box) and not lacks_box)
        self._collect_errors()
        self._load_home(page)
        self._token = pages.stored_refresh(page, self._site)
        tokens = len(JWT.findall(pages.everything_stored(page)))
        return [
            *self._logins(),
            *(
                []
                if self._token
                else [f"{self._site.storage_key} in the browser's storage has no refresh token"]
            ),
            *([f"the browser stores {tokens} tokens; only the refresh token may be"] if tokens > 1 else []),
        ]

    def _refresh(self) -> list[str]:
        page, problems = self._tabs[0], []
        for _generation in range(2):
            before = pages.stored_refresh(page, self._site)
            self._leave_home(page)
            self._wire.expire()
            self._go_home(page, away=False)
            self._token = pages.stored_refresh(page, self._site)
            refused, refreshed = (
                self._wire.count(self._names.home_call, 401),
                self._wire.count(self._site.refresh_api),
            )
            if not refused:
                problems.append(f"{self._names.home_call} took an access token that is over")
            if refreshed != 1:
                problems.append(f"the page refreshed {refreshed} times for one access token; once is needed")
            if self._token == before:
                problems.append("the page still stores the refresh token that it had before the refresh")
            if problems:
                break
        return [*problems, *self._logins(), *self._signed_in("after a refresh")]

    def _meet_errors(self) -> list[str]:
        page, problems = self._tabs[0], []
        for status, path in ((403, self._names.forbidden), (402, self._names.payment_required)):
            if not path:
                continue
            with page.expect_response(lambda r, status=status: r.status == status):
                pages.go(page, self._site, path)
            self._settle()
            problems += self._signed_in(f"after {status}")
        self._go_home(page)
        self._leave_home(page)
        self._wire.fail_next_refresh(answer_html)
        self._wire.expire()
        pages.go(page, self._site, self._names.home)
        problems += self._wait(
            lambda: self._wire.count(self._site.refresh_api, 503) > 0, "a refresh that a proxy refuses"
        )
        self._settle()
        problems += self._signed_in("after a refresh that a proxy answered with 503")
        self._context.set_offline(True)
        self._leave_home(page)
        pages.go(page, self._site, self._names.home)
        self._settle()
        problems += self._signed_in("without network")
        self._context.set_offline(False)
        self._go_home(page)
        self._token = pages.stored_refresh(page, self._site)
        return [*problems, *self._signed_in("with the network back"), *self._logins()]

    def _lose_answer(self) -> list[str]:
        page = self._tabs[0]
        self._leave_home(page)
        self._wire.fail_next_refresh(lose_answer)
        self._wire.expire()
        pages.go(page, self._site, self._names.home)
        self._settle()
        problems = self._signed_in("after a refresh whose answer was lost")
        self._go_home(page)
        self._token = pages.stored_refresh(page, self._site)
        return [*problems, *self._signed_in("after the refresh that followed"), *self._logins()]

    def _use_tabs(self) -> list[str]:
        """Several tabs find their access token over at the same moment."""
        self._open_tabs()
        for page in self._tabs:
            self._leave_home(page)
        self._settle()
        self._wire.expire(together=TABS)
        for page in self._tabs:
            pages.go(page, self._site, self._names.home)
        problems = self._wait(
            lambda: self._wire.count(self._names.home_call, 200) >= TABS, f"the data of {TABS} tabs"
        )
        self._settle()
        self._token = pages.stored_refresh(self._tabs[0], self._site)
        tokens = {pages.stored_refresh(page, self._site) for page in self._tabs}
        if len(tokens) != 1:
            problems.append(f"the tabs hold {len(tokens)} refresh tokens")
        return [*problems, *self._signed_in("after a refresh in all tabs"), *self._logins()]

    def _reopen(self) -> list[str]:
        """The browser after it was closed; from here on without what not every browser has."""
        self._open_browser(self._context.storage_state(), without=PLAIN)
        page = pages.new_page(self._context)
        self._tabs.append(page)
        # A page may show the user that it has stored before anybody answers: with its data it has been answered.
        self._load_home(page)
        pages.settle(page, self._traffic)
        self._token = pages.stored_refresh(page, self._site)
        return [*self._logins(), *self._signed_in("after the browser was closed")]

    def _freeze(self) -> list[str]:
        """A tab sleeps through refreshes of another, then goes on with what that one stored."""
        awake, asleep = self._tabs[:2]
        self._leave_home(asleep)
        session = pages.freeze(asleep)
        try:
            for _hour in range(2):
                self._leave_home(awake)
                self._wire.expire()
                self._go_home(awake, away=False)
        finally:
            pages.thaw(session)
        self._wire.expire()
        self._go_home(asleep, away=False)
        self._token = pages.stored_refresh(asleep, self._site)
        return [*self._signed_in("after one of them slept"), *self._logins()]

    def _log_out(self) -> list[str]:
        self._open_browser(self._context.storage_state())
        return self._end_session()

    def _log_out_plain(self) -> list[str]:
        self._revoke()  # What a logout that failed has left: from here on it is another session.
        self._open_browser(without=PLAIN)
        pages.log_in(self._open_tab(self._site.login_path), self._site, *self._login)
        return self._end_session()

    def _end_session(self) -> list[str]:
        self._open_tabs()
        # Somewhere that the back button leads to.
        self._leave_home(self._tabs[0])
        self._go_home(self._tabs[0], away=False)
        token = self._token = pages.stored_refresh(self._tabs[0], self._site)
        name = self._names.session_cookie
        session = next((one["value"] for one in self._context.cookies() if one["name"] == name), "")
        problems = self._cookie_problems(session)
        self.ended.append(describe(session, token or "", self._wire.authorization))
        pages.log_out(self._tabs[0], self._site)
        for number, page in enumerate(self._tabs[1:], 2):
            try:
                pages.expect_signed_out(page, self._site, milliseconds=LOGOUT_MS)
            except self._error:
                problems.append(
                    f"tab {number} shows no login {LOGOUT_MS / 1000:g} s after the logout in tab 1"
                )
        if pages.stored_refresh(self._tabs[0], self._site):
            problems.append("the browser still stores a refresh token")
        self._settle()
        answer = self._post(self._site.refresh_api, token)
        if answer.status != 401:
            problems.append(
                f"a refresh with the token of that session answers {answer.status}; 401 is required"
            )
        else:
            self._token = None
        self._tabs[0].go_back()
        # A page that has not been drawn yet shows no user either.
        pages.expect_text(self._tabs[0])
        self._settle()
        if pages.is_signed_in(self._tabs[0], self._site):
            problems.append("the back button shows the user again")
        return problems

    def _cookie_problems(self, session: str) -> list[str]:
        """What is refused after a logout has to be good for something before it."""
        me, name = self._names.me, self._names.session_cookie
        if not me or not name:
            return []
        if not session:
            return [f"the browser has no cookie {name} before the logout"]
        status = self._context.request.get(self._site.url + me).status
        found = f"{me} answers {status} to the cookie {name} before the logout"
        return [] if status == 200 else [f"{found}; 200 is required"]

    def _post(self, path: str, token: str | None) -> Any:
        return self._context.request.post(
            self._site.url + path, data={self._names.request_field: token}, headers=self._names.headers
        )

    def _end(self) -> None:
        if self._context:
            try:
                self._revoke()
            finally:
                # One that cannot be closed ends with its browser, and hides no verdict.
                with suppress(self._error):
                    self._context.close()

    def _revoke(self) -> None:
        """End the session that a failed check has left behind, as far as it can be."""
        for token in self._known_tokens():
            try:
                self._post(self._names.logout_api, token)
            except self._error:
                continue
        self._token = None

    def _known_tokens(self) -> set[str]:
        """The refresh token that was read last, and what pages store: a check may fail before it has read that."""
        found = {self._token}
        for page in self._tabs:
            try:
                found.add(pages.stored_refresh(page, self._site))
            except self._error:
                continue  # A page that is gone stores nothing.
        return {token for token in found if token}
