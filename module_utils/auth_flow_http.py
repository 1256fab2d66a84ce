"""One HTTP request, one answer: no redirect is followed, no cookie is kept, nothing is sent twice."""

from __future__ import annotations

import email.utils
import http.client
import http.cookies
import json
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

READ_LIMIT_BYTES = 1_000_000


class AuthFlowError(Exception):
    """The flow could not be judged: what was looked at, what was found, what was needed."""


@dataclass(frozen=True)
class Answer:
    """status, headers by lower-case name, JSON object or None, cookies by name, duration in milliseconds.

    A cookie that the server deletes has the value "".
    """

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: dict[str, Any] | None
    cookies: dict[str, str] = field(repr=False)
    milliseconds: float

    def described(self) -> str:
        """Status and error code, for a reason. The code is shown only when it is a plain word."""
        code = (self.body or {}).get("code")
        shown = f" ({code})" if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""
        form = "" if self.body is not None else ", not a JSON object"
        return f"{self.method} {self.path} answered {self.status}{shown}{form}"


class Client:
    """Sends requests to one base URL; extra headers go with each of them."""

    def __init__(
        self, base_url: str, headers: dict[str, Any], timeout_seconds: float, ca_certs: str | None = None
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AuthFlowError(f"base_url is {base_url!r}; an http or https address with a host is needed")
        self._parts = parts
        self._headers = {name: str(value) for name, value in headers.items()}
        self._timeout = timeout_seconds
        self._tls = self._tls_context(ca_certs) if parts.scheme == "https" else None

    def request(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request. Raises AuthFlowError when no complete answer comes in time."""
        connection = self._connect()
        sent = {"Accept": "application/json", **self._headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        started = time.monotonic()
        try:
            payload = json.dumps(body) if body is not None else None
            connection.request(method, self._parts.path.rstrip("/") + path, payload, sent)
            response = connection.getresponse()
            text = response.read(READ_LIMIT_BYTES)
        except ValueError as error:
            raise AuthFlowError(f"{method} {path}: a header or path cannot be sent as it is given") from error
        except (OSError, http.client.HTTPException) as error:
            raise AuthFlowError(self._unanswered(method, path, error)) from error
        finally:
            connection.close()
        elapsed = (time.monotonic() - started) * 1000
        return _answer(method, path, response, text, elapsed)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname, self._parts.port
        if self._tls:
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)

    def _unanswered(self, method: str, path: str, error: Exception) -> str:
        place = f"{self._parts.scheme}://{self._parts.hostname}:{self._parts.port or 'default port'}"
        found = (
            f"no answer within {self._timeout:g} seconds" if isinstance(error, TimeoutError) else str(error)
        )
        return f"{method} {path} at {place}: {found or type(error).__name__}; an HTTP answer is needed"

    @staticmethod
    def _tls_context(ca_certs: str | None) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=ca_certs)
        except (OSError, ssl.SSLError) as error:
            raise AuthFlowError(f"ca_certs {ca_certs}: {error}; a readable PEM file is needed") from error


def _answer(
    method: str, path: str, response: http.client.HTTPResponse, text: bytes, milliseconds: float
) -> Answer:
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return Answer(
        method=method,
        path=path,
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        body=body if isinstance(body, dict) else None,
        cookies=_cookies(response.headers.get_all("Set-Cookie") or []),
        milliseconds=round(milliseconds, 1),
    )


def _cookies(headers: list[str]) -> dict[str, str]:
    found = {}
    for header in headers:
        try:
            parsed = http.cookies.SimpleCookie(header)
        except http.cookies.CookieError:
            continue
        for name, morsel in parsed.items():
            found[name] = "" if _is_deletion(morsel) else morsel.value
    return found


def _is_deletion(morsel: http.cookies.Morsel) -> bool:
    """Max-Age wins over Expires, and what is no date is no end (RFC 6265, section 5.3)."""
    if re.fullmatch(r"-?\d+", morsel["max-age"]):
        return int(morsel["max-age"]) <= 0
    try:
        return email.utils.parsedate_to_datetime(morsel["expires"]).timestamp() <= time.time()
    except (TypeError, ValueError):
        return False
