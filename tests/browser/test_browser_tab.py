"""A tab that is left open through a switch, from either release to the other."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
from ansible.module_utils import browser_pages as pages
from ansible.module_utils.browser_flow import FEATURES
from ansible.module_utils.browser_tab import OpenTab
from edge import Answer, wait_until
from local_play import begin, play
from playwright.sync_api import Error
from test_browser_flow import NAMES

from app_client import PASSWORD, Client

HEADER = "X-Release"
#: Header, claims and signature of a JWT.
JWT = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")


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


def test_a_session_that_ends_on_the_release_that_failed_is_seen_after_the_switch_back(
    change, site, monkeypatch
) -> None:
    monkeypatch.setattr(pages, "WAIT_MS", 5000)

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


def options_of(client: Client, site, folder: Path) -> dict:
    """What an inventory and a playbook hand to the role."""
    return {
        "verify_url": site.url,
        "verify_user": client.email,
        "verify_password": PASSWORD,
        "verify_paths": {
            "login": site.login_api,
            "refresh": site.refresh_api,
            "logout": NAMES.logout_api,
            "me": "/api/auth/me/",
        },
        "verify_browser_site": {
            **{name: getattr(NAMES, name) for name in ("home", "home_call", "api", "away")},
            **{
                name: getattr(site, name)
                for name in ("login_path", "login_button", "logout_button", "storage_key", "refresh_field")
            },
            "links": site.links,
        },
        "verify_pictures_dir": str(folder / "pictures"),
        "verify_release": "fix",
        "verify_run": {"holder": "0123456789ab", "pid": os.getpid()},
        "verify_browser_program": os.environ.get("CHROMIUM") or pages.CHROMIUM,
    }


def role_task(name: str) -> dict:
    return {"name": name, "ansible.builtin.import_role": {"name": "verify", "tasks_from": name}}


def meets(folder: Path, name: str) -> list[dict]:
    """Tasks of a play that say where it is, and wait until the test has let it go on."""
    return [
        {
            "name": f"Say {name}",
            "ansible.builtin.copy": {"content": "", "dest": f"{folder}/{name}", "mode": "0600"},
        },
        {"name": f"Wait {name}", "ansible.builtin.wait_for": {"path": f"{folder}/{name}.on", "sleep": 1}},
    ]


def test_a_run_that_it_refuses_has_its_verdict_of_the_switch_back_too(
    change, site, tmp_path, monkeypatch
) -> None:
    """By the tasks of the role, as a deploy goes through them whose switch drops connections.

    HOME is not the user's in passwd, as in a container that runs as any user.
    """
    monkeypatch.setenv("HOME", str(tmp_path))
    jobs = tmp_path / ".ansible_async"
    refused = {"name": "Refused", "ansible.builtin.set_fact": {"said": "{{ ansible_failed_result.msg }}"}}
    found = "{{ {'result': verify_result, 'said': said, 'job': verify_tab_job} | to_json }}"
    tasks = [
        role_task("open_tab"),
        role_task("await_tab"),
        *meets(tmp_path, "opened"),
        {"name": "Use", "block": [role_task("use_tab")], "rescue": [refused]},
        *meets(tmp_path, "used"),
        {"name": "End", "block": [role_task("end_tab")], "rescue": [refused]},
        {
            "name": "Keep",
            "ansible.builtin.copy": {"content": found, "dest": f"{tmp_path}/found", "mode": "0600"},
        },
    ]
    options = options_of(Client(change.edge.url).register(), site, tmp_path)
    going = threading.Thread(target=play, args=(tmp_path, tasks), kwargs=options)
    going.start()
    wait_until(lambda: (tmp_path / "opened").exists(), "the tab", 60)
    change.cut(1, Answer(0))
    change.edge.live = "fix"
    (tmp_path / "opened.on").touch()
    wait_until(lambda: (tmp_path / "used").exists(), "its verdict", 60)
    change.edge.live = "before"
    [job] = [path for path in jobs.iterdir() if path.is_file()]
    assert PASSWORD not in job.read_text()
    (tmp_path / "used.on").touch()
    going.join()
    told = json.loads((tmp_path / "found").read_text())
    checks = {check["name"]: check for check in told["result"]["checks"]}
    assert len(checks) == len(told["result"]["checks"])
    assert statuses(checks) == {
        "browser_tab_left_open": "ok",
        "browser_tab_left_open_again": "ok",
        "public_address": "critical",
    }
    assert "does not go on: public_address: it refused " in told["said"]
    assert told["job"] == "" and not any(path.is_file() for path in jobs.iterdir())
    assert not list((tmp_path / "pictures").glob(".tab*"))


def test_a_run_that_dies_leaves_no_secret_in_its_jobs(change, site, tmp_path, monkeypatch) -> None:
    """Both browsers go on for a while, and Ansible keeps what they say; nor is one in what is printed with -vvvv."""
    jobs = tmp_path / ".ansible_async"
    monkeypatch.setenv("HOME", str(tmp_path))
    change.edge.live = "fix"
    client = Client(change.edge.url).register()
    run = subprocess.Popen(["sleep", "600"])
    options = options_of(client, site, tmp_path)
    options |= {"verify_release": "next", "verify_level": "browser", "verify_features": list(FEATURES)}
    options |= {"verify_run": {"holder": "0123456789ab", "pid": run.pid}}
    tasks = [*map(role_task, ("open_tab", "await_tab", "begin_browser")), *meets(tmp_path, "begun")]
    with begin(tmp_path, tasks, "-vvvv", "--diff", **options) as going:
        wait_until(lambda: (tmp_path / "begun").exists(), "both browsers", 90)
        for process in (going, run):
            process.kill()
            process.wait()
        printed = going.stdout.read() + going.stderr.read()
    ended = re.compile(r'"(problem|msg)": ')
    told = wait_until_all(jobs, lambda text: ended.search(text), 2)
    assert '"browser_errors"' in told and '"next did not become live"' in told
    assert "begin_browser | Use the application" in printed
    for text in (told, printed):
        assert PASSWORD not in text and not JWT.search(text)
    pictures = [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]
    assert [path.suffix for path in pictures].count(".jpg") > 4
    assert [path.name for path in pictures if PASSWORD.encode() in path.read_bytes()] == []


def wait_until_all(folder: Path, ended, count: int) -> str:
    """What so many files of a folder hold once each has ended."""

    def texts() -> list[str]:
        return [path.read_text() for path in folder.iterdir() if path.is_file()]

    wait_until(lambda: len(found := texts()) == count and all(map(ended, found)), "the end of the jobs", 120)
    return "\n".join(texts())
