"""The password of the database reaches what dumps and restores it in a file, and no environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from project_files import ROOT

FILES = ROOT / "roles/postgres/files"
#: Notes what a program of PostgreSQL is given.
NOTE = """#!/bin/sh
env > {seen}/environment.$$
ls -l "$PGPASSFILE" | cut -c 1-10 > {seen}/mode
cat "$PGPASSFILE" > {seen}/passfile
touch {seen}/dumped
"""


def run(tool: str, password: str, folder: Path) -> tuple[str, list[str]]:
    """The line of the file in which programs look for the password, and the environments that they were given."""
    for name in ("psql", "pg_restore", "sync"):
        (folder / name).write_text(NOTE.format(seen=folder))
        (folder / name).chmod(0o755)
    (folder / "password").write_text(password)
    moved = {
        "/run/secrets/postgres_password": str(folder / "password"),
        "/dev/shm": str(folder),
        "/tmp/dumped": str(folder / "dumped"),
    }
    script = (FILES / tool).read_text()
    for path, place in moved.items():
        script = script.replace(path, place)
    given = {"PATH": f"{folder}:{os.environ['PATH']}", "FOLDER": str(folder), "NAME": "a", "DUMP": "a.dump"}
    done = subprocess.run(
        ["sh", "-c", script], env=given | {"PGDATABASE": "shop"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    environments = [path.read_text() for path in folder.glob("environment.*")]
    assert environments and (folder / "mode").read_text().strip() == "-rw-------"
    return (folder / "passfile").read_text(), environments


@pytest.mark.parametrize("tool", ["dump.sh", "restore.sh"])
def test_no_environment_has_it(tool: str, tmp_path: Path):
    line, environments = run(tool, "k3y-of-shop", tmp_path)
    assert line.rstrip("\n") == "*:*:*:*:k3y-of-shop"
    assert [text for text in environments if "k3y-of-shop" in text] == []


@pytest.mark.parametrize("tool", ["dump.sh", "restore.sh"])
def test_what_has_a_meaning_in_that_file_is_escaped(tool: str, tmp_path: Path):
    line, _environments = run(tool, r"""a:b\c "d" $e 'f' %g#h""" + "\n", tmp_path)
    assert line.rstrip("\n") == r"""*:*:*:*:a\:b\\c "d" $e 'f' %g#h"""
