"""The module: what it says, shows, writes, and refuses."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frontend_auth_source
import pytest
from frontend_tree import fill

STORE = "src/store/authStore.ts"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return fill(tmp_path / "frontend", "before")


@pytest.fixture
def run(run_module: Callable[..., dict[str, Any]], tree: Path) -> Callable[..., dict[str, Any]]:
    def call(check_mode: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        given = {"path": str(tree)} | options | {"_ansible_diff": diff}
        return run_module(frontend_auth_source, given, check_mode)

    return call


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_edits_and_then_has_nothing_to_do(run):
    result = run(strict=True)
    assert result["changed"]
    assert {entry["outcome"] for entry in result["steps"]} == {"applied"}
    again = run(strict=True)
    assert not again["changed"]
    assert again["files"] == []
    assert {entry["outcome"] for entry in again["steps"]} <= {"already", "not_applicable"}


def test_check_mode_says_the_same_and_writes_nothing(run, tree):
    before = contents(tree)
    planned = run(check_mode=True)
    assert contents(tree) == before
    assert planned == run()


def test_the_difference_is_shown(run, tree):
    before = contents(tree)
    shown = {entry["before_header"]: entry for entry in run(check_mode=True, diff=True)["diff"]}
    run()
    after = contents(tree)
    for name, entry in shown.items():
        assert entry["before"].encode() == before.get(name, b"")
        assert entry["after"].encode() == after.get(name, b"")
    entry = shown[STORE]
    lines = list(
        difflib.unified_diff(entry["before"].split("\n"), entry["after"].split("\n"), lineterm="", n=0)
    )
    assert "-        token: state.token," in lines


def test_without_diff_mode_there_is_no_difference(run):
    assert "diff" not in run(check_mode=True)


def test_strict_writes_nothing_when_a_step_needs_a_person(run, tree):
    store = tree / STORE
    store.write_text(store.read_text().replace("token: state.token,", "sealed: seal(state.token),"))
    line = store.read_text().split("sealed:")[0].count("\n") + 1
    before = contents(tree)
    result = run(strict=True)
    assert result["failed"]
    assert f"step 7b, {STORE}, line {line}: " in result["msg"]
    assert [entry["outcome"] for entry in result["steps"] if entry["step"] == "7b"] == ["needs_a_person"]
    assert contents(tree) == before
    assert run()["changed"]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (STORE, b"export const = ;\n", f"{STORE} cannot be edited: line 1 is not TypeScript"),
        (STORE, b"\0", f"{STORE} is not text"),
        ("src/pages/SignIn.tsx", b"// x\n" * 1024**2, "src/pages/SignIn.tsx has 5242880 bytes"),
    ],
)
def test_a_bad_file_is_one_sentence(run, tree, name, content, said, check_mode):
    (tree / name).write_bytes(content)
    before = contents(tree)
    result = run(check_mode)
    assert result["failed"]
    assert result["msg"].startswith(said)
    assert contents(tree) == before


def test_check_mode_names_a_read_only_file(run, tree):
    (tree / STORE).chmod(0o444)
    assert "read-only" in run(check_mode=True)["msg"]


def test_places_elsewhere_are_a_warning(run, tree, monkeypatch):
    said = []
    monkeypatch.setattr(frontend_auth_source.AnsibleModule, "warn", lambda module, text: said.append(text))
    (tree / "src/socket.ts").write_text("export const key = localStorage.getItem('access_token');\n")
    result = run()
    assert result["elsewhere"] == ["src/socket.ts:1"]
    assert "src/socket.ts:1" in "".join(said)


def test_a_missing_library_is_named(run, monkeypatch):
    monkeypatch.setattr(frontend_auth_source, "IMPORT_ERROR", "no such module")
    assert "ast-grep-py" in run()["msg"]
