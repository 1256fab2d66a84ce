"""References of images that are pulled."""

from __future__ import annotations

import pytest
from images import FilterModule, image_reference_problems

DIGEST = "@sha256:" + "0a" * 32
BUILT = ["app-api", "app-web"]


@pytest.mark.parametrize(
    "name",
    [
        "registry.example/team/api",
        "registry.example:5000/api",
        "127.0.0.1:5000/a/b/c-d__e.f",
        "api",
        "team/api",
        "Registry.Example/api",
    ],
)
def test_reference_by_digest_can_be_pulled(name):
    assert image_reference_problems({"app-api": name + DIGEST}, BUILT) == []


@pytest.mark.parametrize(
    "reference",
    [
        "registry.example/api",
        "registry.example/api:v2",
        "registry.example/api:v2" + DIGEST,
        "registry.example/api" + DIGEST[:-1],
        "registry.example/api" + DIGEST + "0",
        "registry.example/api" + DIGEST.upper(),
        "registry.example/api@sha512:" + "0a" * 64,
        "registry.example/API" + DIGEST,
        "https://registry.example/api" + DIGEST,
        "deploy:hunter2@registry.example/api" + DIGEST,
        "registry.example/../api" + DIGEST,
        "-v" + DIGEST,
        " api" + DIGEST,
        "api" + DIGEST + "\n",
        DIGEST,
        DIGEST[1:],
        "",
        None,
        7,
    ],
)
def test_other_reference_is_one_problem_that_shows_no_password(reference):
    [problem] = image_reference_problems({"app-api": reference}, BUILT)
    assert problem.startswith("release_images gives 'app-api' no reference by digest; ")
    assert "hunter2" not in problem


def test_image_that_no_release_has_is_a_problem():
    [problem] = image_reference_problems({"app-job": "registry.example/job" + DIGEST}, ["b", "a"])
    assert problem == "release_images names 'app-job', which no release has; it can name a, b."


def test_every_problem_is_told():
    problems = image_reference_problems(
        {"app-web": "web:v1", "app-job": "job:v1", "app-api": "api:v1"}, BUILT
    )
    assert [problem.split("'")[1] for problem in problems] == ["app-job", "app-api", "app-web"]


@pytest.mark.parametrize(("images", "count"), [({}, 0), ("api:v1", 1), (None, 1), (["api:v1"], 1)])
def test_nothing_is_fine_and_no_map_is_a_problem(images, count):
    assert len(image_reference_problems(images, BUILT)) == count


def test_filter_is_found_by_its_name():
    assert FilterModule().filters() == {"image_reference_problems": image_reference_problems}
