"""Which backups stay: the role's own tasks, over files of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from local_play import play

NOON = 1769860800  # 2026-01-31T12:00:00Z


def write(folder: Path, name: str, age: int, text: str = "") -> None:
    """Write a backup that is so many hours old."""
    for ending in (".dump", ".json"):
        path = folder / f"{name}{ending}"
        path.write_text(text)
        os.utime(path, (NOON - 3600 * age, NOON - 3600 * age))


def run(folder: Path, tasks_from: str, **variables: object) -> set[str]:
    """Run tasks of the role; the files that are there then."""
    # The entry point's other options speak of a server, which these tasks do not ask.
    role = {"name": "postgres", "tasks_from": tasks_from, "rolespec_validate": False}
    task = {"name": "Run", "ansible.builtin.include_role": role}
    folders = {"postgres_backup_dir": str(folder), "postgres_release_root": str(folder)}
    (folder / "printed").write_text(play(folder, [task], **folders, **variables))
    return {path.name for path in folder.iterdir()} - {"play.yml", "printed", "releases"}


# The command line gives a number as text.
@pytest.mark.parametrize("keep", [2, "2"])
def test_backups_by_hand_do_not_push_out_those_of_deploys_nor_of_restores(tmp_path: Path, keep: int | str):
    write(tmp_path, "v1-0123456789ab", 30)
    write(tmp_path, "v2-0123456789ab", 20)
    write(tmp_path, "v3-0123456789ab", 10)
    write(tmp_path, "20260131t070000z-replaced", 5)
    write(tmp_path, "20260131t080000z", 4)
    write(tmp_path, "20260131t090000z", 3)
    write(tmp_path, "20260131t100000z", 2)
    names = {name.rpartition(".")[0] for name in run(tmp_path, "prune", postgres_backup_keep=keep)}
    assert names == {
        "v2-0123456789ab", "v3-0123456789ab", "20260131t070000z-replaced", "20260131t090000z", "20260131t100000z",
    }  # fmt: skip
    assert (
        "Backups that are not kept any more: 20260131t080000z, v1-0123456789ab"
        in (tmp_path / "printed").read_text()
    )


def test_what_a_record_of_a_kept_release_names_stays(tmp_path: Path):
    record = tmp_path / "releases" / "v1-0123456789ab" / "record.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"id": "v1-0123456789ab", "backup": {"file": "/elsewhere/20260131t080000z.dump"}}')
    for age, name in enumerate(
        ["20260131t090000z", "20260131t080000z", "v2-0123456789ab", "v1-0123456789ab"]
    ):
        write(tmp_path, name, age)
    assert len(run(tmp_path, "prune", postgres_backup_keep=1)) == 8


def test_an_earlier_backup_of_the_same_name_is_kept_under_its_time(tmp_path: Path):
    write(tmp_path, "v1-0123456789ab", 1, "first")
    found = run(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab")
    earlier = "v1-0123456789ab-20260131t110000z"
    assert found >= {f"{earlier}.dump", f"{earlier}.json"}
    # As the backup that follows does: it puts another file in its place.
    (tmp_path / "new").write_text("second")
    (tmp_path / "new").rename(tmp_path / "v1-0123456789ab.dump")
    assert (tmp_path / f"{earlier}.dump").read_text() == "first"


def test_the_first_backup_of_a_name_has_nothing_to_keep(tmp_path: Path):
    assert run(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab") == set()


def test_what_a_run_has_left_that_died_before_its_dump_had_a_name_keeps_no_other_from_it(tmp_path: Path):
    (tmp_path / "v1-0123456789ab.json").write_text("of a dump that is not there")
    found = run(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab")
    assert found == {"v1-0123456789ab.json"}


def test_a_run_that_follows_one_which_died_beside_the_earlier_backup_leaves_that_as_it_is(tmp_path: Path):
    write(tmp_path, "v1-0123456789ab", 1, "first")
    run(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab")
    (tmp_path / "new").write_text("second")
    (tmp_path / "new").rename(tmp_path / "v1-0123456789ab.json")
    found = run(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab")
    assert len(found) == 4
    assert (tmp_path / "v1-0123456789ab-20260131t110000z.json").read_text() == "first"
