"""What an operator reads before a deploy, and the gate that another inventory opens."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from review import review_diff, review_lines, verified_on

DIGEST = "ab" * 32
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


def report(**changes) -> dict:
    """A report of a run on staging that brought the wanted source live, but for what is given."""
    record = {"state": "live", "source": {"digest": DIGEST}, "pulled": {"api": API}}
    made = {
        "verb": "deploy",
        "inventory": "staging",
        "release": "v2-bb",
        "predecessor": "v1-aa",
        "failure": {},
    }
    return made | changes | {"record": record | changes.get("record", {})}


FAILED = {"failure": {"task": "verify"}}
OTHER_SOURCE = {"record": {"source": {"digest": "cd" * 32}}}
LEFT = {"verb": "rollback", "release": "v1-aa", "predecessor": "v2-bb", **OTHER_SOURCE}


@pytest.mark.parametrize(
    ("reports", "opened"),
    [
        pytest.param([{}], True, id="live and verified"),
        pytest.param([], False, id="never deployed"),
        pytest.param([{"inventory": "sandbox"}], False, id="deployed elsewhere"),
        pytest.param([FAILED], False, id="failed"),
        pytest.param([{"record": {"state": "failed"}}], False, id="recorded as failed"),
        pytest.param([{"prober": {"kept": False}}], False, id="users met a failure"),
        pytest.param([OTHER_SOURCE], False, id="another source"),
        pytest.param([{"record": {"pulled": {"api": OTHER_API}}}], False, id="another image"),
        pytest.param([{"record": {"pulled": {"api": API, "web": WEB}}}], False, id="one more image"),
        pytest.param([{"record": {"pulled": {}}}], False, id="images that were built there"),
        pytest.param(
            [{"record": {"pulled": {"api": API.replace("registry", "mirror")}}}], True, id="a mirror"
        ),
        pytest.param([FAILED, {}], True, id="failed, then good"),
        pytest.param([{}, FAILED], False, id="good, then failed"),
        pytest.param([{}, LEFT], False, id="rolled back from"),
        pytest.param([{}, LEFT, {}], True, id="rolled back from, deployed again"),
        pytest.param([{}, LEFT, {"verb": "rollback"}], True, id="rolled back from, and back to"),
        pytest.param([{}, LEFT | FAILED], True, id="a rollback that failed"),
        pytest.param([{}, LEFT | {"inventory": "sandbox"}], True, id="rolled back from elsewhere"),
        pytest.param([{}, LEFT | {"predecessor": "v3-cc"}], True, id="another one was rolled back from"),
        pytest.param([{}, LEFT | {"verb": "deploy"}], True, id="followed by another deploy"),
    ],
)
def test_gate_opens_for_what_is_verified_and_was_not_rolled_back_from(tmp_path, reports, opened):
    for minute, changes in enumerate(reports):
        path = tmp_path / f"20260101T00{minute:02d}00Z-{changes.get('verb', 'deploy')}-x.json"
        path.write_text(json.dumps(report(**changes)))
    (tmp_path / "20260101T000000Z-deploy-torn.json").write_text("{")
    assert verified_on(str(tmp_path), "staging", DIGEST, {"api": API}) is opened


def test_gate_opens_for_images_that_are_built_in_both_places(tmp_path):
    built = report()
    del built["record"]["pulled"]
    (tmp_path / "20260101T000000Z-deploy-v2-bb.json").write_text(json.dumps(built))
    assert verified_on(str(tmp_path), "staging", DIGEST, {})
    assert not verified_on(str(tmp_path), "staging", DIGEST, {"api": API})
