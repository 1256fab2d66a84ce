"""Faults that a test puts into a database or into a backend, and takes away again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from app_client import Client, claims
from app_stack import Backend, DataServices, wait_for


def user_id_of(client: Client) -> int:
    """The user's id, as the access token says."""
    return claims(client.access)["user_id"]


@contextmanager
def held_insert(services: DataServices, user_id: int) -> Iterator[Callable[[], None]]:
    """Holds each insert of a token of the user, within its transaction and its locks; gives what lets them go on.

    Held by a row and not by a time, so that a slow machine tests the same as a fast one.
    """

    def release() -> None:
        services.sql("DELETE FROM test_hold")

    services.sql("CREATE TABLE IF NOT EXISTS test_hold AS SELECT")
    services.sql(
        "CREATE OR REPLACE FUNCTION test_hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " WHILE EXISTS (SELECT FROM test_hold) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END $$"
    )
    services.sql(
        f"CREATE TRIGGER test_hold BEFORE INSERT ON auth_refresh_token FOR EACH ROW"
        f" WHEN (NEW.user_id = {user_id}) EXECUTE FUNCTION test_hold()"
    )
    try:
        yield release
    finally:
        release()
        services.sql("DROP FUNCTION test_hold CASCADE")
        services.sql("DROP TABLE test_hold")


def wait_for_insert(services: DataServices) -> int:
    """Wait until an insert is being held; the number of its server process."""
    wait_for(lambda: _inserting(services) != [], "an insert under way")
    return _inserting(services)[0][0]


def wait_for_waiting(services: DataServices) -> None:
    """Wait until somebody waits for a lock that another holds."""
    wait_for(lambda: services.sql(_WAITING) != [], "a request that waits for a lock", seconds=5)


_WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def _inserting(services: DataServices) -> list[tuple]:
    return services.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


def with_settings(backend: Backend, lines: str, **modules: str) -> Backend:
    """Has the backend use its settings with `lines` after them, and gives it more modules of the app."""
    package = backend.source / "igny8_core"
    (package / "settings_of_test.py").write_text(
        f"from igny8_core.settings import *\n{dedent(lines)}", encoding="utf-8"
    )
    for name, text in modules.items():
        Path(package / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    backend.settings["DJANGO_SETTINGS_MODULE"] = "igny8_core.settings_of_test"
    return backend


CRASH_SETTINGS = 'MIDDLEWARE = ["igny8_core.crash.Crash", *MIDDLEWARE]'
CRASH = """
    import os
    import signal

    class Crash:
        '''Kills its process once the answer is made and before it is sent, if the request asks for that.'''

        def __init__(self, get_response):
            self.get_response = get_response

        def __call__(self, request):
            response = self.get_response(request)
            if "X-Crash" in request.headers:
                os.kill(os.getpid(), signal.SIGKILL)
            return response
"""
