"""The live release beside the one that is wanted, read from its folder."""

from __future__ import annotations

import hashlib
import json

import pytest
import release_review_info
from manual import results_in_manual, returned


def sums(**files: str) -> dict[str, str]:
    return {
        name.replace("__", "/"): hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()
    }


@pytest.fixture
def review(run_module, tmp_path):
    """Compare a live release v1.0 with a manifest; returns the result."""
    source = tmp_path / "releases/v1.0/source/app/migrations"
    source.mkdir(parents=True)
    for name, content in {
        "same": b"s",
        "changed": b"old\n",
        "gone": b"gone\n",
        "ca": b"x",
        "logo": b"\xff",
    }.items():
        (source.parents[1] / name).write_bytes(content)
    (tmp_path / "releases/v1.0/compose.yml").write_text("name: v1-0\nimage: app:v1.0\n")

    def call(**options) -> dict:
        manifest = sums(
            same="s", changed="new\n", logo="l", app__migrations__0002_x="", app__migrations__notes=""
        )
        manifest |= {"app/migrations/0003_y.py": "0", "ca": "other"}
        asked = {
            "root": str(tmp_path),
            "live": "v1.0",
            "wanted": "v2.0",
            "manifest": manifest,
            "ignored": ["ca"],
        }
        return run_module(release_review_info, asked | options)

    return call


def test_files_migrations_and_texts(review):
    result = review()
    assert result["known"] is True
    assert result["changed"] is False
    assert result["files"]["changed"] == ["changed", "logo"]
    assert result["files"]["removed"] == ["gone"]
    assert result["migrations"] == ["app/migrations/0003_y.py"]
    assert result["texts"] == {"changed": "old\n", "gone": "gone\n"}
    assert returned(result) == results_in_manual(release_review_info)


def test_id_is_no_difference_of_the_compose_file(review):
    assert review()["compose"] == "name: v2-0\nimage: app:v2.0\n"


def test_images_that_the_live_release_was_pulled_by(review, tmp_path):
    assert review()["images"] == {}
    pulled = {"api": f"registry.example/api@sha256:{'0a' * 32}"}
    (tmp_path / "releases/v1.0/record.json").write_text(json.dumps({"id": "v1.0", "pulled": pulled}))
    assert review()["images"] == pulled


def test_nothing_live(review):
    result = review(live="")
    assert (result["known"], result["files"]["removed"], result["compose"]) == (False, [], "")
    assert len(result["files"]["added"]) == 6


def test_live_release_without_its_source(review):
    result = review(live="v0")
    assert (result["known"], result["compose"]) == (False, "")


def test_large_files_are_not_returned(review, tmp_path):
    (tmp_path / "releases/v1.0/source/changed").write_bytes(b"a" * 200_001)
    assert "changed" not in review()["texts"]


def test_hostile_id_is_refused(review):
    result = review(live="../v1")
    assert result["failed"]
    assert "not well-formed" in result["msg"]
