"""Sessions that are made on one release and used on the next, as clients that were open all the time would use them."""

from __future__ import annotations

import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace

from ansible.module_utils.auth_flow import Check, read_claims
from ansible.module_utils.auth_flow_app import OK_STATUSES, App, Canary, Settings, status_problems
from ansible.module_utils.auth_flow_http import AuthFlowError, Client

#: The test of the guide that they stand for: nobody notices that a token was replaced.
GUIDE = "Test 2"
LOGINS_AT_ONCE = 4


@dataclass(frozen=True)
class Kind:
    """What tells one canary from another.

    remember: asked for a long session; stores: its client stores the refresh tokens that it is given, as the one before
    the fix does not; refreshing: the answer to its refresh was lost in the change.
    """

    remember: bool
    stores: bool
    refreshing: bool

    def name(self) -> str:
        """The name of its check."""
        return "_".join(
            [
                "canary",
                "remember" if self.remember else "plain",
                "refreshing" if self.refreshing else "idle",
                *([] if self.stores else ["old_client"]),
            ]
        )


@dataclass
class Kept:
    """A canary with its secrets, as it is written to the host.

    release: the one that answered its login; made_at: when it did, in Unix time; answered: whether its
    refresh was, since.
    """

    remember: bool
    stores: bool
    refreshing: bool
    release: str
    made_at: float
    answered: bool
    access: str
    refresh: str
    cookie: str

    def kind(self) -> Kind:
        return Kind(self.remember, self.stores, self.refreshing)


@dataclass
class Flock:
    """The canaries of a run, why some of them could not be made (empty when all were), and how often they were used."""

    canaries: list[Kept] = field(default_factory=list)
    problem: str = ""
    uses: int = 0

    def made_on(self) -> list[str]:
        """The releases that answered their logins."""
        return sorted({canary.release for canary in self.canaries})


