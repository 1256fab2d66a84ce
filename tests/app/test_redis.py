"""Redis that goes and comes back under traffic: nobody is logged out, and the log says it briefly."""

import threading
import time

import pytest

from app_client import Client, data


class Traffic:
    """Clients that use their sessions again and again, each in a thread of its own."""

    def __init__(self, clients: list[Client]) -> None:
        self.problems: list[str] = []
        self.answered = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._use, args=[client]) for client in clients]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _use(self, client: Client) -> None:
        while not self._over.is_set():
            refresh = client.refresh()
            if refresh.ok:
                client.refresh_token, client.access = data(refresh)["refresh"], data(refresh)["access"]
            answers = [refresh, client.get("/api/auth/me/"), client.get_with_cookie("/api/auth/me/")]
            self.problems += [f"{answer.status_code} {answer.text}" for answer in answers if not answer.ok]
            self.answered += len(answers)
            if "sessionid" not in client.http.cookies:
                self.problems.append("the cookie was deleted")
            time.sleep(0.05)


@pytest.fixture(scope="module")
def server(stack, backend):
    return backend("fix", REFRESH_LIMIT_PER_FAMILY="0").start()


@pytest.fixture
def clients(server) -> list[Client]:
    """Half of them logged in with remember-me."""
    return [Client(server.url).register().login(remember_me=bool(number % 2)) for number in range(4)]


def usable(client: Client) -> bool:
    by_cookie, by_token = client.get_with_cookie("/api/auth/me/"), client.get("/api/auth/me/")
    return by_cookie.status_code == by_token.status_code == 200


def test_redis_stopped_and_restarted_under_traffic_logs_nobody_out(stack, server, clients) -> None:
    with Traffic(clients) as traffic:
        for _ in range(2):
            time.sleep(0.5)
            stack.services.stop_redis()
            time.sleep(1)
            stack.services.start_redis()
        stack.services.redis().flushall()
        time.sleep(0.5)
    assert traffic.problems == []
    assert traffic.answered > 50
    assert all(usable(client) for client in clients)


def test_redis_that_hangs_slows_requests_and_logs_nobody_out(stack, clients) -> None:
    """Each command waits half a second at most, so a request with four of them is answered in time."""
    stack.services.pause_redis()
    try:
        started = time.monotonic()
        assert all(usable(client) for client in clients[:2])
        assert clients[0].refresh().status_code == 200
        seconds = (time.monotonic() - started) / 5  # of each request
    finally:
        stack.services.continue_redis()
    assert 0.5 < seconds < 3
    assert all(usable(client) for client in clients)


def test_a_login_while_redis_is_away_is_a_session(stack, server) -> None:
    stack.services.stop_redis()
    try:
        client = Client(server.url).register().login()
        assert usable(client)
    finally:
        stack.services.start_redis()
    assert usable(client)
    key = f":1:django.contrib.sessions.cached_db{client.http.cookies['sessionid']}"
    assert stack.services.redis().exists(key) == 1


def test_the_log_says_that_redis_is_away_in_a_line_now_and_then(stack, backend) -> None:
    server = backend("fix").start()
    client = Client(server.url).register().login()
    stack.services.stop_redis()
    try:
        for _ in range(20):
            assert usable(client)
    finally:
        stack.services.start_redis()
    log = server.log.read_text()
    assert (
        1 <= log.count("Redis is away; PostgreSQL is asked instead: ") <= 2 * 2
    )  # two workers, ten seconds each
    assert "Traceback" not in log


def test_clearing_the_other_cache_leaves_the_sessions(stack, clients, django_of_fix) -> None:
    from django.core.cache import caches

    caches["default"].clear()
    key = f":1:django.contrib.sessions.cached_db{clients[0].http.cookies['sessionid']}"
    assert stack.services.redis().exists(key) == 1
