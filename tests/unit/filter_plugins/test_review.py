"""What an operator reads before a deploy."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from review import review_diff, review_lines

COMPOSE = "services:\n  app:\n    memory: 256m\n"
REVIEW = {
    "known": True,
    "files": {"added": ["new.py"], "changed": ["app.py", "logo.png"], "removed": ["old.py"]},
    "migrations": ["app/migrations/0002_more.py"],
    "compose": COMPOSE.replace("256m", "512m"),
    "texts": {"app.py": "one\ntwo\n", "old.py": "gone\n"},
    "images": {},
}
API = f"registry.example/api@sha256:{'0a' * 32}"
OTHER_API = f"registry.example/api@sha256:{'0b' * 32}"
WEB = f"registry.example/web@sha256:{'0c' * 32}"


def archive_of(folder: Path, files: dict[str, bytes]) -> str:
    path = folder / "wanted.tar"
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(path)


def test_review_names_files_migrations_and_settings():
    assert review_lines(REVIEW, "v1-aa", "v2-bb", COMPOSE, {}) == [
        "v1-aa -> v2-bb",
        "files added: 1 (new.py)",
        "files changed: 2 (app.py, logo.png)",
        "files removed: 1 (old.py)",
        "migrations: app/migrations/0002_more.py",
        "images: built from the source",
        "settings (compose file): 2 lines differ",
        "-    memory: 512m",
        "+    memory: 256m",
    ]


def test_review_of_the_first_deploy_counts_and_does_not_list():
    nothing = REVIEW | {"known": False, "files": {"added": ["a"] * 300}, "migrations": [], "compose": ""}
    lines = review_lines(nothing, "", "v2-bb", COMPOSE, {"api": API})
    assert lines[:3] == ["nothing is live -> v2-bb", "files added: 300", "migrations: none"]
    assert lines[3] == f"image api: {API}"
    assert lines[-1] == "settings (compose file): 3 lines differ"


def test_review_says_when_the_live_source_is_not_there():
    assert "not in its folder" in review_lines(REVIEW | {"known": False}, "v1-aa", "v2-bb", COMPOSE, {})[0]


def test_long_lists_are_cut():
    review = REVIEW | {"files": {"added": [f"{n:02d}" for n in range(30)]}}
    assert review_lines(review, "v1", "v2", COMPOSE, {})[1].endswith("18, 19, ...)")


def test_diff_shows_text_and_leaves_out_what_nobody_can_read(tmp_path):
    files = {"new.py": b"fresh\n", "app.py": b"one\nthree\n", "logo.png": b"\0\1"}
    lines = review_diff(REVIEW, archive_of(tmp_path, files), COMPOSE)
    assert [line for line in lines if line.startswith("+++")] == [
        "+++ wanted/compose.yml",
        "+++ wanted/new.py",
        "+++ wanted/app.py",
        "+++ wanted/old.py",
    ]
    assert {"+fresh", "-two", "+three", "-gone"} <= set(lines)


@pytest.mark.parametrize(
    ("live", "wanted", "lines"),
    [
        ({}, {"api": API}, [f"image api: built from the source -> {API}"]),
        ({"api": API}, {}, [f"image api: {API} -> built from the source"]),
        ({"api": API}, {"api": OTHER_API}, [f"image api: {API} -> {OTHER_API}"]),
        (
            {"api": API, "web": WEB},
            {"web": WEB, "api": OTHER_API},
            [f"image api: {API} -> {OTHER_API}", f"image web: {WEB}, as before"],
        ),
    ],
)
def test_review_names_the_images_that_are_pulled(live, wanted, lines):
    found = review_lines(REVIEW | {"images": live}, "v1-aa", "v2-bb", COMPOSE, wanted)
    assert [line for line in found if line.startswith("image")] == lines
