"""Assets out of an image, into the folder that all releases serve, and out of it again."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Iterator

import pytest
from ansible.module_utils import frontend_assets
from ansible.module_utils.frontend_assets import AssetsError, prune, publish, relative_files, unpack


def archive(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> list[bytes]:
    """Return the chunks of a tar stream."""
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content))
    data = spool.getvalue()
    return [data[start : start + 700] for start in range(0, len(data), 700)]


def release(folder, **files: str):
    """Write the assets of a release."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text)
    return str(folder)


@pytest.fixture
def closed_umask() -> Iterator[None]:
    """Let new files be their owner's alone, as on a hardened host."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_stream_is_unpacked_without_its_first_folder(tmp_path):
    unpack(archive(("assets/a.js", b"a"), ("assets/deep/b.js", b"b")), str(tmp_path / "out"))
    assert relative_files(str(tmp_path / "out")) == ["a.js", "deep/b.js"]
    assert (tmp_path / "out/deep/b.js").read_bytes() == b"b"
    assert os.listdir(tmp_path) == ["out"]


def test_web_server_may_read_what_was_unpacked(tmp_path, closed_umask):
    unpack(archive(("assets/deep/b.js", b"b")), str(tmp_path / "out"))
    modes = {path: os.stat(tmp_path / path).st_mode & 0o777 for path in ("out", "out/deep", "out/deep/b.js")}
    assert modes == {"out": 0o755, "out/deep": 0o755, "out/deep/b.js": 0o644}


@pytest.mark.parametrize("name", ["assets/../../evil", "assets/..", "evil"])
def test_name_that_leads_outside_is_refused(tmp_path, name):
    (tmp_path / "release").mkdir()
    with pytest.raises(AssetsError, match="lies outside the folder of the assets"):
        unpack(archive(("assets/a.js", b"a"), (name, b"x")), str(tmp_path / "release/out"))
    assert relative_files(str(tmp_path)) == []


@pytest.mark.parametrize("name", ["/etc/a.js", "assets//etc/a.js", "../etc/a.js"])
def test_name_of_another_place_stays_inside(tmp_path, name):
    unpack(archive((name, b"x")), str(tmp_path / "out"))
    assert relative_files(str(tmp_path)) == ["out/etc/a.js"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_only_plain_files_are_taken(tmp_path, kind):
    unpack(archive(("assets/a.js", b""), kind=kind), str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_assets_that_are_there_are_kept(tmp_path):
    release(tmp_path / "out", a="old")
    unpack(archive(("assets/a.js", b"new")), str(tmp_path / "out"))
    assert (tmp_path / "out/a.js").read_text() == "old"


def test_stream_that_breaks_off_leaves_nothing(tmp_path):
    with pytest.raises(tarfile.TarError):
        unpack(archive(("assets/a.js", b"a" * 5000))[:2], str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_publishing_links_what_is_new(tmp_path):
    first, shared = release(tmp_path / "v1", a="a"), tmp_path / "shared"
    assert publish(first, str(shared)) == ["a.js"]
    assert publish(first, str(shared)) == []
    assert publish(release(tmp_path / "v2", a="a", b="b"), str(shared)) == ["b.js"]
    assert (shared / "a.js").samefile(tmp_path / "v1/a.js")


def test_subfolders_are_published(tmp_path):
    release(tmp_path / "v1/deep", b="b")
    assert publish(str(tmp_path / "v1"), str(tmp_path / "shared")) == ["deep/b.js"]
    assert (tmp_path / "shared/deep/b.js").read_text() == "b"


def test_pruning_takes_what_no_release_holds(tmp_path):
    shared = str(tmp_path / "shared")
    publish(release(tmp_path / "v1", a="a"), shared)
    publish(release(tmp_path / "v2", b="b"), shared)
    assert prune(shared) == []
    shutil.rmtree(tmp_path / "v1")
    assert prune(shared) == ["a.js"]
    assert relative_files(shared) == ["b.js"]
    assert (tmp_path / "v2/b.js").read_text() == "b"


def test_folder_that_is_not_there_has_no_files(tmp_path):
    assert frontend_assets.relative_files(str(tmp_path / "missing")) == []
    assert prune(str(tmp_path / "missing")) == []


def test_pruning_keeps_what_another_release_has_by_the_same_name(tmp_path):
    shared = str(tmp_path / "shared")
    publish(release(tmp_path / "v1", common="c"), shared)
    publish(release(tmp_path / "v2", common="c"), shared)
    shutil.rmtree(tmp_path / "v1")
    assert prune(shared) == []
    assert relative_files(shared) == ["common.js"]


def test_web_server_may_read_what_was_published(tmp_path, closed_umask):
    release(tmp_path / "v1/deep", b="b")
    publish(str(tmp_path / "v1"), str(tmp_path / "shared"))
    assert (tmp_path / "shared/deep").stat().st_mode & 0o777 == 0o755