class Canaries:
    """Makes, keeps, judges and ends them.

    path: a file that its owner alone can read; retry_seconds: within which a client repeats a refresh that was lost.
    """

    def __init__(self, client: Client, settings: Settings, path: str, retry_seconds: float = 30) -> None:
        self._settings = settings
        self._path = path
        self._retry_seconds = retry_seconds
        self._apps = {
            True: App(client, settings),
            False: App(client, replace(settings, rotate_header={})),
        }

    def kinds(self) -> list[Kind]:
        """Every combination; an application whose clients announce nothing has no old ones."""
        stores = (True, False) if self._settings.rotate_header else (True,)
        return [Kind(*kind) for kind in itertools.product((False, True), stores, (False, True))]

    def make(self) -> Flock:
        """Log them in, and write each down as soon as it is there. What can't be made is a problem, and no failure.

        Where the first one cannot be made, no other is tried: a rollback does not wait longer for a release that hangs.
        """
        flock = Flock()
        first, *others = self.kinds()
        self._keep(flock, self._log_in(first))
        if flock.canaries:
            with ThreadPoolExecutor(LOGINS_AT_ONCE) as pool:
                for found in pool.map(self._log_in, others):
                    self._keep(flock, found)
        return flock

    def _keep(self, flock: Flock, found: Kept | str) -> None:
        if isinstance(found, Kept):
            flock.canaries.append(found)
        else:
            flock.problem = flock.problem or found
        self.write(flock)

    def read(self) -> Flock:
        """Those that were written; none where there is no file, or one that says nothing."""
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json.load(file)
            return Flock([Kept(**canary) for canary in found["canaries"]], found["problem"], found["uses"])
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return Flock()
        except OSError as error:
            raise AuthFlowError(f"{self._path}: {error.strerror}; it must be readable") from error

    def write(self, flock: Flock) -> None:
        """Write them down for what comes next, whole or not at all."""
        temporary = f"{self._path}.new"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(flock), file)
            os.replace(temporary, self._path)
        except OSError as error:
            raise AuthFlowError(
                f"{self._path}: {error.strerror}; the canaries must be kept there until the change"
            ) from error

    def judge(self, flock: Flock, now: float) -> list[Check]:
        """Use each as its client would go on, and keep what it has then. Where nobody answers one, no other waits."""
        checks: list[Check] = []
        away = ""
        for canary in flock.canaries:
            name = canary.kind().name() + ("_again" if flock.uses else "")
            if not away:
                try:
                    checks.append(self._judge(canary, name, now))
                    continue
                except AuthFlowError as error:
                    away = str(error)
            checks.append(Check(name, "critical", away, GUIDE))
        if flock.canaries:
            flock.uses += 1
            self.write(flock)
        return checks

    def end(self, flock: Flock) -> None:
        """Log them out as far as that can be done, and forget them."""
        for canary in flock.canaries:
            try:
                self._apps[canary.stores].logout(Canary(canary.access, canary.refresh, canary.cookie))
            except AuthFlowError:
                break
        if os.path.exists(self._path):
            os.unlink(self._path)

    def _log_in(self, kind: Kind) -> Kept | str:
        app, s = self._apps[kind.stores], self._settings
        try:
            answer = app.login(kind.remember)
            canary = Kept(
                **asdict(kind),
                release=answer.headers.get(s.release_header.lower(), ""),
                made_at=time.time(),
                answered=False,
                access=app.text(answer, s.access_field),
                refresh=app.text(answer, s.refresh_field),
                cookie=answer.cookies.get(s.session_cookie, ""),
            )
            if problems := status_problems(answer, OK_STATUSES):
                return problems[0]
            if not canary.access or not canary.refresh:
                return f"{answer.described()} without {s.access_field} and {s.refresh_field}"
            lost = self._lose_answer(app, canary) if kind.refreshing else ""
        except AuthFlowError as error:
            return str(error)
        return lost or canary

    def _lose_answer(self, app: App, canary: Kept) -> str:
        """Refresh, and forget the answer. A problem where the release that is left ends a session for that itself."""
        app.refresh(canary.refresh)
        again = app.refresh(canary.refresh)
        if again.status == 200:
            return ""
        app.logout(Canary(canary.access, canary.refresh, canary.cookie))
        return f"{again.described()} to a refresh that is repeated; a session whose answer was lost ends there already"

    def _judge(self, canary: Kept, name: str, now: float) -> Check:
        if canary.refreshing and not canary.answered and now > canary.made_at + self._retry_seconds:
            return Check(name, "skipped", "its answer was lost longer ago than a client waits for one", GUIDE)
        if _is_over(canary.refresh, now):
            return Check(name, "skipped", "its refresh token is over by its own time", GUIDE)
        problems = self._use(canary, now)
        reason = f"made on {canary.release or 'the release before'}: {'; '.join(problems)}"
        return Check(name, "critical", reason, GUIDE) if problems else Check(name, "ok", "", GUIDE)

    def _use(self, canary: Kept, now: float) -> list[str]:
        """Go on with the access token while it lasts, with the cookie, and with a refresh; never with a login."""
        app, problems = self._apps[canary.stores], []
        if not _is_over(canary.access, now):
            problems += app.identity_problems(access=canary.access)
        if canary.cookie:
            problems += app.identity_problems(cookie=canary.cookie)
        answer = app.refresh(canary.refresh)
        if refused := status_problems(answer, (200,)):
            return problems + refused
        canary.answered = True
        access = app.text(answer, self._settings.access_field)
        if canary.stores:
            canary.refresh = app.text(answer, self._settings.refresh_field) or canary.refresh
        return problems + (
            app.identity_problems(access=access)
            if access
            else [f"{answer.described()} without {self._settings.access_field}"]
        )


def _is_over(token: str, now: float) -> bool:
    """Whether a token has ended by what it says itself; one that says nothing has not."""
    end = (read_claims(token) or {}).get("exp")
    return isinstance(end, int | float) and end <= now
