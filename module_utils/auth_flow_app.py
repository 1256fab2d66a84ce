"""The application as a browser client sees it, and what its answers say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.module_utils.auth_flow import read_field
from ansible.module_utils.auth_flow_http import Answer, Client

OK_STATUSES = (200, 201, 204, 205)
LOGIN_FIELDS_SPEC = {
    "email": {"type": "str", "default": "email"},
    "password": {"type": "str", "default": "password", "no_log": False},
    "remember": {"type": "str", "default": "remember_me"},
}
PAGES_SPEC = {page: {"type": "str", "required": True} for page in ("login", "refresh", "logout", "me")}
#: The options of every module that uses the application as a client does.
APP_SPEC = {
    "base_url": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "rotate_header": {"type": "dict", "default": {}},
    "login_fields": {"type": "dict", "apply_defaults": True, "options": LOGIN_FIELDS_SPEC},
    "data_key": {"type": "str", "default": "data", "no_log": False},
    "access_field": {"type": "str", "default": "access"},
    "refresh_field": {"type": "str", "default": "refresh"},
    "identity_field": {"type": "str", "default": "user.email"},
    "session_cookie": {"type": "str", "default": "sessionid"},
    "release": {"type": "str"},
    "release_header": {"type": "str", "default": "X-Release"},
    "timeout_seconds": {"type": "float", "default": 10},
    "ca_certs": {"type": "path"},
}


@dataclass(frozen=True)
class Settings:
    """The options of the module that name users, paths, fields and expected values."""

    user: str
    password: str
    paths: dict[str, str]
    login_fields: dict[str, str]
    rotate_header: dict[str, str]
    data_key: str
    access_field: str
    refresh_field: str
    identity_field: str
    session_cookie: str
    release: str | None
    release_header: str
    outcome_header: str = ""
    default_seconds: int | None = None
    remember_seconds: int | None = None

    @classmethod
    def of(cls, params: dict[str, Any]) -> Settings:
        """Those among the options of a module."""
        return cls(**{name: params[name] for name in cls.__dataclass_fields__ if name in params})


@dataclass
class Canary:
    """One session of the flow; `open` until the application confirmed its logout."""

    access: str
    refresh: str
    cookie: str
    open: bool = True


class App:
    """The application as a browser client sees it; every answer is kept for the checks over all of them."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self.answers: list[tuple[str, Answer]] = []

    def login(self, remember: bool) -> Answer:
        fields = self._settings.login_fields
        body = {fields["email"]: self._settings.user, fields["password"]: self._settings.password}
        return self._send("POST", "login", body | {fields["remember"]: remember}, self._capability())

    def get(self, page: str, access: str = "", cookie: str = "") -> Answer:
        return self._send("GET", page, None, self._credentials(access, cookie))

    def refresh(self, token: str) -> Answer:
        body = {self._settings.refresh_field: token}
        return self._send("POST", "refresh", body, self._capability())

    def logout(self, canary: Canary) -> Answer:
        body = {self._settings.refresh_field: canary.refresh}
        return self._send("POST", "logout", body, self._credentials(canary.access, canary.cookie))

    def text(self, answer: Answer, name: str) -> str:
        """A field of an answer; empty where it is none, or no text."""
        value = read_field(answer.body, name, self._settings.data_key)
        return value if isinstance(value, str) else ""

    def identity_problems(self, access: str = "", cookie: str = "") -> list[str]:
        """What is wrong with the answer to who the user is, by one of the two."""
        answer = self.get("me", access=access, cookie=cookie)
        problems = status_problems(answer, (200,))
        found = read_field(answer.body, self._settings.identity_field, self._settings.data_key)
        if not problems and str(found).lower() != self._settings.user.lower():
            problems = [f"{answer.described()} as another user than the one that logged in"]
        problems += self.cookie_problems(answer)
        return [f"{problem}, with the {'cookie' if cookie else 'access token'}" for problem in problems]

    def cookie_problems(self, answer: Answer) -> list[str]:
        """A session that is on the server is lost all the same when the browser is told to delete its cookie."""
        name = self._settings.session_cookie
        deleted = bool(name) and answer.cookies.get(name) == ""
        return [f"{answer.described()} and deletes the cookie {name}"] if deleted else []

    def _capability(self) -> dict[str, str]:
        """What a client that stores new refresh tokens says at its login too: without it, it may get one for life."""
        return {name: str(value) for name, value in self._settings.rotate_header.items()}

    def _credentials(self, access: str, cookie: str) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {access}"} if access else {}
        return bearer | ({"Cookie": f"{self._settings.session_cookie}={cookie}"} if cookie else {})

    def _send(
        self, method: str, page: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> Answer:
        answer = self._client.request(method, self._settings.paths[page], body, headers)
        self.answers.append((page, answer))
        return answer


def status_problems(answer: Answer, wanted: tuple[int, ...]) -> list[str]:
    """A problem when the status is none of those wanted, or a 200 is no JSON object."""
    if answer.status in wanted and (answer.status != 200 or answer.body is not None):
        return []
    return [f"{answer.described()}; {' or '.join(map(str, wanted))} is required"]


def read_outcomes(answers: list[tuple[str, Answer]], header: str) -> list[str]:
    """What the application said of each refresh, in order; empty texts are left out."""
    found = [answer.headers.get(header.lower(), "") for page, answer in answers if page == "refresh"]
    return [outcome for outcome in found if outcome.replace("_", "").isalpha()]


def read_durations(answers: list[tuple[str, Answer]]) -> dict[str, float]:
    """Number of requests and the slowest answer of each page in milliseconds."""
    slowest: dict[str, float] = {"requests": len(answers)}
    for page, answer in answers:
        slowest[f"{page}_ms"] = max(answer.milliseconds, slowest.get(f"{page}_ms", 0.0))
    return slowest
