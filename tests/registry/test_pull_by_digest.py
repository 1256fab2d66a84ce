"""An image that was built elsewhere comes from its registry by digest, or not at all."""

from __future__ import annotations

from image_registry import Build, Pushed, Registry, context, docker


def image_id(name: str) -> str:
    return docker("inspect", "--format", "{{.Id}}", name)


def test_image_is_pulled_once_and_is_the_one_that_was_pushed(build: Build, only_in_registry: Pushed):
    first = build(only_in_registry.reference)
    assert first.succeeded, first.words
    assert first.changed >= 2
    assert first.image_id == image_id(build.image) == only_in_registry.id
    second = build(only_in_registry.reference)
    assert (second.succeeded, second.changed, second.image_id) == (True, 0, only_in_registry.id)
    published = [path.name for path in build.directory.glob("assets/*")]
    assert published == (["index-1234.js"] if build.role == "frontend" else [])


def test_digest_that_the_registry_does_not_have_changes_nothing(
    build: Build, registry: Registry, only_in_registry: Pushed
):
    repository = only_in_registry.reference.partition("@")[0]
    refused = build(f"{repository}@sha256:{'0' * 64}")
    assert not refused.succeeded
    assert refused.changed == 0
    assert (
        f"{build.name} of release_images could not be pulled: Error pulling image {repository}:"
        in refused.words
    )
    assert "manifest unknown" in refused.words
    assert registry.images() == set()


def test_engine_that_is_not_logged_in_is_told_how(build: Build, registry: Registry, only_in_registry: Pushed):
    refused = build(only_in_registry.reference, logged_in=False)
    assert (refused.succeeded, refused.changed) == (False, 0)
    assert "no basic auth credentials" in refused.words
    assert "run `docker login` for that registry" in refused.words
    assert registry.password not in refused.words
    assert registry.images() == set()


def test_check_mode_says_what_it_would_do(build: Build, registry: Registry, only_in_registry: Pushed):
    for reference, words in [
        (only_in_registry.reference, f"would pull {only_in_registry.reference} as {build.image}"),
        ("", f"would build {build.directory}/context as {build.image}"),
    ]:
        looked = build(reference, "--check")
        assert (looked.succeeded, looked.changed, looked.image_id) == (True, 0, "")
        assert words in looked.words
    assert registry.images() == set()


def test_image_without_a_reference_is_built(build: Build, tmp_path):
    (tmp_path / "context").mkdir()
    context(tmp_path / "context")
    built = build("")
    assert built.succeeded, built.words
    assert built.image_id == image_id(build.image)


def test_other_image_of_the_same_name_gives_way(build: Build, only_in_registry: Pushed, tmp_path):
    (tmp_path / "context").mkdir()
    docker("build", "--quiet", "--tag", build.image, str(context(tmp_path / "context")))
    pulled = build(only_in_registry.reference)
    assert pulled.succeeded, pulled.words
    assert image_id(build.image) == only_in_registry.id
