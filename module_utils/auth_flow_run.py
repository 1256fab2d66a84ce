"""The login flow itself: two canary sessions are made, used, judged and always logged out."""

from __future__ import annotations

from typing import Protocol

from ansible.module_utils.auth_flow import Ledger, judge_lifetimes, make_expired, read_lifetime
from ansible.module_utils.auth_flow_app import OK_STATUSES, App, Canary, Settings, status_problems
from ansible.module_utils.auth_flow_http import Answer, AuthFlowError

REFUSED = (401, 403)


class Store(Protocol):
    def has(self, session_key: str) -> bool: ...


class Flow:
    """Runs the checks in order and writes each verdict into the ledger."""

    def __init__(
        self, app: App, settings: Settings, ledger: Ledger, stores: dict[str, Store], now: int
    ) -> None:
        self._app = app
        self._settings = settings
        self._ledger = ledger
        self._stores = stores
        self._now = now
        self._canaries: list[Canary] = []

    def run(self) -> None:
        """Make every check. Raises AuthFlowError when the application or a store cannot be reached."""
        try:
            self._judge_sessions()
        except AuthFlowError:
            self._end_quietly()
            raise
        self._end_canaries()
        self._judge_answers()

    def _judge_sessions(self) -> None:
        if self._ledger.asked("web"):
            answer = self._app.get("web")
            self._ledger.record(
                "web",
                []
                if answer.status == 200
                else [f"GET {answer.path} answered {answer.status}; 200 is required"],
            )
        plain = self._log_in("login", remember=False)
        remember = self._log_in("login_remember", remember=True)
        if plain and remember:
            self._judge_login(plain, remember)
        if plain:
            self._judge_bad_access()
        if remember:
            self._judge_errors(remember)
            self._judge_refresh(remember)
        if plain:
            self._judge_logout(plain)

    def _log_in(self, check: str, remember: bool) -> Canary | None:
        answer = self._app.login(remember)
        s = self._settings
        canary = Canary(
            access=self._app.text(answer, s.access_field),
            refresh=self._app.text(answer, s.refresh_field),
            cookie=answer.cookies.get(s.session_cookie, ""),
        )
        parts = {s.access_field: canary.access, s.refresh_field: canary.refresh}
        if s.session_cookie:
            parts[f"cookie {s.session_cookie}"] = canary.cookie
        missing = sorted(name for name, value in parts.items() if not value)
        problems = status_problems(answer, OK_STATUSES)
        if not problems and missing:
            problems = [f"{answer.described()} without {', '.join(missing)}"]
        self._ledger.record(check, problems)
        if any(parts.values()):
            self._canaries.append(canary)
        return None if problems else canary

    def _judge_login(self, plain: Canary, remember: Canary) -> None:
        self._ledger.record("refresh_lifetimes", self._lifetime_problems(plain, remember))
        for check, store in (("session_row", "postgres"), ("session_key", "redis")):
            if store in self._stores:
                absent = sum(not self._stores[store].has(c.cookie) for c in (plain, remember))
                self._ledger.record(check, [f"{absent} of 2 sessions are not in {store}"] if absent else [])
        self._ledger.record("me_bearer", self._app.identity_problems(access=plain.access))
        if self._settings.session_cookie:
            self._ledger.record("me_cookie", self._app.identity_problems(cookie=plain.cookie))

    def _lifetime_problems(self, plain: Canary, remember: Canary) -> list[str]:
        wanted = (self._settings.default_seconds, self._settings.remember_seconds)
        return judge_lifetimes(read_lifetime(plain.refresh), read_lifetime(remember.refresh), *wanted)

    def _judge_bad_access(self) -> None:
        for token in ("malformed", make_expired(self._now)):
            answer = self._app.get("me", access=token)
            self._ledger.record("bad_access", status_problems(answer, REFUSED))
            problems = status_problems(answer, (401,))
            if "bearer" not in answer.headers.get("www-authenticate", "").lower():
                problems.append(f"{answer.described()} without WWW-Authenticate: Bearer")
            self._ledger.record("bearer_challenge", problems)

    def _judge_errors(self, canary: Canary) -> None:
        problems = []
        for page, status in (("forbidden", 403), ("payment_required", 402)):
            if self._ledger.asked(page):
                answer = self._app.get(page, access=canary.access, cookie=canary.cookie)
                self._ledger.record(page, status_problems(answer, (status,)))
                problems += self._app.cookie_problems(answer)
        problems += self._app.identity_problems(access=canary.access)
        if self._settings.session_cookie:
            problems += self._app.identity_problems(cookie=canary.cookie)
        self._ledger.record("session_survives_errors", problems)

    def _judge_refresh(self, canary: Canary) -> None:
        old = Canary(canary.access, canary.refresh, canary.cookie)
        answer = self._app.refresh(old.refresh)
        canary.access = self._app.text(answer, self._settings.access_field)
        canary.refresh = self._app.text(answer, self._settings.refresh_field) or old.refresh
        problems = status_problems(answer, (200,))
        if not problems and not canary.access:
            problems = [f"{answer.described()} without {self._settings.access_field}"]
        self._ledger.record("refresh", problems or self._app.identity_problems(access=canary.access))
        if problems:
            return
        self._ledger.record("other_tab", self._app.identity_problems(access=old.access))
        same = canary.refresh == old.refresh
        self._ledger.record("rotation", ["the refresh token is the same after the refresh"] if same else [])
        if self._ledger.asked("replay_grace"):
            self._judge_replay(old.refresh)

    def _judge_replay(self, old_token: str) -> None:
        answer = self._app.refresh(old_token)
        problems = status_problems(answer, (200,))
        if not problems and not self._app.text(answer, self._settings.access_field):
            problems = [f"{answer.described()} without {self._settings.access_field}"]
        self._ledger.record("replay_grace", problems)

    def _judge_logout(self, canary: Canary) -> None:
        answer = self._app.logout(canary)
        canary.open = answer.status not in OK_STATUSES
        self._ledger.record("logout", status_problems(answer, OK_STATUSES))
        # Before anybody comes with what is left: an application may throw it away then.
        for check, store in (("logout_row", "postgres"), ("logout_key", "redis")):
            if store in self._stores:
                left = self._stores[store].has(canary.cookie)
                self._ledger.record(
                    check, [f"the session is still in {store} after the logout"] if left else []
                )
        if self._settings.session_cookie:
            after = self._app.get("me", cookie=canary.cookie)
            self._ledger.record("logout_session", status_problems(after, REFUSED))
        self._ledger.record("logout_refresh", status_problems(self._app.refresh(canary.refresh), (401,)))
        after = self._app.get("me", access=canary.access)
        self._ledger.record("logout_access", status_problems(after, (401,)))

    def _end_canaries(self) -> None:
        self._ledger.record("cleanup", [])
        for canary in self._canaries:
            if canary.open:
                answer = self._app.logout(canary)
                # 401: the application has ended the session already, and another check has said so.
                self._ledger.record("cleanup", status_problems(answer, (*OK_STATUSES, 401)))
                canary.open = False
        if "postgres" in self._stores:
            left = sum(bool(c.cookie) and self._stores["postgres"].has(c.cookie) for c in self._canaries)
            self._ledger.record("cleanup", [f"{left} canary sessions are still in postgres"] if left else [])

    def _end_quietly(self) -> None:
        """Log out what can still be logged out, when the flow itself has failed."""
        for canary in self._canaries:
            if canary.open:
                try:
                    self._app.logout(canary)
                except AuthFlowError:
                    continue

    def _judge_answers(self) -> None:
        self._ledger.record("cache_control", _cache_problems(self._app.answers))
        if self._settings.release:
            wanted, header = self._settings.release, self._settings.release_header
            self._ledger.record("release", _release_problems(self._app.answers, header, wanted))


def _cache_problems(answers: list[tuple[str, Answer]]) -> list[str]:
    pages = {
        page
        for page, answer in answers
        if page in ("login", "refresh", "logout", "me")
        and "no-store" not in answer.headers.get("cache-control", "").lower()
    }
    return [f"{page} answered without Cache-Control: no-store" for page in sorted(pages)]


def _release_problems(answers: list[tuple[str, Answer]], header: str, wanted: str) -> list[str]:
    wrong = [answer for _page, answer in answers if answer.headers.get(header.lower()) != wanted]
    if not wrong:
        return []
    found = wrong[0].headers.get(header.lower(), "nothing")
    return [f"{header} of {len(wrong)} of {len(answers)} answers is not {wanted}; the first found is {found}"]
