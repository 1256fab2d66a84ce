"""A small application on aiohttp, for the prober: tokens that rotate, cookies, rows, an index page with assets."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from auth_backend import PASSWORD, make_token

INDEX = (
    '<script type="module" src="/assets/index-AAAAAAAA.js"></script><link href="/assets/index-BBBBBBBB.css">'
)
SCRIPT = 'const page = () => import("./Page-CCCCCCCC.js")'
ASSETS = {"index-AAAAAAAA.js", "index-BBBBBBBB.css", "Page-CCCCCCCC.js"}


class Application:
    """`hook`, when set, is called with each request and may answer it, or close its connection, itself."""

    def __init__(self, rotates: bool = True) -> None:
        self.rotates = rotates
        self.release = "v1-aaaaaaaaaaaa"
        self.access: dict[str, str] = {}
        self.refresh: dict[str, str] = {}
        self.parent: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self.rows: list[str] = []
        self.seen: list[tuple[str, int]] = []
        self.hook: Callable[[web.Request], web.StreamResponse | None] | None = None

    async def login(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["password"] != PASSWORD:
            return web.json_response({"code": "bad_credentials"}, status=401)
        user, cookie = body["email"], secrets.token_hex(16)
        self.cookies[cookie] = user
        response = web.json_response({"data": {"user": {"email": user}, **self._tokens(user)}})
        response.set_cookie("sessionid", cookie, max_age=1000)
        return response

    async def renew(self, request: web.Request) -> web.Response:
        token = (await request.json())["refresh"]
        user = self.refresh.get(token)
        if user is None:
            return web.json_response({"code": "session_revoked"}, status=401)
        if not self.rotates:
            self.access[access := make_token(900)] = user
            return web.json_response({"data": {"access": access}})
        # The token before the presented one is over: the client has shown that it holds its successor.
        self.refresh.pop(self.parent.get(token, ""), None)
        tokens = self._tokens(user)
        self.parent[tokens["refresh"]] = token
        return web.json_response({"data": tokens})

    async def me(self, request: web.Request) -> web.Response:
        user = self.access.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        user = user or self.cookies.get(request.cookies.get("sessionid", ""))
        if user is None:
            return web.json_response({"code": "not_authenticated"}, status=401)
        return web.json_response({"data": {"user": {"email": user}}})

    async def row(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.access:
            return web.json_response({}, status=401)
        self.rows.append((await request.json())["client_id"])
        return web.json_response({}, status=201)

    async def index(self, _request: web.Request) -> web.Response:
        return web.Response(text=INDEX, content_type="text/html")

    async def asset(self, request: web.Request) -> web.Response:
        if request.match_info["name"] not in ASSETS:
            return web.Response(status=404)
        return web.Response(text=SCRIPT, content_type="text/javascript")

    def _tokens(self, user: str) -> dict[str, str]:
        access, refresh = make_token(900), make_token(86400)
        self.access[access], self.refresh[refresh] = user, user
        return {"access": access, "refresh": refresh}


@asynccontextmanager
async def serve(application: Application) -> AsyncIterator[str]:
    """Serve the application on a free port; yields its address."""

    @web.middleware
    async def around(request: web.Request, handler: Any) -> web.StreamResponse:
        response = application.hook(request) if application.hook else None
        response = response or await handler(request)
        response.headers["X-Release"] = application.release
        application.seen.append((request.path, response.status))
        return response

    app = web.Application(middlewares=[around])
    app.add_routes(
        [
            web.post("/login", application.login),
            web.post("/refresh", application.renew),
            web.get("/me", application.me),
            web.post("/row", application.row),
            web.get("/", application.index),
            web.get("/assets/{name}", application.asset),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
