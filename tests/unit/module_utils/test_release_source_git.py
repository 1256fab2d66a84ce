"""What git is asked, and the files that a commit of a real repository gives."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path

import pytest
from ansible.module_utils import release_source_git
from ansible.module_utils.release_source import SourceError, collect, digest, manifest
from ansible.module_utils.release_source_git import (
    AddressError,
    Repository,
    checked_address,
    checked_version,
    is_repository,
)
from git_repository import GitRepository

ADDRESSES = [
    "https://git.example.test/team/app.git",
    "https://git.example.test:8443/team/app",
    "ssh://git@git.example.test/team/app.git",
    "ssh://git.example.test:2222/app.git",
    "git@git.example.test:team/app.git",
    "git.example.test:app.git",
    "ssh://git@[2001:db8::1]:22/app",
    "file:///srv/git/app.git",
]


@pytest.fixture
def work_tree(tmp_path) -> GitRepository:
    """A repository with two tags and a branch."""
    made = GitRepository(tmp_path / "work")
    made.commit({"app": "one", "src/main": "1"}, tag="v1")
    made.commit({"app": "two"}, tag="v2")
    made.git("branch", "feature/Login")
    return made


@pytest.fixture
def read(tmp_path):
    """Read a version of a repository; returns {path: content}."""

    def call(source: Path, version: str) -> dict[str, str]:
        folder = tmp_path / "read" / re.sub(r"\W", "_", version)
        folder.mkdir(parents=True)
        with Repository(str(source), str(tmp_path / "cache")).fetched() as repository:
            repository.extract(repository.commit(version), str(folder))
        return {name: Path(path).read_text() for name, path in collect([str(folder)]).items()}

    return call


@pytest.mark.parametrize("address", ADDRESSES)
def test_address_is_read_by_git_as_it_is(address):
    assert is_repository(address)
    assert checked_address(address) == address


@pytest.mark.parametrize(
    "prefixed", ["git+ssh://git@git.example.test/app", "git+https://git.example.test/app"]
)
def test_prefix_of_other_tools_is_taken_off(prefixed):
    assert is_repository(prefixed)
    assert checked_address(prefixed) == prefixed.removeprefix("git+")


@pytest.mark.parametrize(
    "address",
    [
        "https://deploy:hunter2@git.example.test/app.git",
        "https://hunter2@git.example.test/app.git",
        "https://deploy:hun/ter2@git.example.test/app.git",
        "https://deploy:hun#ter2@git.example.test/app.git",
        "https://git.example.test/app.git?private_token=hunter2",
        "https://git.example.test/app.git#hunter2",
        "ssh://git:hunter2@git.example.test/app.git",
        "ssh://git%3Ahunter2@git.example.test/app.git",
        "git:hunter2@git.example.test:app.git",
        "git+ssh://git:hunter2@git.example.test/app.git",
        "ssh://-oProxyCommand=hunter2/app.git",
        "-oProxyCommand=hunter2:app.git",
        "https://git.example.test/a hunter2",
        "https://git.example.test/a\nhunter2",
        "https://[hunter2/app",
        "ext::sh -c hunter2",
        "file://host/hunter2",
    ],
)
def test_address_with_more_than_a_place_is_refused_and_not_shown(address):
    assert is_repository(address)
    with pytest.raises(AddressError, match="neither a folder nor an address like") as refused:
        checked_address(address)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["http", "git", "ftp", "ext", "git+http", "HTTPS"])
def test_scheme_that_does_not_protect_the_release_is_refused(scheme):
    assert is_repository(f"{scheme}://git.example.test/app")
    with pytest.raises(AddressError, match="use https://, ssh:// or a path"):
        checked_address(f"{scheme}://git.example.test/app")


def test_folder_is_a_repository_unless_it_lists_versions(work_tree, tmp_path):
    bare, plain = work_tree.bare(tmp_path / "app.git"), tmp_path / "with:colon"
    plain.mkdir()
    assert [is_repository(str(path)) for path in (bare, work_tree.path, plain)] == [True, True, False]
    assert checked_address(str(bare)) == str(bare)
    (work_tree.path / "versions.yml").write_text("versions: {}")
    assert not is_repository(str(work_tree.path))
    assert not is_repository(str(tmp_path / "missing"))


@pytest.mark.parametrize("version", ["v1", "1.2.3+build-4", "feature/a_b", "main", "0123abc", "v" * 200])
def test_version_that_can_be_a_name_reaches_git(version):
    assert checked_version(version) == version


@pytest.mark.parametrize(
    "version",
    [
        "--upload-pack=touch /tmp/x",
        "-v1",
        "../..",
        "a/../b",
        "a..b",
        "a b",
        "a\nb",
        "",
        "/etc",
        "refs//a",
        "a/",
        "a/.b",
        "a.",
        "a.lock",
        "a.lock/b",
        "HEAD~1",
        "HEAD@{1}",
        "v1^{tree}",
        ":/fix",
        "v1:app",
        "$(id)",
        "é",
        "v" * 201,
    ],
)
def test_version_that_cannot_be_a_name_never_reaches_git(version):
    with pytest.raises(SourceError, match="cannot be a tag, branch or commit"):
        checked_version(version)


def test_tag_branch_and_commit_give_their_files(work_tree, tmp_path, read):
    bare = work_tree.bare(tmp_path / "app.git")
    first = work_tree.git("rev-parse", "v1^{commit}")
    new, old = {"app": "two", "src/main": "1"}, {"app": "one", "src/main": "1"}
    wanted = {"v1": old, "v2": new, "feature/Login": new, first: old, first[:9]: old}
    assert {version: read(bare, version) for version in wanted} == wanted


def test_commit_of_an_annotated_tag_is_that_of_its_branch(work_tree, tmp_path):
    with Repository(str(work_tree.path), str(tmp_path / "cache")).fetched() as repository:
        assert repository.commit("v2") == repository.commit("main") == work_tree.git("rev-parse", "HEAD")


def test_tag_comes_before_a_branch_of_the_same_name(work_tree, read):
    work_tree.git("branch", "v1", "main")
    assert read(work_tree.path, "v1")["app"] == "one"


def test_what_is_not_committed_is_no_part(work_tree, read):
    (work_tree.path / "app").write_text("edited")
    assert read(work_tree.path, "main")["app"] == "two"


def test_next_run_sees_what_moved_and_what_is_gone(work_tree, tmp_path, read):
    read(work_tree.path, "main")
    work_tree.commit({"app": "three"})
    work_tree.git("tag", "--force", "v1")
    work_tree.git("branch", "--delete", "feature/Login")
    work_tree.git("branch", "feature")  # takes the place of the folder of the deleted one
    with Repository(str(work_tree.path), str(tmp_path / "cache")).fetched() as repository:
        assert repository.commit("v1") == repository.commit("feature") == repository.commit("main")
        with pytest.raises(SourceError, match="'feature/Login' is no tag"):
            repository.commit("feature/Login")


def test_commit_and_folder_of_the_same_files_have_one_digest(work_tree, tmp_path):
    """Attributes, filters and the modes of this machine have no say."""
    attributes = "app text eol=crlf\nident ident\nsubst export-subst\nhidden export-ignore\n"
    files = {".gitattributes": attributes, "ident": "$Id$", "subst": "$Format:%H$", "hidden": "x"}
    (work_tree.path / "run").write_text("#!/bin/sh\n")
    (work_tree.path / "run").chmod(0o755)
    commit = work_tree.commit(files)
    written = tmp_path / "written"
    with Repository(str(work_tree.path), str(tmp_path / "cache")).fetched() as repository:
        repository.extract(commit, str(written))
    found = [collect([str(folder)]) for folder in (written, work_tree.path)]
    assert "hidden" in found[0]
    assert digest(found[0], manifest(found[0])) == digest(found[1], manifest(found[1]))


def test_version_that_does_not_exist_is_told_the_nearest(work_tree, tmp_path):
    for number in range(30, 40):
        work_tree.git("tag", f"release-{number}")
    with Repository(str(work_tree.path), str(tmp_path / "cache")).fetched() as repository:
        with pytest.raises(SourceError) as refused:
            repository.commit("v3")
        assert re.search(
            r"'v3' is no tag, branch or commit of .*/work; the nearest of its 14 names: v", str(refused.value)
        )
        assert {"v1", "v2"} <= set(re.findall(r"[\w/-]+", str(refused.value).partition("names:")[2]))
        for version in ("0123456789", "0" * 40, work_tree.git("rev-parse", "v2^{tree}")):
            with pytest.raises(SourceError, match="is no tag, branch or commit"):
                repository.commit(version)


def test_repository_without_a_commit_says_so(tmp_path):
    GitRepository(tmp_path / "empty")
    with Repository(str(tmp_path / "empty"), str(tmp_path / "cache")).fetched() as repository:
        with pytest.raises(SourceError, match="it has none at all"):
            repository.commit("main")


def test_symbolic_link_is_refused(work_tree, read):
    (work_tree.path / "odd").symlink_to("/etc/passwd")
    work_tree.commit({})
    with pytest.raises(SourceError, match="^odd of commit .* is not a plain file"):
        read(work_tree.path, "main")


def test_submodule_is_refused(work_tree, read):
    work_tree.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},odd")
    work_tree.git("commit", "--quiet", "--message", "submodule")
    with pytest.raises(SourceError, match="^odd of commit .* is not a plain file"):
        read(work_tree.path, "main")


def test_tree_that_leads_out_of_the_folder_is_refused(work_tree, tmp_path, read):
    blob = work_tree.git("hash-object", "-w", "--stdin", text="pwned")
    inner = bytes.fromhex(blob)
    tree = b"100644 ..\0" + inner
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        cwd=work_tree.path, input=tree, capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    commit = work_tree.git("commit-tree", made, "-m", "hostile")
    work_tree.git("tag", "hostile", commit)
    with pytest.raises(SourceError, match=r"^\.\. of commit"):
        read(work_tree.path, "hostile")


def test_pointer_to_a_large_file_is_refused(work_tree, read):
    work_tree.commit({"logo": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"})
    with pytest.raises(SourceError, match="^logo is only a pointer to a file in Git LFS"):
        read(work_tree.path, "main")


def test_files_that_are_skipped_in_a_folder_are_skipped_here(work_tree, read):
    work_tree.commit({"src/node_modules/x": "", "dist/y": ""})
    (work_tree.path / "node_modules").symlink_to("/tmp")
    work_tree.commit({})
    assert set(read(work_tree.path, "main")) == {"app", "src/main"}


def test_repository_that_cannot_be_read_is_told_without_credentials(tmp_path, monkeypatch):
    settings = tmp_path / "gitconfig"
    settings.write_text(
        '[url "https://deploy:hunter2@127.0.0.1:1/"]\n\tinsteadOf = https://git.example.test/\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    repository = Repository("https://git.example.test/app.git", str(tmp_path / "cache"))
    words = r"git could not read https://git.example.test/app.git: .* 'https://127.0.0.1:1/app.git"
    with pytest.raises(SourceError, match=words) as refused:
        with repository.fetched():
            pass
    assert "hunter2" not in str(refused.value)
    assert f"the copy {repository.copy} may be removed" in str(refused.value)


def test_redirection_to_another_transport_is_refused(tmp_path, monkeypatch):
    settings, proof = tmp_path / "gitconfig", tmp_path / "proof"
    settings.write_text(
        f'[url "ext::touch {proof} "]\n\tinsteadOf = https://git.example.test/\n[protocol]\n\tallow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    with pytest.raises(SourceError, match="transport 'ext' not allowed"):
        with Repository("https://git.example.test/app", str(tmp_path / "cache")).fetched():
            pass
    assert not proof.exists()


def test_variables_of_a_calling_git_lead_nowhere(work_tree, tmp_path, monkeypatch, read):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert read(work_tree.path, "v1")["app"] == "one"
    assert not (tmp_path / "other").exists()


def test_second_run_waits_until_the_first_has_read(work_tree, tmp_path):
    found, repository = [], Repository(str(work_tree.path), str(tmp_path / "cache"))

    def run() -> None:
        with repository.fetched():
            found.append(repository.commit("v1"))

    second = threading.Thread(target=run)
    with repository.fetched():
        second.start()
        second.join(0.5)
        assert (second.is_alive(), found) == (True, [])
    second.join(20)
    assert found == [work_tree.git("rev-parse", "v1^{commit}")]


def test_machine_without_git_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="git is not installed on the control node"):
        with Repository("https://git.example.test/app", str(tmp_path / "cache")).fetched():
            pass


def test_git_that_hangs_is_ended(tmp_path, monkeypatch):
    (tmp_path / "git").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(release_source_git, "FETCH_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(
        SourceError, match="git did not answer for https://git.example.test/app within 0.2 seconds"
    ):
        with Repository("https://git.example.test/app", str(tmp_path / "cache")).fetched():
            pass
