"""Migrations beside traffic: what they lock, for how long, and that they can be run again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

APP = "igny8_auth"


@pytest.fixture
def empty(services, backend):
    """A version of the backend on a database of its own, with the schema of the version before."""
    services.sql("CREATE DATABASE migrating")
    try:
        made = backend("fix", POSTGRES_DB="migrating")
        migrate(made, "0001")
        yield made
    finally:
        services.sql("DROP DATABASE migrating WITH (FORCE)")


def migrate(backend, to: str) -> None:
    result = try_to_migrate(backend, to)
    assert result.returncode == 0, result.stderr


def try_to_migrate(backend, to: str):
    return backend.manage("migrate", APP, to, "--verbosity", "0")


def connect(services) -> psycopg.Connection:
    return services.connect("migrating")


@contextmanager
def long_transaction(services) -> Iterator[None]:
    """A transaction that has updated a user and does not end."""
    with connect(services) as connection:
        connection.execute(
            "INSERT INTO igny8_user (email, password, is_active, created_at) VALUES ('a','b',true,now())"
        )
        with connection.transaction():
            connection.execute("UPDATE igny8_user SET last_login = now()")
            yield


def test_new_tables_need_no_lock_of_the_users(services, empty) -> None:
    with connect(services) as connection, connection.transaction():
        connection.execute("LOCK TABLE igny8_user IN ACCESS EXCLUSIVE MODE")
        migrate(empty, "0002")
    migrate(empty, "0004")
    with connect(services) as connection, connection.transaction():
        connection.execute("LOCK TABLE igny8_user IN ACCESS EXCLUSIVE MODE")
        migrate(empty, "0005")


def test_the_foreign_key_gives_up_soon_and_can_be_tried_again(services, empty) -> None:
    """While it waits, logins wait behind it: so it waits two seconds, and leaves nothing behind."""
    migrate(empty, "0002")
    waited: list[float] = []

    def log_in_again_and_again(over: threading.Event) -> None:
        with connect(services) as connection:
            while not over.is_set():
                started = time.monotonic()
                connection.execute(
                    "INSERT INTO igny8_user (email, password, is_active, created_at)"
                    " VALUES (gen_random_uuid()::text, 'b', true, now())"
                )
                waited.append(time.monotonic() - started)
                time.sleep(0.02)

    over = threading.Event()
    logins = threading.Thread(target=log_in_again_and_again, args=[over])
    with long_transaction(services):
        logins.start()
        result = try_to_migrate(empty, "0003")
        over.set()
        logins.join()
    assert result.returncode != 0 and "lock timeout" in result.stderr
    assert 1 < max(waited) < 4, "logins wait no longer than the migration does"
    migrate(empty, "0003")
    migrate(empty, "0004")
    with connect(services) as connection:
        found = connection.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'rt_user_fk'")
        assert found.fetchall() == [(True,)]


def test_rows_are_checked_without_stopping_logins(services, empty) -> None:
    migrate(empty, "0003")
    with connect(services) as connection, connection.transaction():
        connection.execute(
            "INSERT INTO igny8_user (email, password, is_active, created_at) VALUES ('c','b',true,now())"
        )
        migrate(empty, "0004")


def test_what_is_there_is_the_same_after_a_second_run(services, empty) -> None:
    for _ in range(2):
        migrate(empty, "0005")
    with connect(services) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE tablename IN ('auth_refresh_token', 'auth_user_epoch')"
        )
        assert len(tables.fetchall()) == 2
        assert connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone() == (0,)


def test_times_are_stored_with_their_zone(services, empty) -> None:
    migrate(empty, "0005")
    with connect(services) as connection:
        kinds = connection.execute(
            "SELECT DISTINCT data_type FROM information_schema.columns WHERE data_type LIKE 'timestamp%'"
            " AND table_name IN ('auth_refresh_token', 'auth_user_epoch')"
        )
        assert kinds.fetchall() == [("timestamp with time zone",)]
