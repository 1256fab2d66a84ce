"""One PostgreSQL, one Redis, and both versions of the backend beside each other, as after a switch."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from app_client import Client
from app_stack import Backend, DataServices


@dataclass
class Stack:
    """`before` was started on its own schema; then the schema of `fix` was applied, and `fix` was started.

    On services that are prepared there is no older schema, and each is started when a test asks for it.
    """

    services: DataServices
    before_made: Backend
    fix_made: Backend

    @cached_property
    def before(self) -> Backend:
        return self.before_made.start()

    @cached_property
    def fix(self) -> Backend:
        return self.fix_made.start()

    @cached_property
    def early(self) -> Client:
        """Logged in on `before` while the schema was the old one."""
        return Client(self.before.url).register().login()


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataServices]:
    """The data services, removed at the end unless they were lent."""
    if borrowed := DataServices.borrowed():
        yield borrowed
        return
    data_services = DataServices(tmp_path_factory.mktemp("services"))
    try:
        data_services.start()
        yield data_services
    finally:
        data_services.remove()


@pytest.fixture(scope="session")
def backend(
    services: DataServices, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Backend]]:
    """Makes a backend of a version, not started; ends every one that was."""
    made: list[Backend] = []

    def make(version: str, **settings: str) -> Backend:
        made.append(Backend(version, tmp_path_factory.mktemp(version) / "backend", services, settings))
        return made[-1]

    yield make
    for one in made:
        one.interrupt()
    for one in made:
        one.wait()


def _migrate(backend: Backend) -> None:
    result = backend.manage("migrate", "--verbosity", "0")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="session")
def stack(services: DataServices, backend: Callable[..., Backend]) -> Stack:
    """Both versions, running on the new schema."""
    made = Stack(services, backend("before"), backend("fix"))
    if not services.prepared:
        _migrate(made.before_made)
        assert made.early.access
        _migrate(made.fix_made)
        assert made.fix.process
    return made


@pytest.fixture
def user(stack: Stack) -> Client:
    """A new user, logged in on `fix`."""
    return Client(stack.fix.url).register().login()


@pytest.fixture
def old_user(stack: Stack) -> Client:
    """A new user, logged in on `before`."""
    return Client(stack.before.url).register().login()


@pytest.fixture(scope="session")
def django_of_fix(stack: Stack) -> Path:
    """Loads `fix` into this process, for tests of its modules."""
    os.environ.update(stack.services.environment())
    sys.path.insert(0, str(stack.fix_made.source))
    import django

    django.setup()
    return stack.fix_made.source
