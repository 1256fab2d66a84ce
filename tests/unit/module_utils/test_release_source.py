"""The files of a version, and the digest and archive that they give."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from ansible.module_utils.release_source import (
    Replacement,
    SourceError,
    collect,
    digest,
    layers,
    manifest,
    name_of,
    pack,
    replace,
)

REPLACEMENT = Replacement(new="api-new.ts", target="api.ts", kept="api-old.ts")


def tree(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def contents(files: dict[str, str]) -> dict[str, str]:
    """Return {name: text} of what was collected."""
    found = {}
    for name, path in files.items():
        with open(path, encoding="utf-8") as handle:
            found[name] = handle.read()
    return found


def digest_of(files: dict[str, str]) -> str:
    """Return the digest of what was collected."""
    return digest(files, manifest(files))


@pytest.fixture
def source(tmp_path):
    """A source that composes versions from a base and two overlays."""
    tree(tmp_path, {"versions.yml": "versions: {before: [before], fix: [fix, extra], bare: []}"})
    tree(tmp_path / "base", {"a": "base", "b/c": "base", "kept": "base"})
    tree(tmp_path / "overlays/fix", {"a": "fix", "b/c": "fix", "b/new": "fix"})
    tree(tmp_path / "overlays/extra", {"a": "extra"})
    return tmp_path


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("bare", ["base"]),
        ("before", ["base", "overlays/before"]),
        ("fix", ["base", "overlays/fix", "overlays/extra"]),
    ],
)
def test_layers(source, version, found):
    assert layers(str(source), version) == [str(source / name) for name in found]


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("v1.2", "v1.2"),
        ("feature/Login", "feature-login"),
        ("1.0+b", "1.0-b"),
        ("x" * 60, "x" * 50),
        ("_a..b.", "a-b"),
    ],
)
def test_name_fits_into_the_id_of_a_release(version, name):
    assert name_of(version) == name


def test_source_without_versions_is_one_layer(tmp_path):
    assert layers(str(tmp_path), "anything") == [str(tmp_path)]


@pytest.mark.parametrize(("text", "listed"), [("versions: {b: [], a: []}", "a, b"), ("versions: {}", "none")])
def test_version_that_is_not_listed_is_refused(tmp_path, text, listed):
    tree(tmp_path, {"versions.yml": text})
    with pytest.raises(SourceError, match=f"version 'x' is not in .*versions.yml; it lists: {listed}."):
        layers(str(tmp_path), "x")


def test_source_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(SourceError, match="/missing is not a folder; set release_source"):
        layers(str(tmp_path / "missing"), "fix")


def test_overlay_that_does_not_exist_is_refused(source):
    with pytest.raises(SourceError, match="overlays/before does not exist"):
        collect(layers(str(source), "before"))


def test_later_layers_lie_over_the_earlier(source):
    assert contents(collect(layers(str(source), "fix"))) == {
        "a": "extra",
        "b/c": "fix",
        "b/new": "fix",
        "kept": "base",
    }


def test_what_builds_and_editors_leave_behind_is_no_part(tmp_path):
    skipped = ("dist", ".git", "node_modules", "__pycache__", ".venv", ".pytest_cache")
    tree(tmp_path, {"app": "", "src/main": "", "distant/app": "", "src/.DS_Store": "", ".gitignore": ""})
    tree(tmp_path, {f"src/{name}/deep/file": "" for name in skipped})
    assert sorted(collect([str(tmp_path)])) == [".gitignore", "app", "distant/app", "src/main"]


@pytest.mark.parametrize("target", ["app", "/etc/hostname", "nowhere"])
def test_symbolic_link_is_refused(tmp_path, target):
    tree(tmp_path, {"app": ""})
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(SourceError, match="/link is a symbolic link"):
        collect([str(tmp_path)])


@pytest.mark.parametrize(
    ("files", "result", "done"),
    [
        ({"api.ts": "old"}, {"api.ts": "old"}, []),
        ({"api-new.ts": "new"}, {"api.ts": "new"}, ["api.ts"]),
        ({"api.ts": "old", "api-new.ts": "new"}, {"api.ts": "new", "api-old.ts": "old"}, ["api.ts"]),
        ({}, {}, []),
    ],
)
def test_replacement_keeps_the_old_file(files, result, done):
    before = dict(files)
    assert replace(files, [REPLACEMENT]) == (result, done)
    assert files == before


def test_digest_does_not_depend_on_place_and_time(source, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(source / "base", elsewhere)
    os.utime(elsewhere / "a", (1, 1))
    (elsewhere / "a").chmod(0o600)  # who may read it is not part of a release
    files = collect([str(elsewhere)])
    assert (
        digest_of(files)
        == digest_of(dict(reversed(files.items())))
        == digest_of(collect([str(source / "base")]))
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a").write_text("other"),
        lambda folder: (folder / "a").chmod(0o755),
        lambda folder: (folder / "a").rename(folder / "aa"),
        lambda folder: (folder / "a").unlink(),
        lambda folder: (folder / "empty").touch(),
    ],
    ids=["content", "mode", "name", "less", "more"],
)
def test_digest_depends_on_content_mode_and_name(tmp_path, change):
    tree(tmp_path, {"a": "1", "b": "2"})
    before = digest_of(collect([str(tmp_path)]))
    change(tmp_path)
    assert digest_of(collect([str(tmp_path)])) != before


def test_digest_tells_two_files_with_swapped_contents_apart(tmp_path):
    first, second = tree(tmp_path / "1", {"a": "x", "b": "y"}), tree(tmp_path / "2", {"a": "y", "b": "x"})
    assert digest_of(collect([str(first)])) != digest_of(collect([str(second)]))


def test_manifest_names_the_content_of_each_file(tmp_path):
    tree(tmp_path, {"a": "text", "b/c": ""})
    assert manifest(collect([str(tmp_path)])) == {
        "a": hashlib.sha256(b"text").hexdigest(),
        "b/c": hashlib.sha256(b"").hexdigest(),
    }


def test_equal_sources_give_equal_archives(tmp_path):
    archives = []
    for number, order in enumerate([("a", "b/c"), ("b/c", "a")]):
        folder = tree(tmp_path / str(number), dict.fromkeys(order, "same"))
        os.utime(folder / "a", (number, number))
        archives.append(tmp_path / f"{number}.tar")
        pack(collect([str(folder)]), str(archives[-1]))
    assert archives[0].read_bytes() == archives[1].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["0.tar", "1.tar"]


def test_archive_holds_names_modes_and_contents(tmp_path):
    folder = tree(tmp_path / "source", {"run": "#!", "b/c": "text"})
    (folder / "run").chmod(0o700)
    pack(collect([str(folder)]), str(tmp_path / "a.tar"))
    with tarfile.open(tmp_path / "a.tar") as tar:
        found = [(m.name, m.mode, m.mtime, m.uid, m.uname, tar.extractfile(m).read()) for m in tar]
    assert found == [("b/c", 0o644, 0, 0, "", b"text"), ("run", 0o755, 0, 0, "", b"#!")]


@pytest.mark.parametrize(
    "text", ["", "versions:", "[a]", "versions: {a: }", "versions: {a: b}", "versions: {a: ["]
)
def test_listing_of_another_shape_is_refused(tmp_path, text):
    tree(tmp_path, {"versions.yml": text})
    with pytest.raises(SourceError, match="versions.yml (needs `versions:`|is not YAML)"):
        layers(str(tmp_path), "a")


def test_folder_that_is_a_link_is_refused(tmp_path):
    tree(tmp_path, {"real/x": "1"})
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    with pytest.raises(SourceError, match="linked is a symbolic link"):
        collect([str(tmp_path)])
