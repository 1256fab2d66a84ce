"""The source of a version, packed by the module."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile

import pytest
import release_source
from frontend_tree import fill
from git_repository import GitRepository
from manual import results_in_manual, returned

REPLACEMENT = {"new": "api-new.ts", "target": "api.ts", "kept": "api-old.ts"}


@pytest.fixture
def pack(run_module, tmp_path):
    """Pack a version of a small source; returns the result."""
    for name in ("base", "overlays/fix"):
        (tmp_path / "source" / name).mkdir(parents=True)
    (tmp_path / "source/versions.yml").write_text("versions: {before: [], fix: [fix], lost: [lost]}")
    (tmp_path / "source/base/api.ts").write_text("old")
    (tmp_path / "source/overlays/fix/api-new.ts").write_text("new")

    def call(version: str, check_mode: bool = False, **options) -> dict:
        folders = {"source": str(tmp_path / "source"), "archive_dir": str(tmp_path / "archives/deep")}
        return run_module(release_source, folders | {"version": version} | options, check_mode)

    return call


def members(archive: str) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar}


@pytest.mark.parametrize("check_mode", [False, True])
def test_version_is_packed_under_its_digest(pack, tmp_path, check_mode):
    result = pack("fix", check_mode, replacements=[REPLACEMENT])
    assert members(result["archive"]) == {"api.ts": "new", "api-old.ts": "old"}
    assert result["archive"] == f"{tmp_path}/archives/deep/{result['digest']}.tar"
    assert (result["changed"], result["files"], result["replaced"]) == (False, 2, ["api.ts"])
    assert returned(result) == results_in_manual(release_source)


def test_commit_gives_the_same_result_as_its_files(pack, run_module, tmp_path):
    repository = GitRepository(tmp_path / "app")
    commit = repository.commit({"api.ts": "old"}, tag="v1")
    folders = {
        "source": str(repository.bare(tmp_path / "app.git")),
        "archive_dir": str(tmp_path / "archives"),
    }
    first, second = (run_module(release_source, folders | {"version": "v1"}) for _ in range(2))
    same = ("digest", "files", "manifest", "replaced")
    plain = pack("before")
    assert {key: first[key] for key in same} == {key: plain[key] for key in same}
    assert members(first["archive"]) == {"api.ts": "old"}
    assert (first["commit"], first["name"], plain["commit"], plain["name"]) == (commit, "v1", "", "before")
    assert first == second
    left = {path.name for path in (tmp_path / "archives").iterdir()}
    assert left == {"deep", "git", f"{first['digest']}.tar"}


def test_manifest_names_each_file_but_no_addition(pack, tmp_path):
    (tmp_path / "ca.crt").write_text("list")
    result = pack("fix", additions=[{"path": "ca.crt", "src": str(tmp_path / "ca.crt")}])
    assert result["manifest"] == {
        "api-new.ts": hashlib.sha256(b"new").hexdigest(),
        "api.ts": hashlib.sha256(b"old").hexdigest(),
    }


def test_address_that_may_hold_a_password_is_in_no_part_of_the_result(run_module, tmp_path):
    source = "https://deploy:hunter2@git.example.test/app.git"
    result = run_module(
        release_source, {"source": source, "version": "v1", "archive_dir": str(tmp_path / "archives")}
    )
    assert "an ssh key or git's credential helper logs in" in result["msg"]
    assert "hunter2" not in json.dumps(result)
    assert not (tmp_path / "archives").exists()


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("--upload-pack=touch x", "cannot be a tag, branch or commit"),
        ("v2", "'v2' is no tag, branch or commit of .*; the nearest of its 2 names: v1, main"),
    ],
)
def test_version_that_a_repository_does_not_have_fails(run_module, tmp_path, version, problem):
    repository = GitRepository(tmp_path / "app")
    repository.commit({"api.ts": "old"}, tag="v1")
    archives = tmp_path / "archives"
    result = run_module(
        release_source, {"source": str(repository.path), "version": version, "archive_dir": str(archives)}
    )
    assert re.search(problem, result["msg"])
    assert not list(archives.glob("commit-*")) + list(archives.glob("*.tar"))


def test_source_of_the_operator_is_not_touched(pack, tmp_path):
    pack("fix", replacements=[REPLACEMENT])
    assert (tmp_path / "source/base/api.ts").read_text() == "old"
    assert [path.name for path in (tmp_path / "source/overlays/fix").iterdir()] == ["api-new.ts"]


def test_version_without_the_replacement_stays_as_it_is(pack):
    result = pack("before", replacements=[REPLACEMENT])
    assert (members(result["archive"]), result["replaced"]) == ({"api.ts": "old"}, [])


def test_additions_are_packed_and_do_not_count(pack, tmp_path):
    (tmp_path / "ca.crt").write_text("list")
    plain = pack("before")
    added = pack("before", additions=[{"path": "api.ts", "src": str(tmp_path / "ca.crt")}])
    assert members(added["archive"]) == {"api.ts": "list"}
    assert members(plain["archive"]) == {"api.ts": "old"}
    assert (added["digest"], added["files"]) == (plain["digest"], plain["files"])
    (tmp_path / "ca.crt").write_text("other list")
    other = pack("before", additions=[{"path": "api.ts", "src": str(tmp_path / "ca.crt")}])
    assert len({archive["archive"] for archive in (plain, added, other)}) == 3


def test_versions_differ_and_an_archive_is_never_taken_on_trust(pack, tmp_path):
    first = pack("before")
    assert pack("fix")["digest"] != first["digest"]
    archive = tmp_path / "archives/deep" / f"{first['digest']}.tar"
    archive.write_text("put there by somebody else")
    assert pack("before")["archive"] == first["archive"]
    assert archive.read_bytes() != b"put there by somebody else"
    assert archive.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("version", "problem"),
    [("next", "version 'next' is not in"), ("lost", "overlays/lost does not exist")],
)
def test_version_that_cannot_be_assembled_fails(pack, tmp_path, version, problem):
    assert problem in pack(version)["msg"]
    assert not (tmp_path / "archives").exists()


def test_what_cannot_be_read_or_written_fails(pack, tmp_path):
    (tmp_path / "file").touch()
    assert "Not a directory" in pack("fix", archive_dir=str(tmp_path / "file/archives"))["msg"]
    assert "No such file" in pack("fix", additions=[{"path": "a", "src": str(tmp_path / "missing")}])["msg"]


@pytest.fixture
def pack_frontend(run_module, tmp_path):
    """Pack a source with the reference app's old frontend and the new API service; returns the result."""
    fill(tmp_path / "source/web", "before")
    (tmp_path / "source/server.py").write_text("pass")

    def call(edits: dict, **options) -> dict:
        folders = {"source": str(tmp_path / "source"), "archive_dir": str(tmp_path / "archives")}
        return run_module(release_source, folders | {"version": "v1", "edits": edits} | options)

    return call


