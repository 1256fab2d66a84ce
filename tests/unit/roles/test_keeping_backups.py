"""Which backups stay: the role's own tasks, over files of a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml
from project_files import ROOT

NOON = 1769860800  # 2026-01-31T12:00:00Z


def write(folder: Path, name: str, age: int, text: str = "") -> None:
    """Write a backup that is so many hours old."""
    for ending in (".dump", ".json"):
        path = folder / f"{name}{ending}"
        path.write_text(text)
        os.utime(path, (NOON - 3600 * age, NOON - 3600 * age))


def play(folder: Path, tasks_from: str, **variables: object) -> set[str]:
    """Run tasks of the role; the files that are there then."""
    role = {"name": "postgres", "tasks_from": tasks_from}
    # The entry point's other options speak of a server, which these tasks do not ask.
    task = {"name": "Run", "ansible.builtin.include_role": role | {"rolespec_validate": False}}
    given = {"ansible_python_interpreter": sys.executable, "postgres_backup_dir": str(folder)} | variables
    plays = [
        {
            "name": "Keep", "hosts": "localhost", "gather_facts": False, "connection": "local", "vars": given,
            "tasks": [task],
        }
    ]  # fmt: skip
    (folder / "play.yml").write_text(yaml.safe_dump(plays))
    done = subprocess.run(
        ["ansible-playbook", "--inventory=localhost,", str(folder / "play.yml")],
        env=os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"},
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.name for path in folder.iterdir()} - {"play.yml"}


def test_backups_by_hand_do_not_push_out_those_of_deploys(tmp_path: Path):
    write(tmp_path, "v1-0123456789ab", 30)
    write(tmp_path, "v2-0123456789ab", 20)
    write(tmp_path, "v3-0123456789ab", 10)
    write(tmp_path, "20260131t080000z", 4)
    write(tmp_path, "20260131t090000z-replaced", 3)
    write(tmp_path, "20260131t100000z", 2)
    names = {name.rpartition(".")[0] for name in play(tmp_path, "prune", postgres_backup_keep=2)}
    assert names == {
        "v2-0123456789ab", "v3-0123456789ab", "20260131t090000z-replaced", "20260131t100000z",
    }  # fmt: skip


def test_an_earlier_backup_of_the_same_name_is_kept_under_its_time(tmp_path: Path):
    write(tmp_path, "v1-0123456789ab", 1, "first")
    found = play(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab")
    earlier = "v1-0123456789ab-20260131t110000z"
    assert found >= {f"{earlier}.dump", f"{earlier}.json"}
    # As the backup that follows does: it puts another file in its place.
    (tmp_path / "new").write_text("second")
    (tmp_path / "new").rename(tmp_path / "v1-0123456789ab.dump")
    assert (tmp_path / f"{earlier}.dump").read_text() == "first"


def test_the_first_backup_of_a_name_has_nothing_to_keep(tmp_path: Path):
    assert play(tmp_path, "keep_earlier", postgres_backup_name="v1-0123456789ab") == set()
