"""A tab that is left open through a switch, from either release to the other."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
import time
from pathlib import Path

import pytest
from ansible.module_utils import browser_pages as pages
from ansible.module_utils.browser_tab import OpenTab
from edge import Answer
from playwright.sync_api import Error
from test_browser_flow import NAMES

from app_client import PASSWORD, Client

HEADER = "X-Release"


def load_module():
    """The module; its part in module_utils has the same name."""
    path = Path(__file__).resolve().parents[2] / "library" / "browser_tab.py"
    spec = importlib.util.spec_from_file_location("browser_tab_module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULE = load_module()


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


class Change:
    """A tab that waits for `fix`, and what happens meanwhile, in seconds after it is open."""

    def __init__(self, opened: OpenTab, client: Client, stack, folder: Path) -> None:
        self.ready, self.told, self.edge = folder / "tab", folder / "tab.json", stack.edge
        self._opened = opened
        self._params = {
            "user": client.email,
            "password": PASSWORD,
            "url": stack.edge.url,
            "release": "fix",
            "release_header": HEADER,
            "ready": str(self.ready),
            "told": str(self.told),
            "process": os.getpid(),
            "wait_seconds": 60,
        }

    def wait(self, *path: str) -> None:
        """Wait until the tab has come to a file."""
        until = time.monotonic() + 60
        while not all(getattr(self, name).exists() for name in path) and time.monotonic() < until:
            time.sleep(0.05)

    def cut(self, seconds: float, answer: Answer) -> None:
        """Answer the page of the public address otherwise for a while."""
        page = self.edge.page
        self.edge.page = lambda path: answer if path == "/" else page(path)
        time.sleep(seconds)
        self.edge.page = page

    def go_through(self, happens) -> dict[str, dict]:
        """The checks of the tab by name; `happens` goes on beside it, and the browser in this thread."""
        beside = threading.Thread(target=happens)
        beside.start()
        self.result = MODULE.go_through(self._params, self._opened)
        beside.join()
        return {check["name"]: check for check in self.result["checks"]}


@pytest.fixture
def change(stack, site, browser, tmp_path, monkeypatch):
    """A change from `before` to `fix`, with a tab that is not open yet."""
    monkeypatch.setattr(pages, "WAIT_MS", 5000)
    for release in stack.edge.releases.values():
        monkeypatch.setitem(release.__dict__, "headers", release.headers | {HEADER: release.name})
    stack.edge.reset("before")
    opened = OpenTab(browser, site, NAMES)
    yield Change(opened, Client(stack.edge.url).register(), stack, tmp_path)
    opened.close()


def statuses(checks: dict[str, dict]) -> dict[str, str]:
    return {name: check["status"] for name, check in checks.items()}


def test_what_it_has_seen_is_told_while_it_stays_open(change) -> None:
    told = {}

    def happens() -> None:
        change.wait("ready")
        change.edge.live = "fix"
        change.wait("told")
        told.update(json.loads(change.told.read_text()), open=change.ready.exists())
        change.ready.unlink()

    checks = change.go_through(happens)
    assert statuses(checks) == {"browser_tab_left_open": "ok", "public_address": "ok"}
    assert told["open"] and told["checks"] == change.result["checks"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(Answer(0), "APIRequestContext.get: "), (Answer(503), "answered 503")],
    ids=["dropped", "503"],
)
def test_what_is_refused_during_the_switch_is_critical_and_the_tab_goes_on(change, answer, words) -> None:
    def happens() -> None:
        change.wait("ready")
        change.cut(1, answer)
        change.edge.live = "fix"
        change.wait("told")
        change.ready.unlink()

    checks = change.go_through(happens)
    assert statuses(checks) == {"browser_tab_left_open": "ok", "public_address": "critical"}
    assert words in checks["public_address"]["reason"]
    assert (change.result["status"], change.result["problem"]) == ("critical", "")


def test_it_goes_on_after_a_switch_back(change) -> None:
    def happens() -> None:
        change.wait("ready")
        change.edge.live = "fix"
        change.wait("told")
        change.cut(1, Answer(0))
        change.edge.live = "before"
        change.ready.unlink()

    checks = change.go_through(happens)
    assert statuses(checks) == {
        "browser_tab_left_open": "ok",
        "browser_tab_left_open_again": "ok",
        "public_address": "critical",
    }


def test_a_session_that_ends_on_the_release_that_failed_is_seen_after_the_switch_back(change, site) -> None:
    def happens() -> None:
        change.wait("ready")
        refused = Answer(401, '{"error": {"code": "session_revoked"}}', {"Content-Type": "application/json"})
        change.edge.answer_next(site.refresh_api, refused, 5)
        change.edge.live = "fix"
        change.wait("told")
        change.edge.live = "before"
        change.ready.unlink()

    checks = change.go_through(happens)
    assert statuses(checks) == {
        "browser_tab_left_open": "critical",
        "browser_tab_left_open_again": "critical",
        "public_address": "ok",
    }


def test_it_goes_on_where_the_release_never_became_live(change) -> None:
    def happens() -> None:
        change.wait("ready")
        time.sleep(1)
        change.ready.unlink()

    checks = change.go_through(happens)
    assert statuses(checks) == {
        "browser_tab_left_open": "skipped",
        "browser_tab_left_open_again": "ok",
        "public_address": "ok",
    }
    assert checks["browser_tab_left_open"]["reason"] == "fix did not become live"


def test_an_error_before_it_is_open_is_nothing_seen(change, monkeypatch) -> None:
    monkeypatch.setattr(change.edge, "page", lambda _path: Answer(0))
    checks = change.go_through(lambda: None)
    assert statuses(checks) == {"browser_tab_left_open": "skipped"}
    assert change.result["status"] == "unknown" and not change.ready.exists()
    assert change.result["problem"].startswith("no tab could be left open at ")
