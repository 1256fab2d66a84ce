"""All steps on a folder: which files, in which order, and what may not be edited."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible.module_utils.frontend_files import MAX_BYTES, FileProblem, Tree, write_all
from ansible.module_utils.frontend_source import Frontend
from frontend_tree import IGNY8, edited, fill, outcomes

STORE, FORM, LAYOUT = "src/store/authStore.ts", "src/pages/SignIn.tsx", "src/layout/AppLayout.tsx"
API, NEW, BACKUP = (f"src/services/{name}.ts" for name in ("api", "api-new", "api-old-backup"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The reference app's frontend before the fix, with the new API service."""
    return fill(tmp_path / "frontend", "before")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_frontend_before_the_fix_gets_every_edit(tree: Path):
    old = (tree / API).read_text()
    assert set(outcomes(tree).values()) == {"applied"}
    assert edited(tree) == {API, NEW, BACKUP, STORE, FORM, LAYOUT}
    assert (tree / BACKUP).read_text() == old
    assert (tree / API).read_text() == (IGNY8 / "overlays/frontend-fix/frontend" / NEW).read_text()
    assert not (tree / NEW).exists()


def test_a_second_run_finds_nothing_to_do(tree: Path):
    edited(tree)
    assert set(outcomes(tree).values()) <= {"already", "not_applicable"}
    assert edited(tree) == set()


def test_the_frontend_with_the_fix_is_left_alone(tmp_path: Path):
    tree = fill(tmp_path / "frontend", "fix")
    (tree / NEW).replace(tree / API)
    before = contents(tree)
    assert set(outcomes(tree).values()) <= {"already", "not_applicable"}
    assert edited(tree) == set()
    assert contents(tree) == before


def test_lines_are_those_of_the_file_as_it_was(tree: Path):
    lines = (tree / STORE).read_text().split("\n")
    told = {entry["step"]: entry for entry in plan(tree).steps() if entry["file"] == STORE}
    assert "localStorage" in lines[told["7a"]["line"] - 1]
    assert "token: state.token" in lines[told["7b"]["line"] - 1]
    assert "data.access" in lines[told["7c"]["line"] - 1]
    assert "login:" in lines[told["8"]["line"] - 1]


def plan(tree: Path, names: dict[str, str] | None = None, skipped: tuple[str, ...] = ()) -> Frontend:
    frontend = Frontend(Tree(str(tree)), names or {}, list(skipped))
    frontend.edit()
    return frontend


def test_files_are_found_by_what_is_in_them(tree: Path):
    for name, place in {
        STORE: "src/state/session.ts",
        FORM: "src/auth/Login.tsx",
        LAYOUT: "src/Frame.tsx",
    }.items():
        text = (tree / name).read_text()
        (tree / place).parent.mkdir(exist_ok=True)
        (tree / place).write_text(text)
        (tree / name).unlink()
    (tree / "src/pages/Register.tsx").write_text((tree / "src/pages/Register.tsx").read_text())
    assert set(outcomes(tree).values()) == {"applied"}


def test_the_api_service_is_found_elsewhere(tree: Path):
    (tree / "src/services").rename(tree / "src/network")
    assert {"src/network/api.ts", "src/network/api-old-backup.ts"} < edited(tree)


def test_named_files_win(tree: Path):
    (tree / "src/Other.tsx").write_text((tree / FORM).read_text())
    frontend = plan(tree, {"login_form": "src/Other.tsx"})
    assert [entry["file"] for entry in frontend.steps() if entry["step"] == "8"] == [STORE, "src/Other.tsx"]


def test_a_skipped_step_is_not_looked_at(tree: Path):
    frontend = plan(tree, skipped=("7d", "8", "6"))
    assert {write.name for write in frontend.writes()} == {STORE}


def test_without_a_new_api_service_its_steps_wait(tree: Path):
    (tree / NEW).unlink()
    found = outcomes(tree)
    assert {step for step, outcome in found.items() if outcome == "needs_a_person"} == {"6", "7a", "7b", "7d"}


def test_another_backup_is_not_overwritten(tree: Path):
    (tree / BACKUP).write_text("export const other = 1;\n")
    assert outcomes(tree)["6"] == "needs_a_person"
    assert API not in edited(tree)


def test_a_backup_that_was_made_by_hand_will_do(tree: Path):
    (tree / BACKUP).write_bytes((tree / API).read_bytes())
    assert outcomes(tree)["6"] == "applied"
    assert BACKUP not in edited(tree)


def test_step_8_is_made_in_both_files_or_in_none(tree: Path):
    form = tree / FORM
    form.write_text(form.read_text().replace("await login(email, password);", "await login(...given);"))
    assert outcomes(tree)["8"] == "needs_a_person"
    before = form.read_bytes()
    edited(tree)
    assert form.read_bytes() == before
    assert "rememberMe" not in (tree / STORE).read_text()


