"""The verification in a browser: all of it green on the fixed app, and each check red for the fault it is there for."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest
import requests
from ansible.module_utils import browser_pages as pages
from ansible.module_utils import session_end
from ansible.module_utils.auth_flow import Ledger
from ansible.module_utils.auth_flow_http import Client as HttpClient
from ansible.module_utils.auth_flow_stores import PostgresSessions, PostgresTokens, RedisSessions
from ansible.module_utils.browser_flow import FEATURES, PLAN, BrowserFlow, Names
from edge import Answer, Release
from playwright.sync_api import Error

from app_client import PASSWORD, Client

NAMES = Names(
    home="/",
    home_call="/api/notes/",
    forbidden="/restricted",
    payment_required="/premium",
    api="/api/",
    logout_api="/api/auth/logout/",
    request_field="refresh",
    headers={"X-Auth-Rotate": "1"},
    away="/no-such-page",
    me="/api/auth/me/",
    session_cookie="sessionid",
)
KEYS = ":1:django.contrib.sessions.cached_db"


class Scripted:
    """A browser whose contexts begin with a script, as a frontend with a fault would be."""

    def __init__(self, browser, script: str) -> None:
        self._browser, self._script = browser, script

    def new_context(self, **options):
        context = self._browser.new_context(**options)
        context.add_init_script(self._script)
        return context

    def is_connected(self) -> bool:
        return self._browser.is_connected()


@pytest.fixture
def verify(stack, site, browser, monkeypatch):
    """Goes through the flow with a new user; returns the verdicts by check, and the flow."""
    monkeypatch.setattr(pages, "WAIT_MS", 5000)

    def run(live="fix", script="", full=False, pictures=None, before=None, expect=FEATURES):
        stack.edge.reset(live)
        client = Client(stack.edge.url).register()
        if before:
            before(stack.edge)
        ledger = Ledger(list(expect), {"full"} if full else set(), PLAN)
        chromium = Scripted(browser, script) if script else browser
        flow = BrowserFlow(chromium, site, NAMES, ledger, Error, pictures)
        flow.run(client.email, PASSWORD)
        return {check["name"]: check for check in ledger.checks()}, flow, client

    return run


def red(checks: dict) -> set[str]:
    return {name for name, check in checks.items() if check["status"] == "critical"}


def live_tokens(stack, email: str) -> int:
    [[count]] = stack.services.sql(
        "SELECT count(*) FROM auth_refresh_token AS t JOIN igny8_user AS u ON u.id = t.user_id"
        " WHERE u.email = %s AND t.revoked_at IS NULL",
        email,
    )
    return count


def left_on_the_server(stack, flow) -> dict[str, str]:
    """What is said of the sessions that a flow has ended, by check, as the app host would look it up."""
    services = stack.services
    postgres = {
        "login_host": "127.0.0.1",
        "login_port": services.postgres_port,
        "login_user": "igny8",
        "login_password": services.passwords["postgres"],
        "login_db": "igny8",
        "ssl_mode": "prefer",
        "ca_cert": None,
        "session_table": "django_session",
    }
    redis = {
        "login_host": "127.0.0.1",
        "login_port": services.redis_port,
        "login_user": None,
        "login_password": services.passwords["redis"],
        "db": 1,
        "key_format": f"{KEYS}{{session_key}}",
        "tls": False,
        "ca_certs": None,
    }
    columns = {name: name for name in ("token_id", "family_id", "revoked_at")}
    stores = {
        session_end.POSTGRES: PostgresSessions(postgres),
        session_end.REDIS: RedisSessions(redis),
        session_end.TABLE: PostgresTokens(postgres, "auth_refresh_token", columns),
    }
    ledger = Ledger(["redis_sessions"], {*stores, "session", "access"}, session_end.PLAN)
    session_end.judge_stores(flow.ended, ledger, stores)
    session_end.judge_uses(
        flow.ended, ledger, HttpClient(stack.edge.url, {}, 10, None), NAMES.me, "sessionid"
    )
    for store in stores.values():
        store.close()
    return {check["name"]: check["reason"] for check in ledger.checks() if check["status"] == "critical"}


def after_refusals(stack) -> dict[str, int]:
    """What the backend counts of logins and logouts that a refusal led to."""
    text = requests.get(f"{stack.backends['fix'].url}/metrics", timeout=5).text
    found = re.findall(r"^auth_(\w+)_after_refusal_total (\d+)$", text, re.MULTILINE)
    return {kind: int(count) for kind, count in found}


def test_everything_is_ok_with_the_fix_and_nothing_stays(verify, stack, tmp_path: Path) -> None:
    begun, before = time.monotonic(), after_refusals(stack)
    checks, flow, client = verify(full=True, pictures=tmp_path)
    print(f"{time.monotonic() - begun:.1f} s")
    assert after_refusals(stack) == before
    assert {name: (c["status"], c["reason"]) for name, c in checks.items() if c["status"] != "ok"} == {}
    assert set(flow.pictures) == set(checks) - {"browser_calm"}
    assert all((tmp_path / name).stat().st_size > 1000 for name in flow.pictures.values())
    assert len(flow.ended) == 2
    assert left_on_the_server(stack, flow) == {}
    assert live_tokens(stack, client.email) == 1  # that of the registration, which is not the flow's


def test_the_old_client_is_refused(verify) -> None:
    """That of the version before the fix: it stores access tokens, keeps its refresh token, and logs out on 403."""
    checks, _flow, _client = verify(live="before")
    assert {"browser_login", "browser_refresh", "browser_errors"} <= red(checks)
    assert "only the refresh token may be" in checks["browser_login"]["reason"]
    assert "still stores the refresh token" in checks["browser_refresh"]["reason"]


def test_a_client_that_logs_out_on_403(verify) -> None:
    """That of the version before the fix."""
    checks, _flow, _client = verify(live="before", expect=("browser_errors",))
    assert red(checks) == {"browser_errors"}
    assert (
        "after 403" in checks["browser_errors"]["reason"]
        or "The page shows" in checks["browser_errors"]["reason"]
    )


def test_a_client_that_logs_out_on_403_is_counted(verify, stack) -> None:
    """A page that was opened before the deploy, or an old API service that was left in the new frontend."""
    old, new = stack.edge.releases["before"], stack.edge.releases["fix"]
    stack.edge.releases["old-client"] = Release("old-client", old.dist, new.api)
    before = after_refusals(stack)
    verify(live="old-client", expect=("browser_errors",))
    after = after_refusals(stack)
    assert {name: after[name] - before[name] for name in after} == {"login": 0, "logout": 1}


def test_a_release_is_asked_for_what_is_expected_of_it_alone(verify) -> None:
    """A rollback goes back to a release that never had the fix, and must not fail for that."""
    checks, _flow, _client = verify(live="before", expect=())
    assert red(checks) == set()


def test_a_refresh_that_gives_no_new_token(verify, site, stack) -> None:
    def keep(edge):
        def same(backend):
            # Those of one second and one refresh token are the same text, and the first of them is taken for over.
            time.sleep(1)
            # Replaced just now, whenever that was: the backend takes the old one for a tab that was late.
            stack.services.sql(
                "UPDATE auth_refresh_token SET revoked_at = clock_timestamp()"
                " WHERE revoked_reason = 'rotated' RETURNING id"
            )
            answer = backend()
            return Answer(answer.status, answer.body.replace('"refresh"', '"kept"'), answer.headers)

        edge.next(site.refresh_api, same, 50)

    checks, _flow, _client = verify(before=keep)
    assert "browser_refresh" in red(checks)
    assert "still stores the refresh token" in checks["browser_refresh"]["reason"]


def test_a_client_that_forgets_its_session(verify) -> None:
    """Every page begins with an empty storage, as with a store that persists nothing."""
    checks, _flow, _client = verify(script="localStorage.clear()")
    assert "browser_login" in red(checks)


def test_a_client_that_keeps_its_session_for_one_tab(verify) -> None:
    """Red when the browser that is opened again is another tab, and not a new browser."""
    script = "if (!sessionStorage.here) { localStorage.clear(); sessionStorage.here = 1 }"
    checks, _flow, _client = verify(script=script, expect=("browser_login",))
    # The script itself is refused on a page without an address, which the browser's log tells.
    assert red(checks) - {"browser_calm"} == {"browser_reopen"}


def test_a_browser_that_is_opened_again_with_a_token_that_is_refused(verify, site) -> None:
    """The page shows the user that it has stored until somebody answers. Red where nobody waits for that."""
    script = f"""document.addEventListener('readystatechange', () => {{
      if (document.readyState !== 'interactive' || window.BroadcastChannel) return;
      const kept = JSON.parse(localStorage['{site.storage_key}']);
      kept.state['{site.refresh_field}'] = kept.state['{site.refresh_field}'].slice(0, -4) + 'AAAA';
      localStorage['{site.storage_key}'] = JSON.stringify(kept);
    }})"""
    checks, _flow, _client = verify(script=script, expect=("browser_login", "browser_tabs"))
    assert red(checks) - {"browser_calm"} == {"browser_reopen"}
    assert "not reached" in checks["browser_tabs_plain"]["reason"]


@pytest.fixture
def no_grace(stack, site):
    """Has the backend take every token that was replaced for stolen, whenever it is presented."""
    one_at_a_time = threading.Lock()

    def strict(edge):
        def refuse(backend):
            with one_at_a_time:
                stack.services.sql(
                    "UPDATE auth_refresh_token SET confirmed_at = created_at,"
                    " revoked_at = revoked_at - interval '1 hour'"
                )
                return backend()

        edge.next(site.refresh_api, refuse, 50)

    return strict


def test_a_lost_answer_that_ends_the_session(verify, no_grace) -> None:
    checks, _flow, _client = verify(before=no_grace, expect=("browser_refresh",))
    assert red(checks) == {"browser_lost_answer"}


def test_tabs_that_refresh_against_each_other(verify, no_grace) -> None:
    """The client of the fix without what its tabs agree by, and a backend that does not make up for it."""
    apart = "".join(
        f"Object.defineProperty({owner}, '{name}', {{value: undefined}});"
        for owner, name in (("window", "BroadcastChannel"), ("Navigator.prototype", "locks"))
    )
    checks, _flow, _client = verify(before=no_grace, script=apart, expect=("browser_tabs",))
    assert red(checks) == {"browser_tabs"}


def test_tabs_without_locks_need_a_backend_that_makes_up_for_it(verify, no_grace) -> None:
    checks, _flow, _client = verify(before=no_grace, expect=("browser_tabs",))
    assert red(checks) == {"browser_tabs_plain"}


def test_tabs_that_do_not_hear_of_a_logout(verify) -> None:
    deaf = """
      Object.defineProperty(window, 'BroadcastChannel', {value: class {
        postMessage() {} addEventListener() {} removeEventListener() {} close() {} }});
      const listen = EventTarget.prototype.addEventListener;
      EventTarget.prototype.addEventListener = function (kind, ...rest) {
        if (!['storage', 'visibilitychange', 'focus', 'pageshow'].includes(kind)) listen.call(this, kind, ...rest);
      };
    """
    checks, _flow, _client = verify(script=deaf, expect=("browser_logout",))
    assert red(checks) == {"browser_logout"}
    assert "shows no login" in checks["browser_logout"]["reason"]


def test_tabs_that_hear_of_a_logout_by_broadcast_alone(verify) -> None:
    """Red where the second logout has a browser that can do what the first one can."""
    without_fallback = """
      const listen = EventTarget.prototype.addEventListener;
      EventTarget.prototype.addEventListener = function (kind, ...rest) {
        const fallback = ['storage', 'visibilitychange', 'focus', 'pageshow'].includes(kind);
        if (window.BroadcastChannel || !fallback) listen.call(this, kind, ...rest);
      };
    """
    checks, _flow, _client = verify(script=without_fallback, full=True, expect=("browser_logout",))
    assert red(checks) == {"browser_logout_plain"}
    assert "shows no login" in checks["browser_logout_plain"]["reason"]


def test_a_tab_that_goes_on_with_what_it_held_when_it_fell_asleep(
    verify, stack, no_grace, monkeypatch
) -> None:
    """A client that wakes and looks at nothing that another tab has stored since, later than a backend makes up for."""
    freeze = pages.freeze

    def dream(page):
        no_grace(stack.edge)
        page.evaluate("const held = {...localStorage}; Storage.prototype.getItem = key => held[key] ?? null")
        return freeze(page)

    monkeypatch.setattr(pages, "freeze", dream)
    checks, _flow, _client = verify(full=True, expect=("browser_tabs",))
    assert red(checks) == {"browser_frozen"}, checks["browser_frozen"]


def test_a_back_button_that_shows_the_user_again(verify, site) -> None:
    """A page that a browser or a client has kept as it was. Red where the back button leads nowhere."""
    again = f"""addEventListener('popstate', () => setTimeout(() => {{
      if ((localStorage['{site.storage_key}'] || '').includes('eyJ')) return;
      document.body.insertAdjacentHTML('beforeend', "<button>{site.logout_button}</button>");
    }}, 50))"""
    checks, _flow, _client = verify(script=again, expect=("browser_logout",))
    assert red(checks) == {"browser_logout"}
    assert "the back button shows the user again" in checks["browser_logout"]["reason"]


def test_a_logout_that_ends_nothing_on_the_server(verify, stack) -> None:
    def ignore(edge):
        edge.answer_next(
            NAMES.logout_api, Answer(200, '{"data": {}}', {"Content-Type": "application/json"}), 5
        )

    checks, flow, _client = verify(before=ignore, expect=("browser_logout",))
    assert red(checks) == {"browser_logout"}
    assert "401 is required" in checks["browser_logout"]["reason"]
    left = left_on_the_server(stack, flow)
    assert set(left) == {f"browser_logout_{what}" for what in ("row", "key", "token", "session")}
    assert "401 or 403 is required, with the cookie" in left["browser_logout_session"]


def test_a_session_that_a_logout_leaves_in_redis(verify, stack) -> None:
    """The page is well, and so are the table and the token: only who looks into Redis sees it."""
    redis = stack.services.redis()

    def leave(edge):
        def kept(backend):
            keys = {key: redis.dump(key) for key in redis.keys(f"{KEYS}*")}
            answer = backend()
            for key, value in keys.items():
                redis.restore(key, 0, value, replace=True)
            return answer

        edge.next(NAMES.logout_api, kept)

    checks, flow, _client = verify(before=leave, expect=("browser_logout",))
    assert red(checks) == set()
    assert set(left_on_the_server(stack, flow)) == {"browser_logout_key"}
    # Somebody came with its cookie, and the application has thrown it away then.
    assert left_on_the_server(stack, flow) == {}


def test_a_page_with_an_error_of_its_own(verify) -> None:
    checks, _flow, _client = verify(script="setTimeout(() => { throw new Error('broken bundle') }, 0)")
    assert red(checks) == {"browser_calm"}
    assert "broken bundle" in checks["browser_calm"]["reason"]


def test_nobody_answers(verify, stack) -> None:
    """Red when a login that fails is followed by checks that have no session to look at, or leaves no reason."""

    def refuse(edge):
        edge.answer_next("/api/auth/login/", Answer(500, "<html>"), 5)

    checks, _flow, _client = verify(before=refuse)
    assert red(checks) == {"browser_login"}
    assert "The page shows" in checks["browser_login"]["reason"]
    assert checks["browser_tabs"]["status"] == "skipped"
