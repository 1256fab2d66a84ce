"""Packages in an archive that another Python imports."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import python_archive


@pytest.fixture
def pack(run_module, tmp_path):
    """Pack a package of the test and a distribution; returns the result."""
    package = tmp_path / "lent"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sub" / "__init__.py").write_text("SAYS = 'here'\n")
    (package / "notes.txt").write_text("not Python")

    def call(check_mode: bool = False, **options) -> dict:
        asked = {"folders": [str(package)], "path": str(tmp_path / "made/lent.zip")}
        return run_module(python_archive, asked | options, check_mode)

    return call


def test_another_python_imports_from_it(pack, tmp_path):
    result = pack(distributions=["iniconfig"])
    assert result["changed"] and set(result["versions"]) == {"iniconfig"}
    code = "import lent.sub, iniconfig; print(lent.sub.SAYS, iniconfig.__file__)"
    said = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "made/lent.zip")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith("here ") and "lent.zip" in said


def test_the_same_content_is_no_change(pack, tmp_path):
    assert pack()["changed"]
    os.utime(tmp_path / "lent/sub/__init__.py", (0, 0))
    assert not pack()["changed"]
    (tmp_path / "lent/sub/__init__.py").write_text("SAYS = 'there'\n")
    assert pack()["changed"]


def test_check_mode_writes_nothing(pack, tmp_path):
    assert pack(check_mode=True)["changed"]
    assert not (tmp_path / "made").exists()


def test_a_distribution_that_is_not_installed_is_named(pack):
    result = pack(distributions=["not-installed-anywhere"])
    assert (
        result["failed"]
        and "not-installed-anywhere is not installed beside Ansible's Python" in result["msg"]
    )
