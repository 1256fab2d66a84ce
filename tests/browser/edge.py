"""A small edge: one address for frontend and API of whichever release is live, and faults on demand.

It stands for the real edge and web server where a test needs what they cannot be told to do: lose an answer that the
backend gave, hold requests back until several have come, end access tokens early.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
ADD_HEADER = re.compile(r'add_header (\S+) "?([^";$]+)"? always;')


@dataclass(frozen=True)
class Release:
    """A version: its static files, and the address of its backend."""

    name: str
    dist: Path
    api: str

    @cached_property
    def headers(self) -> dict[str, str]:
        """What its web server adds to every page, the content security policy among them."""
        return dict(ADD_HEADER.findall((self.dist.parent / "docker" / "nginx.conf").read_text()))


@dataclass(frozen=True)
class Answer:
    """Sent instead of the backend's; `status` 0 cuts the connection within the answer."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """One request to the API; the names of its headers are in lower case."""

    method: str
    path: str
    status: int
    release: str
    headers: dict[str, str]


Fault = Callable[[Callable[[], Answer]], Answer]


class Edge:
    """Serves `live` on a free loopback port. Faults and `seen` may be used while it serves."""

    def __init__(self, releases: list[Release], expired_token: Callable[[str], str]) -> None:
        self.releases = {release.name: release for release in releases}
        self.live = releases[0].name
        self.seen: list[Seen] = []
        self._expired_token = expired_token
        self._access: dict[str, bool] = {}  # token: has it ended
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"edge": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def reset(self, live: str) -> None:
        """Serve `live` without faults, with an empty record."""
        self.live = live
        with self._lock:
            self._faults.clear()
        self.seen.clear()

    def count(self, path: str) -> int:
        """How many requests for a path of the API were answered or cut."""
        return sum(seen.path == path for seen in self.seen)

    def expire_access(self) -> None:
        """From now on the backend finds every access token that was given until now expired."""
        with self._lock:
            self._access = dict.fromkeys(self._access, True)

    def next(self, path: str, fault: Fault, times: int = 1) -> None:
        """Let `fault` answer the next requests for a path; it may call the backend."""
        with self._lock:
            self._faults += [(path, fault)] * times

    def answer_next(self, path: str, answer: Answer, times: int = 1) -> None:
        """Answer the next requests for a path without the backend."""
        self.next(path, lambda _backend: answer, times)

    def lose_next(self, path: str) -> None:
        """Let the backend carry out the next request for a path, and cut the connection within the answer."""

        def lose(backend: Callable[[], Answer]) -> Answer:
            backend()
            return Answer(0)

        self.next(path, lose)

    def together(self, path: str, count: int, seconds: float = 10) -> threading.Barrier:
        """Hold the next requests for a path until `count` have come. Whether they did: `Barrier.broken`."""
        barrier = threading.Barrier(count)

        def wait(backend: Callable[[], Answer]) -> Answer:
            try:
                barrier.wait(timeout=seconds)
            except threading.BrokenBarrierError:
                pass
            return backend()

        self.next(path, wait, count)
        return barrier

    def hold_next(self, path: str, after_backend: bool = False) -> tuple[threading.Event, threading.Event]:
        """Hold the next request for a path. Returns the event that it came, and the one that lets it go on."""
        came, go_on = threading.Event(), threading.Event()

        def hold(backend: Callable[[], Answer]) -> Answer:
            early = backend() if after_backend else None
            came.set()
            go_on.wait(timeout=30)
            return early or backend()

        self.next(path, hold)
        return came, go_on

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer to a request for the API."""
        release = self.releases[self.live]
        fault = self._take_fault(path)
        answer = (fault or (lambda backend: backend()))(lambda: self._forward(method, path, headers, body))
        self.seen.append(Seen(method, path, answer.status, release.name, headers))
        return answer

    def _take_fault(self, path: str) -> Fault | None:
        with self._lock:
            index = next((i for i, (wanted, _) in enumerate(self._faults) if wanted == path), None)
            return None if index is None else self._faults.pop(index)[1]

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Ask the backend that is live now. One that does not answer gives the page that a proxy would show."""
        sent = {name: value for name, value in headers.items() if name not in HOP_HEADERS}
        if "authorization" in sent:
            sent["authorization"] = self._authorization(sent["authorization"])
        connection = HTTPConnection(urlsplit(self.releases[self.live].api).netloc, timeout=15)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException):
            return Answer(503, "<html><h1>503 Service Unavailable</h1></html>", {"Content-Type": "text/html"})
        finally:
            connection.close()
        self._remember_access(text)
        cookies = response.headers.get_all("Set-Cookie") or []
        return Answer(response.status, text, _end_to_end(response), cookies)

    def _authorization(self, value: str) -> str:
        token = value.removeprefix("Bearer ")
        with self._lock:
            ended = self._access.get(token, False)
        return f"Bearer {self._expired_token(token)}" if ended else value

    def _remember_access(self, text: str) -> None:
        try:
            token = json.loads(text)["data"]["access"]
        except (ValueError, KeyError, TypeError):
            return
        with self._lock:
            # Tokens that are given in the same second may have the same text: this one is good again.
            self._access[token] = False

    def page(self, path: str) -> Answer | Path:
        """The static file for a path, as the web server of the release finds it; assets of all releases are kept."""
        dist = self.releases[self.live].dist
        if path.startswith("/assets/"):
            kept = [release.dist / path[1:] for release in self.releases.values()]
            return next((file for file in kept if file.is_file()), Answer(404))
        file = dist / path[1:]
        if path != "/" and file.is_file():
            return file
        return Answer(404) if "." in path.rpartition("/")[2] else dist / "index.html"


def _end_to_end(response: HTTPResponse) -> dict[str, str]:
    """The headers that there is one of each."""
    kept = HOP_HEADERS | {"set-cookie"}
    return {name: value for name, value in response.getheaders() if name.lower() not in kept}


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    edge: Edge
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """An API request, or a file."""
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            return self._api(path)
        found = self.edge.page(path)
        if isinstance(found, Answer):
            return self._send(found)
        lasting = path.startswith("/assets/")
        headers = {"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"}
        headers |= {"Content-Type": TYPES.get(found.suffix, "application/octet-stream")}
        headers |= self.edge.releases[self.edge.live].headers
        return self._send(Answer(200, found.read_text(), headers))

    def do_POST(self) -> None:
        """An API request."""
        self._api(urlsplit(self.path).path)

    def _api(self, path: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.edge.answer(self.command, path, headers, body))

    def _send(self, answer: Answer) -> None:
        if answer.status == 0:
            # Cut within the answer: when it is cut before, a browser may send the request again by itself.
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{")
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        content = answer.body.encode()
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            for cookie in answer.cookies:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the browser left

    def log_message(self, *_: object) -> None:
        """Nothing: `Edge.seen` is the record."""


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15) -> None:
    """Poll `condition`. Raises TimeoutError that names `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds} s")
        time.sleep(0.05)
