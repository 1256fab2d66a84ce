"""The scripts that the backend role runs inside an image."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles" / "backend" / "files" / "required_modules.py"
WANTED = {"module": "shop_cache", "distribution": "shop-cache", "at_least": "5.4.0"}


@pytest.fixture
def check(tmp_path):
    """Run the check as the image would, with one distribution installed; returns (exit code, what it said)."""

    def run(
        version: str | None, module: str | None = "shop_cache", wanted: tuple = (WANTED,)
    ) -> tuple[int, str]:
        if version:
            (tmp_path / f"shop_cache-{version}.dist-info").mkdir()
            metadata = f"Metadata-Version: 2.1\nName: shop-cache\nVersion: {version}\n"
            (tmp_path / f"shop_cache-{version}.dist-info/METADATA").write_text(metadata)
        if module:
            (tmp_path / f"{module}.py").write_text("")
        argv = [sys.executable, "-S", "-c", SCRIPT.read_text(), json.dumps(wanted)]
        done = subprocess.run(argv, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
        assert done.stdout == ""
        return done.returncode, done.stderr.strip()

    return run


@pytest.mark.parametrize("version", ["5.4.0", "5.4.0.post1", "5.10", "6.0.0rc1"])
def test_module_that_is_new_enough_is_fine(check, version):
    assert check(version) == (0, "")


@pytest.mark.parametrize("version", ["5.3.9", "5.3", "4.99.99", "5"])
def test_module_that_is_too_old_is_refused(check, version):
    words = f"shop-cache is {version}; 5.4.0 or later is needed in requirements.txt"
    assert check(version) == (1, words)


@pytest.mark.parametrize(
    ("version", "module", "reason"),
    [
        (None, None, "No package metadata was found for shop-cache"),
        (None, "shop_cache", "No package metadata was found for shop-cache"),
        ("5.4.0", None, "No module named 'shop_cache'"),
    ],
)
def test_module_that_is_missing_is_refused(check, version, module, reason):
    words = f"shop-cache is not usable in the image ({reason}); 5.4.0 or later is needed in requirements.txt"
    assert check(version, module) == (1, words)


def test_every_problem_is_told(check):
    other = WANTED | {"distribution": "shop-queue"}
    code, words = check("5.3", wanted=(WANTED, other))
    assert code == 1
    assert words.startswith("shop-cache is 5.3; 5.4.0 or later")
    assert "; shop-queue is not usable in the image" in words


def test_nothing_that_is_required_is_fine(check):
    assert check(None, wanted=()) == (0, "")
