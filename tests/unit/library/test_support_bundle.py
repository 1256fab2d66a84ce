"""A support bundle is whole, its owner's alone, and has no secret in it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import support_bundle
from manual import results_in_manual, returned

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
SECRETS = ["s3cret-of-the-app", "another-s3cret"]


@pytest.fixture
def bundle(run_module, tmp_path):
    """Write a bundle of texts; returns the result."""

    def call(entries: dict, check_mode: bool = False, path: Path = tmp_path / "reports" / "b.tar.gz") -> dict:
        given = {"path": str(path), "entries": entries, "secrets": SECRETS, "names": ["sid"]}
        return run_module(support_bundle, given, check_mode)

    return call


def texts(result: dict) -> dict[str, str]:
    with tarfile.open(result["file"]) as archive:
        return {m.name: archive.extractfile(m).read().decode() for m in archive.getmembers()}


def test_no_secret_is_in_a_bundle(bundle):
    result = bundle(
        {
            "logs/web.txt": f"{SECRETS[0]} {JWT} sid=abc123",
            f"files/{SECRETS[1]}": "ü ok\n",
            "n.json": {"a": 1},
        }
    )
    found = texts(result)
    assert found == {
        "b/files/[secret]": "ü ok\n",
        "b/logs/web.txt": "[secret] [token] sid=[secret]",
        "b/n.json": "{'a': 1}",
    }
    assert Path(result["file"]).stat().st_mode & 0o777 == 0o600
    assert returned(result) == results_in_manual(support_bundle)


def test_check_mode_writes_nothing(bundle):
    result = bundle({"a": "b"}, check_mode=True)
    assert result["changed"] and not Path(result["file"]).exists()


def test_what_cannot_be_written_is_said_and_nothing_is_left(bundle, tmp_path):
    (tmp_path / "b.tar.gz").mkdir()
    result = bundle({"a": "b"}, path=tmp_path / "b.tar.gz")
    assert "cannot be written" in result["msg"]
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]
