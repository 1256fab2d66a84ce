"""A Prometheus is asked over HTTP; credentials reach nobody else, and one that does not answer is a sentence."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import prometheus_range_info
import pytest
from manual import results_in_manual, returned

QUERIES = {"requests": "sum(requests)", "none": "absent"}
PASSWORD = "pass-9f3b71"


class Prometheus(HTTPServer):
    """What answers as one does: of `sum(...)` a series, of all else none."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        self.wanted, self.status, self.body, self.scheme = "", 200, b"", "http"
        self.began = 0.0

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Prometheus

    def do_GET(self) -> None:
        parts, seen = urlsplit(self.path), self.headers.get("Authorization", "")
        query = parse_qs(parts.query)
        self.server.asked.append((parts.path, query, seen))
        status = 401 if seen != self.server.wanted else self.server.status
        start, end, step = (int(query.get(name, ["0"])[0]) for name in ("start", "end", "step"))
        known = [at for at in range(start, end + 1, step or 1) if at >= self.server.began > 0]
        values = [[at, "5"] for at in known] if self.server.began else [[1.5, "3"], [2.5, "4"]]
        result = [{"metric": {}, "values": values}] if "sum" in query.get("query", [""])[0] else []
        body = self.server.body or json.dumps({"status": "success", "data": {"result": result}}).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing is written."""


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    with Prometheus() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(run_module, prometheus):
    """Ask it for a day."""
    return lambda **more: run_module(
        prometheus_range_info, {"url": prometheus.url, "queries": QUERIES, "seconds": 86400} | more
    )


def test_each_figure_is_asked_for_until_now(ask, prometheus):
    result = ask(least_step=15)
    assert result["points"] == {"requests": [[1.5, "3"], [2.5, "4"]], "none": []}
    assert (result["problem"], result["changed"]) == ("", False)
    assert returned(result) == results_in_manual(prometheus_range_info)
    path, query, seen = prometheus.asked[0]
    assert (path, query["query"], query["step"], seen) == (
        "/api/v1/query_range",
        ["sum(requests)"],
        ["172"],
        "",
    )
    assert abs(int(query["end"][0]) - time.time()) < 60
    assert 86400 - 172 < int(query["end"][0]) - int(query["start"][0]) <= 86400


@pytest.mark.parametrize(("age", "least"), [(2, 1), (600, 40), (3600, 200), (86400, 300)])
def test_a_young_prometheus_is_asked_for_the_time_that_it_knows(ask, prometheus, age: int, least: int):
    """Of a month in 500 steps, an hour is one, which is no chart."""
    prometheus.began = time.time() - age
    points = ask(seconds=30 * 86400, least_step=15)["points"]["requests"]
    assert least <= len(points) <= 501
    assert points[0][0] >= prometheus.began - 1
    assert points[0][0] - prometheus.began <= age / 20 + 15


def test_a_prometheus_that_knows_nothing_is_asked_once(ask, prometheus):
    prometheus.began = time.time() + 3600
    assert ask()["points"] == {"requests": [], "none": []}
    assert len(prometheus.asked) == len(QUERIES)


def test_an_address_may_have_a_path(ask, prometheus):
    ask(url=f"{prometheus.url}/prometheus/")
    assert prometheus.asked[0][0] == "/prometheus/api/v1/query_range"


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ("reader", "Basic " + base64.b64encode(f"reader:{PASSWORD}".encode()).decode()),
        ("", f"Bearer {PASSWORD}"),
    ],
)
def test_credentials_are_sent_and_shown_nowhere(ask, prometheus, user: str, header: str):
    prometheus.wanted = header
    result = ask(user=user, password=PASSWORD)
    assert (result["problem"], len(result["points"]["requests"])) == ("", 2)
    assert PASSWORD not in json.dumps(result)
    refused = ask(user=user, password="another-7c41")
    assert "lets nobody in with these credentials (HTTP 401)." in refused["problem"]
    assert refused["points"] == {"requests": [], "none": []}
    assert "another-7c41" not in json.dumps(refused)


def test_credentials_follow_no_redirection(ask, prometheus):
    prometheus.wanted, prometheus.status = f"Bearer {PASSWORD}", 302
    assert "sends elsewhere (HTTP 302)" in ask(password=PASSWORD)["problem"]
    assert len(prometheus.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b"", "answers HTTP 503."),
        (200, b"<html>Sign in</html>", "not as a Prometheus does"),
        (200, b'{"data": {}}', "not as a Prometheus does"),
        (200, b"[]", "not as a Prometheus does"),
        (200, b'{"status": "error", "error": "bad query"}', "does not take a query: bad query."),
    ],
)
def test_another_answer_is_a_sentence(ask, prometheus, status: int, body: bytes, said: str):
    prometheus.status, prometheus.body = status, body
    result = ask()
    assert said in result["problem"]
    assert "failed" not in result


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://does-not-exist.invalid", "https://127.0.0.1:1"]
)
def test_no_answer_is_a_sentence(ask, url: str):
    assert ask(url=url)["problem"].startswith(f"{url} does not answer (")


def test_a_prometheus_that_hangs_is_given_up(ask, prometheus):
    prometheus.shutdown()
    assert "does not answer (" in ask(timeout=1)["problem"]
    threading.Thread(target=prometheus.serve_forever, daemon=True).start()


def test_a_certificate_is_checked_by_the_authority_that_is_named(ask, prometheus, tmp_path: Path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    prometheus.socket, prometheus.scheme = context.wrap_socket(prometheus.socket, server_side=True), "https"
    assert ask(url=prometheus.url, ca_cert=str(certificate))["problem"] == ""
    assert "certificate" in ask(url=prometheus.url)["problem"].lower()
    assert "there is no file /nowhere/ca.pem" in ask(ca_cert="/nowhere/ca.pem")["problem"]
