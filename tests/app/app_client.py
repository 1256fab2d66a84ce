"""A client of the API, which knows nothing but addresses and JSON."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import requests

PASSWORD = "correct horse battery"
# By which a client says that it stores a new refresh token.
ROTATES = {"X-Auth-Rotate": "1"}


@dataclass
class Client:
    """A browser's worth of state: a cookie jar, and the tokens of the last answer that carried any."""

    url: str
    email: str = field(default_factory=lambda: f"user-{secrets.token_hex(6)}@igny8.test")
    password: str = PASSWORD
    access: str = ""
    refresh_token: str = ""
    rotates: bool = True
    http: requests.Session = field(default_factory=requests.Session)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """POST JSON, with the cookies and no access token."""
        return self.http.post(f"{self.url}{path}", json=body, headers=headers, timeout=30)

    def post_as_user(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """POST JSON with the access token and the cookies."""
        return self.post(path, body, Authorization=f"Bearer {self.access}", **headers)

    def get(self, path: str, access: str | None = None) -> requests.Response:
        """GET with the access token and without cookies."""
        headers = {"Authorization": f"Bearer {access or self.access}"}
        return requests.get(f"{self.url}{path}", headers=headers, timeout=10)

    def get_with_cookie(self, path: str) -> requests.Response:
        """GET with the cookies and without access token."""
        return self.http.get(f"{self.url}{path}", timeout=10)

    def register(self) -> "Client":
        """Create the user."""
        body = {"email": self.email, "password": self.password}
        self._keep(self.post("/api/auth/register/", body, **self._capability()), 201)
        return self

    def login(self, remember_me: bool = False) -> "Client":
        """Log in, which also gives a session cookie."""
        body = {"email": self.email, "password": self.password, "remember_me": remember_me}
        self._keep(self.post("/api/auth/login/", body, **self._capability()), 200)
        return self

    def refresh(self, token: str | None = None, rotate: bool | None = None) -> requests.Response:
        """Refresh; the caller keeps what it wants of the answer."""
        rotate = self.rotates if rotate is None else rotate
        return self.post(
            "/api/auth/refresh/", {"refresh": token or self.refresh_token}, **(ROTATES if rotate else {})
        )

    def logout(self) -> requests.Response:
        """Log out with the refresh token and the cookies."""
        return self.post("/api/auth/logout/", {"refresh": self.refresh_token})

    def logout_all(self) -> requests.Response:
        """End every session of the user."""
        return self.post_as_user("/api/auth/logout-all/", {})

    def change_password(self, password: str) -> requests.Response:
        """Change the password; after a success the new tokens are kept."""
        body = {"old_password": self.password, "new_password": password}
        answer = self.post_as_user("/api/auth/password/", body, **self._capability())
        if answer.ok:
            self._keep(answer, 200)
            self.password = password
        return answer

    def moved_to(self, url: str) -> "Client":
        """The same browser, sent to another version."""
        self.url = url
        return self

    def _capability(self) -> dict[str, str]:
        return ROTATES if self.rotates else {}

    def _keep(self, answer: requests.Response, expected: int) -> None:
        assert answer.status_code == expected, answer.text
        self.access, self.refresh_token = data(answer)["access"], data(answer)["refresh"]


def data(answer: requests.Response) -> dict[str, Any]:
    """What a successful answer carries."""
    body = answer.json()
    assert body["success"] is True, body
    return body["data"]


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Status and code of an answer that refuses."""
    body = answer.json()
    assert body["success"] is False and body["error"], body
    return answer.status_code, body["code"]


def claims(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
