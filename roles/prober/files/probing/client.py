"""One request and its verdict, and what a correct browser client does with a session. Nothing is sent twice,
except after an access token was refused: then one refresh and the request again.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakValueDictionary

import aiohttp

from probing.config import Config
from probing.measure import Recorder, classify
from probing.reading import read_cookie, read_expiry, read_field
from probing.sessions import Session, StateFile, make_id

# What is wrong with an answer by its body and its Set-Cookie headers, empty when nothing is.
Judge = Callable[[Any, list[str]], str]


@dataclass(frozen=True)
class Reply:
    """verdict: `ok`, `renew` or what failed. text and body are empty when nothing was answered."""

    verdict: str
    status: int | None
    body: Any
    text: str
    set_cookies: list[str]
    release: str


class Client:
    """Sends the requests of all sessions and writes every change of a session to the state file."""

    def __init__(self, config: Config, recorder: Recorder, state: StateFile) -> None:
        self._config = config
        self._recorder = recorder
        self._state = state
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        tls = ssl.create_default_context(cafile=self._config.ca_certs) if self._config.ca_certs else True
        # A new connection for each request: aiohttp would silently repeat a GET on a kept one that was closed.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._config.timeout_seconds),
            headers=self._config.headers,
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.close()

    async def log_in(self, user: str, kind: str, slot: int | None) -> Session | None:
        """A new session of that kind, None when the login failed."""
        fields = self._config.login_fields
        body = {fields["email"]: user, fields["password"]: self._config.password}
        body[fields["remember"]] = kind.endswith("remember")
        judge = self._tokenless if kind.startswith("token") else self._cookieless
        reply = await self._send("login", "POST", body, self._config.rotate_header, judge)
        if reply.verdict != "ok":
            return None
        session = Session(make_id(), kind, user, reply.release or "none", slot)
        if session.by_token:
            self._take_tokens(session, reply)
        else:
            self._take_cookie(session, reply)
        self._state.append(session)
        return session

    async def get_me(self, session: Session) -> bool:
        """Ask who the session's user is; True when it is the one that logged in."""
        if session.by_token:
            return self._identified(session, await self._with_bearer(session, "me_bearer", "GET", None))
        reply = await self._send(
            "me_cookie", "GET", None, self._credentials(session), self._stranger(session)
        )
        self._take_cookie(session, reply)
        if reply.status in (401, 403):
            self._end(session, f"me answered {reply.status}")
        return self._identified(session, reply)

    async def post_row(self, session: Session, row_id: str) -> bool:
        """True when the application acknowledged the row."""
        body = self._config.row_body | {self._config.row_id_field: row_id}
        return (await self._with_bearer(session, "row", "POST", body)).verdict == "ok"

    async def refresh(self, session: Session) -> bool:
        """Refresh the session's tokens; waits for a refresh of the same session that is under way."""
        async with self._locks.setdefault(session.id, asyncio.Lock()):
            return await self._refresh(session)

    async def get_page(self, kind: str, path: str) -> Reply:
        """Get the index or an asset. An asset that is answered as a page is a failure."""
        return await self._send(kind, "GET", None, {}, path=path)

    async def _with_bearer(self, session: Session, kind: str, method: str, body: Any) -> Reply:
        used = session.access
        if used:
            judge = self._stranger(session) if kind == "me_bearer" else None
            reply = await self._send(kind, method, body, self._credentials(session), judge, may_renew=True)
            if reply.verdict != "renew":
                return reply
        async with self._locks.setdefault(session.id, asyncio.Lock()):
            renewed = session.access != used or await self._refresh(session)
        if not renewed:
            return Reply("no access token", None, None, "", [], "")
        judge = self._stranger(session) if kind == "me_bearer" else None
        return await self._send(kind, method, body, self._credentials(session), judge)

    async def _refresh(self, session: Session) -> bool:
        if session.ended:
            return False
        body = {self._config.refresh_field: session.refresh}
        reply = await self._send("refresh", "POST", body, self._config.rotate_header, self._tokenless)
        if reply.status == 401:
            self._end(session, f"refresh answered 401 {self._code(reply)}".rstrip())
        if reply.verdict != "ok":
            return False
        self._take_tokens(session, reply)
        self._state.append(session)
        return True

    async def _send(
        self,
        kind: str,
        method: str,
        body: Any,
        headers: dict[str, str] | None = None,
        judge: Judge | None = None,
        may_renew: bool = False,
        path: str = "",
    ) -> Reply:
        url = self._config.base_url.rstrip("/") + (path or self._config.paths[kind.partition("_")[0]])
        sent_at, started, error = time.time(), time.monotonic(), ""
        status, text, set_cookies, release, page = None, "", [], "", False
        try:
            async with self._http.request(
                method, url, json=body, headers=headers, allow_redirects=False
            ) as answer:
                text = await answer.text(errors="replace")
                status, release = answer.status, answer.headers.get(self._config.release_header, "")
                set_cookies, page = (
                    answer.headers.getall("Set-Cookie", []),
                    answer.content_type == "text/html",
                )
        except TimeoutError:
            error = f"no answer within {self._config.timeout_seconds:g} seconds"
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            error = type(failure).__name__
        parsed = _parse(text)
        if status is not None and status < 400:
            error = (
                judge(parsed, set_cookies) if judge else "answered a page" if kind == "asset" and page else ""
            )
        verdict = classify(kind, status, error, may_renew)
        elapsed = (time.monotonic() - started) * 1000 if status is not None else None
        self._recorder.record(kind, verdict, release, sent_at, elapsed)
        return Reply(verdict, status, parsed, text, set_cookies, release)

    def _credentials(self, session: Session) -> dict[str, str]:
        if session.by_token:
            return {"Authorization": f"Bearer {session.access}"}
        return {"Cookie": f"{self._config.session_cookie}={session.cookie}"}

    def _stranger(self, session: Session) -> Judge:
        """A judge of the answer of `me`: what is wrong with it, empty when it names the session's user."""

        def judge(body: Any, _set_cookies: list[str]) -> str:
            found = read_field(body, self._config.identity_field, self._config.data_key)
            return "" if str(found).lower() == session.user.lower() else "answered as another user"

        return judge

    def _tokenless(self, body: Any, _set_cookies: list[str]) -> str:
        found = read_field(body, self._config.access_field, self._config.data_key)
        return "" if found else "answered without an access token"

    def _cookieless(self, _body: Any, set_cookies: list[str]) -> str:
        found = read_cookie(set_cookies, self._config.session_cookie, time.time())
        return "" if found and found[0] else "answered without a session cookie"

    def _identified(self, session: Session, reply: Reply) -> bool:
        if reply.verdict == "answered as another user":
            self._end(session, reply.verdict)
        return reply.verdict == "ok" and not session.ended

    def _take_tokens(self, session: Session, reply: Reply) -> None:
        session.access = read_field(reply.body, self._config.access_field, self._config.data_key) or ""
        # An application that does not rotate answers no refresh token: the current one stays.
        new = read_field(reply.body, self._config.refresh_field, self._config.data_key)
        session.refresh = new or session.refresh
        session.expires_at = read_expiry(session.refresh)

    def _take_cookie(self, session: Session, reply: Reply) -> None:
        found = read_cookie(reply.set_cookies, self._config.session_cookie, time.time())
        if found is None:
            return
        value, expiry = found
        if not value:
            self._end(session, "the application deleted the session cookie")
            return
        changed = value != session.cookie
        session.cookie, session.expires_at = value, expiry
        if changed:
            self._state.append(session)

    def _end(self, session: Session, reason: str) -> None:
        if not session.ended and not session.expired(time.time()):
            session.ended = reason
            self._state.append(session)

    def _code(self, reply: Reply) -> str:
        code = reply.body.get("code") if isinstance(reply.body, dict) else None
        return code if isinstance(code, str) and code.replace("_", "").isalpha() and len(code) <= 40 else ""


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
