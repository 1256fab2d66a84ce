"""The application as a browser client sees it, and what its answers say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.module_utils.auth_flow_http import Answer, Client


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
    outcome_header: str
    release: str | None
    release_header: str
    default_seconds: int | None
    remember_seconds: int | None


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