def test_a_step_that_is_not_understood_leaves_the_others(tree: Path):
    store = tree / STORE
    store.write_text(store.read_text().replace("token: state.token,", "sealed: seal(state.token),"))
    assert outcomes(tree) | {"7b": "applied"} == dict.fromkeys(outcomes(tree), "applied")
    edited(tree)
    assert "sealed: seal(state.token)" in store.read_text()


def test_what_reads_the_keys_elsewhere_is_named(tree: Path):
    (tree / "src/socket.ts").write_text("export const key = () =>\n  localStorage.getItem('access_token');\n")
    assert plan(tree).elsewhere() == ["src/socket.ts:2"]


def test_a_byte_order_mark_and_a_mode_stay(tree: Path):
    store = tree / STORE
    store.write_bytes(b"\xef\xbb\xbf" + store.read_bytes().replace(b"\n", b"\r\n"))
    store.chmod(0o640)
    edited(tree)
    content = store.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfimport")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert store.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"export const = ;\n", "line 1 is not TypeScript"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "null bytes"),
        ("export const a = 'ä';".encode("latin-1"), "not UTF-8"),
        (b"\xff\xfee\0x\0", "null bytes"),
        (b"// x\n" * MAX_BYTES, "bytes"),
    ],
    ids=["malformed", "binary", "Latin-1", "UTF-16", "5 MB"],
)
@pytest.mark.parametrize("name", [STORE, FORM, LAYOUT, NEW])
def test_what_cannot_be_edited_is_refused(tree: Path, name: str, content: bytes, said: str):
    (tree / name).write_bytes(content)
    before = contents(tree)
    with pytest.raises(FileProblem, match=said) as problem:
        edited(tree)
    assert name in str(problem.value)
    assert "\n" not in str(problem.value)
    assert contents(tree) == before


def test_a_link_out_of_the_folder_is_refused(tree: Path, tmp_path: Path):
    outside = tmp_path / "authStore.ts"
    (tree / STORE).replace(outside)
    (tree / STORE).symlink_to(outside)
    before = outside.read_bytes()
    with pytest.raises(FileProblem, match="outside"):
        edited(tree)
    assert outside.read_bytes() == before


def test_a_folder_that_is_a_link_out_is_refused(tree: Path, tmp_path: Path):
    (tree / "src/store").rename(tmp_path / "store")
    (tree / "src/store").symlink_to(tmp_path / "store")
    with pytest.raises(FileProblem, match="outside"):
        edited(tree)


def test_a_link_in_the_folder_stays_one(tree: Path):
    (tree / STORE).rename(tree / "src/real.ts")
    (tree / STORE).symlink_to("../real.ts")
    edited(tree)
    assert (tree / STORE).is_symlink()
    assert "token: state.token," not in (tree / "src/real.ts").read_text()


def test_a_read_only_file_is_refused(tree: Path):
    (tree / FORM).chmod(0o444)
    before = contents(tree)
    with pytest.raises(FileProblem, match="read-only"):
        edited(tree)
    assert contents(tree) == before


def test_a_pipe_is_not_waited_for(tree: Path):
    (tree / STORE).unlink()
    os.mkfifo(tree / STORE)
    with pytest.raises(FileProblem, match="not a file"):
        edited(tree)


@pytest.mark.parametrize("names", [{"auth_store": "src/none.ts"}, {"login_form": "src/none.tsx"}])
def test_a_named_file_that_is_missing_is_refused(tree: Path, names: dict[str, str]):
    with pytest.raises(FileProblem, match="does not exist"):
        plan(tree, names)


def test_a_name_out_of_the_folder_is_refused(tree: Path):
    (tree.parent / "other.ts").write_text("")
    with pytest.raises(FileProblem, match="outside"):
        plan(tree, {"auth_store": "../other.ts"})


def test_a_folder_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(FileProblem, match="not a folder"):
        Tree(str(tmp_path / "none"))


def test_no_store_and_no_form_need_a_person(tree: Path):
    (tree / STORE).unlink()
    found = outcomes(tree)
    assert {found[step] for step in ("7a", "7b", "7c", "8")} == {"needs_a_person"}


@pytest.mark.parametrize("failing", range(6))
def test_files_are_as_they_were_when_one_cannot_be_written(
    tree: Path, monkeypatch: pytest.MonkeyPatch, failing: int
):
    before = contents(tree)
    frontend = plan(tree)
    real, count = {"replace": os.replace, "unlink": os.unlink}, [0]

    def once(name: str):
        def call(path: str, *rest: str) -> None:
            if ".kept-" not in path and count[0] <= failing:
                count[0] += 1
                if count[0] == failing + 1:
                    raise OSError(28, "No space left on device")
            real[name](path, *rest)

        return call

    monkeypatch.setattr(os, "replace", once("replace"))
    monkeypatch.setattr(os, "unlink", once("unlink"))
    with pytest.raises(FileProblem, match="as they were"):
        write_all(Tree(str(tree)), frontend.writes())
    assert contents(tree) == before