def test_a_frontend_is_edited_in_a_copy(pack_frontend, tmp_path):
    store = tmp_path / "source/web/src/store/authStore.ts"
    before, plain = store.read_bytes(), pack_frontend({})
    result = pack_frontend({"path": "web"})
    packed = members(result["archive"])
    assert "token: state.token," not in packed["web/src/store/authStore.ts"]
    assert "token: state.token," in members(plain["archive"])["web/src/store/authStore.ts"]
    assert "web/src/services/api-new.ts" not in packed
    assert packed["server.py"] == "pass"
    assert {step["outcome"] for step in result["edits"]} == {"applied"}
    assert "-        token: state.token,\n" in result["edits_diff"]
    assert "+++ b/src/store/authStore.ts\n" in result["edits_diff"]
    assert result["changed"] is False
    assert store.read_bytes() == before
    assert result["digest"] != plain["digest"] == pack_frontend({})["digest"]
    assert (plain["edits"], plain["edits_diff"]) == ([], "")
    assert {path.suffix for path in (tmp_path / "archives").iterdir()} == {".tar"}


def test_what_is_edited_already_keeps_its_digest(pack_frontend, tmp_path):
    first = pack_frontend({"path": "web"})
    with tarfile.open(first["archive"]) as tar:
        tar.extractall(tmp_path / "source2", filter="data")
    again = pack_frontend({"path": "web"}, source=str(tmp_path / "source2"))
    assert again["digest"] == first["digest"]
    assert again["edits_diff"] == ""


def test_an_edit_for_a_person_stops_it_unless_told_otherwise(pack_frontend, tmp_path):
    store = tmp_path / "source/web/src/store/authStore.ts"
    store.write_text(store.read_text().replace("token: state.token,", "sealed: seal(state.token),"))
    assert "step 7b, src/store/authStore.ts, line" in pack_frontend({"path": "web"})["msg"]
    lenient = pack_frontend({"path": "web", "strict": False})
    assert [step["outcome"] for step in lenient["edits"] if step["step"] == "7b"] == ["needs_a_person"]


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"path": "none"}, "no folder none"),
        ({"path": "web", "files": {"shop": "a.ts"}}, "edits.files names shop"),
        ({"path": "web", "files": {"auth_store": "src/none.ts"}}, "src/none.ts, which auth_store names"),
    ],
)
def test_edits_that_cannot_be_made_are_one_sentence(pack_frontend, edits, said):
    assert said in pack_frontend(edits)["msg"]


def test_a_read_only_original_is_edited_in_the_copy(pack_frontend, tmp_path):
    (tmp_path / "source/web/src/store/authStore.ts").chmod(0o444)
    assert {step["outcome"] for step in pack_frontend({"path": "web"})["edits"]} == {"applied"}


def test_a_missing_parser_is_named_where_edits_are_asked_for(pack_frontend, monkeypatch):
    monkeypatch.setattr("ansible.module_utils.frontend_source.SgRoot", None)
    assert "ast-grep-py" in pack_frontend({"path": "web"})["msg"]
    assert "msg" not in pack_frontend({})
