"""Stopping: the server says so first, and finishes what it has begun."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from app_client import Client, claims
from app_stack import wait_for


def test_sigterm_turns_livez_to_503_and_finishes_requests_in_flight(stack, backend) -> None:
    server = backend("fix", STOP_DELAY_SECONDS="0.8").start()
    user = Client(server.url).register()
    with ThreadPoolExecutor(1) as pool, stack.services.connect() as connection:
        with connection.transaction():
            family = claims(user.refresh_token)["fam"]
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7265811))", [family])
            waiting = pool.submit(user.refresh)
            wait_for(lambda: _waits_for_the_lock(stack), "the refresh in flight")
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: requests.get(f"{server.url}/livez", timeout=2).status_code == 503, "livez 503")
            assert Client(server.url).register().access, "requests are taken until the proxy has noticed"
            time.sleep(1)  # past the delay: the workers take no new requests now
        assert waiting.result().headers["X-Refresh-Outcome"] == "rotated"
    assert server.process.wait(timeout=10) == 0


def _waits_for_the_lock(stack) -> bool:
    return stack.services.sql(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    ) == [(1,)]
