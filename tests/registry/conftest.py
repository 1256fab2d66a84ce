"""One registry with one image in it, and the roles that have an image to build or pull."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from image_registry import LABEL, Builds, Pushed, Registry, context, docker


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry, removed at the end with all that was pulled from it."""
    made = Registry(tmp_path_factory.mktemp("registry"))
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def pushed(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    """An image with one asset that was built elsewhere: this engine no longer knows it."""
    tag = f"{registry.address}/{registry.name}/web:v1"
    docker(
        "build", "--quiet", "--label", LABEL, "--tag", tag, str(context(tmp_path_factory.mktemp("context")))
    )
    registry.docker("push", "--quiet", tag)
    return Pushed(
        reference=docker("inspect", "--format", "{{index .RepoDigests 0}}", tag),
        id=docker("inspect", "--format", "{{.Id}}", tag),
    )


@pytest.fixture
def only_in_registry(registry: Registry, pushed: Pushed) -> Pushed:
    """The image, after this engine has lost what it had of it."""
    registry.forget_images()
    assert pushed.id not in docker("images", "--all", "--quiet", "--no-trunc").split()
    return pushed


@pytest.fixture
def builds(registry: Registry, tmp_path: Path) -> Builds:
    """The builds of the roles, with a context to build from."""
    (tmp_path / "context").mkdir()
    context(tmp_path / "context")
    return Builds(registry, tmp_path)
