"""A real PostgreSQL with the tables of the reference app, a real Redis, and healthy rows and keys in both."""

from __future__ import annotations

import importlib.util
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "app"), str(Path(__file__).parent)]

from app_stack import Backend, DataServices


def _unit_conftest() -> ModuleType:
    """The fixtures of the unit tests, which also make modules importable as Ansible does."""
    spec = importlib.util.spec_from_file_location("unit_conftest", ROOT / "tests" / "unit" / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run_module = _unit_conftest().run_module

import healthy
import session_health_info
import session_proof_info
import session_snapshot
import token_health_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataServices]:
    """PostgreSQL with the schema of the version with families, and Redis; both removed at the end."""
    data_services = DataServices(tmp_path_factory.mktemp("services"))
    data_services.name = data_services.name.replace("igny8-app-test", "health-test")
    try:
        data_services.start()
        backend = Backend("fix", tmp_path_factory.mktemp("fix") / "backend", data_services)
        migrated = backend.manage("migrate", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr
        yield data_services
    finally:
        data_services.remove()


@pytest.fixture
def database(services: DataServices) -> Iterator[Callable[..., list[tuple]]]:
    """Healthy rows; returns what runs statements. What a test changes in the schema is undone."""

    def run(statements: str) -> list[tuple]:
        with services.connect() as connection:
            cursor = connection.execute(statements)
            return cursor.fetchall() if cursor.description else []

    run(healthy.ROWS)
    yield run
    run(healthy.REPAIR)


@pytest.fixture
def cache(services: DataServices) -> Iterator[Any]:
    """A client of a Redis that holds 40 sessions and nothing else, set up as the data services are."""
    client = services.redis()
    client.flushall()
    client.config_resetstat()
    for name, value in healthy.REDIS_CONFIG.items():
        client.config_set(name, value)
    for number in range(40):
        client.set(
            healthy.KEY_FORMAT.replace("{session_key}", f"session-{number}"), "x", ex=1_700_000 + number
        )
    yield client
    for name, value in healthy.REDIS_CONFIG.items():
        client.config_set(name, value)


@pytest.fixture
def login(services: DataServices) -> dict[str, Any]:
    """The options by which modules log in to PostgreSQL."""
    return {
        "login_host": "127.0.0.1",
        "login_port": services.postgres_port,
        "login_user": "igny8",
        "login_password": services.passwords["postgres"],
        "login_db": "igny8",
    }


@pytest.fixture
def redis_login(services: DataServices) -> dict[str, Any]:
    """The options by which modules log in to Redis."""
    return {
        "login_host": "127.0.0.1",
        "login_port": services.redis_port,
        "login_password": services.passwords["redis"],
    }


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing, as a host does that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def tokens(run_module: Run, database: Callable, login: dict[str, Any]) -> Run:
    """Run token_health_info."""
    return lambda **options: run_module(token_health_info, healthy.TOKEN_OPTIONS | login | options)


@pytest.fixture
def sessions(run_module: Run, cache: Any, redis_login: dict[str, Any]) -> Run:
    """Run session_health_info."""

    def run(check_mode: bool = False, **options: Any) -> dict[str, Any]:
        return run_module(session_health_info, healthy.SESSION_OPTIONS | redis_login | options, check_mode)

    return run


@pytest.fixture
def snapshot(run_module: Run, database: Callable, login: dict[str, Any]) -> Run:
    """Run session_snapshot."""

    def run(check_mode: bool = False, **options: Any) -> dict[str, Any]:
        return run_module(session_snapshot, healthy.SNAPSHOT_OPTIONS | login | options, check_mode)

    return run


@pytest.fixture
def prove(run_module: Run, database: Callable, login: dict[str, Any]) -> Run:
    """Run session_proof_info."""
    return lambda **options: run_module(session_proof_info, healthy.PROOF_OPTIONS | login | options)
