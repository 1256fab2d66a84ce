"""A small real HTTP server that logs users in; each named fault breaks one promise of it."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

USER = "canary@example.test"
PASSWORD = "a-password-of-tests"
RELEASE = "v2-0123456789ab"
DEFAULT_SECONDS, REMEMBER_SECONDS = 86400, 1728000


def make_token(lifetime: int) -> str:
    now = int(time.time())
    parts = [{"alg": "none"}, {"iat": now, "exp": now + lifetime, "jti": secrets.token_hex(8)}]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])


class Backend:
    """State of the application: sessions by cookie, families of tokens; `log` holds (method, path) of requests."""

    def __init__(self, *faults: str) -> None:
        self.faults = set(faults)
        self.sessions: set[str] = set()
        self.families: list[dict[str, Any]] = []
        self.log: list[tuple[str, str]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.logouts = 0

    def answer(self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> tuple:
        """(status, body, headers) of one request."""
        self.log.append((method, path))
        self.headers_seen.append(headers)
        return getattr(self, path.strip("/"))(headers, body)

    def login(self, _headers: dict, body: dict) -> tuple:
        remember = body["remember_me"]
        wrong = (body["email"], body["password"]) != (USER, PASSWORD)
        if wrong or "login_refused" in self.faults:
            return 401, {"code": "bad_credentials"}, {}
        if remember and "remember_refused" in self.faults:
            return 500, {"code": "server_error"}, {}
        cookie, lifetime = secrets.token_hex(16), REMEMBER_SECONDS if remember else DEFAULT_SECONDS
        if "same_lifetime" in self.faults:
            lifetime = DEFAULT_SECONDS
        family = {"lifetime": lifetime, "tip": make_token(lifetime), "old": [], "access": [make_token(900)]}
        family |= {"live": True, "cookie": cookie}
        self.sessions.add(cookie)
        self.families.append(family)
        data = {"user": {"email": USER}, "access": family["access"][-1], "refresh": family["tip"]}
        return 200, data, {"Set-Cookie": f"sessionid={cookie}; Path=/; HttpOnly"}

    def refresh(self, _headers: dict, body: dict) -> tuple:
        if "refresh_html" in self.faults:
            return 200, "<html></html>", {}
        token = body["refresh"]
        family = next((f for f in self.families if token == f["tip"] or token in f["old"]), None)
        if family is None or not family["live"]:
            return 401, {"code": "session_revoked"}, {}
        outcome = "rotated" if token == family["tip"] else "replayed"
        if outcome == "replayed" and "no_grace" in self.faults:
            family["live"] = False
            return 401, {"code": "reuse_detected"}, {}
        if "refresh_ends_old_access" in self.faults:
            family["access"].clear()
        family["access"].append(make_token(900))
        if outcome == "rotated" and "no_rotation" not in self.faults:
            family["old"].append(token)
            family["tip"] = make_token(family["lifetime"])
        return 200, {"access": family["access"][-1], "refresh": family["tip"]}, {"X-Refresh-Outcome": outcome}

    def logout(self, headers: dict, body: dict) -> tuple:
        self.logouts += 1
        if "logout_fails" in self.faults or ("second_logout_fails" in self.faults and self.logouts == 2):
            return 500, {"code": "server_error"}, {}
        if "logout_keeps_session" not in self.faults:
            self.sessions.discard(_cookie(headers))
        for family in self.families:
            if body["refresh"] in (family["tip"], *family["old"]):
                family["live"] = "logout_keeps_refresh" in self.faults
                if "logout_keeps_access" not in self.faults:
                    family["access"].clear()
        return 200, {}, {}

    def me(self, headers: dict, _body: dict) -> tuple:
        access = headers.get("Authorization", "").removeprefix("Bearer ")
        known = any(access in family["access"] for family in self.families)
        if "accepts_any_jwt" in self.faults and access.count(".") == 2:
            known = True
        if _cookie(headers) in self.sessions and "cookie_refused" not in self.faults:
            known = True
        if not known:
            return (
                (403, {}, {}) if "no_challenge" in self.faults else (401, {}, {"WWW-Authenticate": "Bearer"})
            )
        return 200, {"user": {"email": "x@example.test" if "other_user" in self.faults else USER}}, {}

    def home(self, _headers: dict, _body: dict) -> tuple:
        return 503 if "page_missing" in self.faults else 200, "<html></html>", {}

    def forbidden(self, headers: dict, _body: dict) -> tuple:
        if "error_ends_session" in self.faults:
            self.sessions.discard(_cookie(headers))
        deletion = {"Set-Cookie": "sessionid=; Max-Age=0"} if "error_deletes_cookie" in self.faults else {}
        return 200 if "forbidden_allowed" in self.faults else 403, {"code": "permission_denied"}, deletion

    def premium(self, _headers: dict, _body: dict) -> tuple:
        return 403 if "premium_denied" in self.faults else 402, {"code": "payment_required"}, {}


class BrokenStore:
    """Stands for PostgreSQL or Redis: sees the sessions of the backend, unless its name is in a fault."""

    def __init__(self, backend: Backend, name: str) -> None:
        self._backend = backend
        self._name = name

    def has(self, session_key: str) -> bool:
        if f"no_{self._name}" in self._backend.faults:
            return False
        if f"{self._name}_left_until_used" in self._backend.faults and self._backend.log[-1] == (
            "POST",
            "/logout",
        ):
            return True
        return f"{self._name}_left" in self._backend.faults or session_key in self._backend.sessions

    def close(self) -> None:
        pass


@contextmanager
def serve(backend: Backend, wrapped: bool = True) -> Iterator[str]:
    """Serve the backend on a free port; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, data, headers = backend.answer(self.command, self.path, dict(self.headers), body)
            if isinstance(data, str):
                text = data
            else:
                text = json.dumps({"success": True, "data": data} if wrapped and status == 200 else data)
            self.send_response(status)
            common = {} if "no_cache_control" in backend.faults else {"Cache-Control": "no-store"}
            common["X-Release"] = "v1-000000000000" if "other_release" in backend.faults else RELEASE
            for name, value in (common | headers | {"Content-Length": str(len(text))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _cookie(headers: dict) -> str:
    return headers.get("Cookie", "").removeprefix("sessionid=")
