"""An image that was built elsewhere comes from its registry by digest, or not at all."""

from __future__ import annotations

import pytest
from image_registry import ROLES, Builds, Pushed, Registry, docker


def test_image_is_pulled_once_and_is_the_one_that_was_pushed(builds: Builds, only_in_registry: Pushed):
    for role in ROLES:  # another image that has the name already gives way
        docker("build", "--quiet", "--tag", builds.image(role), str(builds.directory / "context"))
    first = builds.run(only_in_registry.reference)
    assert first.succeeded, first.words
    assert first.image_ids == builds.image_ids() == [only_in_registry.id] * 2
    assert [path.name for path in builds.directory.glob("assets/*")] == ["index-1234.js"]
    second = builds.run(only_in_registry.reference)
    assert (second.succeeded, second.changed, second.image_ids) == (True, 0, first.image_ids)


@pytest.mark.parametrize("role", ROLES)
def test_digest_that_the_registry_does_not_have_changes_nothing(
    builds: Builds, registry: Registry, only_in_registry: Pushed, role: str
):
    repository = only_in_registry.reference.partition("@")[0]
    refused = builds.run(f"{repository}@sha256:{'0' * 64}", roles=(role,))
    assert (refused.succeeded, refused.changed) == (False, 0)
    problem = f"{builds.name(role)} of release_images could not be pulled: Error pulling image {repository}:"
    assert problem in refused.words
    assert "manifest unknown" in refused.words
    assert registry.images() == set()


def test_engine_that_is_not_logged_in_is_told_how(
    builds: Builds, registry: Registry, only_in_registry: Pushed
):
    refused = builds.run(only_in_registry.reference, roles=("backend",), logged_in=False)
    assert (refused.succeeded, refused.changed) == (False, 0)
    assert "no basic auth credentials" in refused.words
    assert "run `docker login` for that registry" in refused.words
    assert registry.password not in refused.words
    assert registry.images() == set()


def test_check_mode_says_that_it_would_pull(builds: Builds, registry: Registry, only_in_registry: Pushed):
    looked = builds.run(only_in_registry.reference, "--check")
    assert (looked.succeeded, looked.changed, looked.image_ids) == (True, 0, ["", ""])
    for role in ROLES:
        assert f"would pull {only_in_registry.reference} as {builds.image(role)}" in looked.words
    assert registry.images() == set()


def test_check_mode_says_that_it_would_build(builds: Builds, registry: Registry):
    registry.forget_images()
    looked = builds.run("", "--check")
    assert (looked.succeeded, looked.changed, looked.image_ids) == (True, 0, ["", ""])
    for role in ROLES:
        assert f"would build {builds.directory}/context as {builds.image(role)}" in looked.words
    assert registry.images() == set()
