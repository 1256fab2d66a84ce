"""The history of runs: lines are added, and none is ever changed."""

from __future__ import annotations

import json

import pytest
import release_audit
from manual import results_in_manual, returned


@pytest.fixture
def audit(run_module, tmp_path):
    """Add a line; returns the result."""

    def call(check_mode: bool = False, root=tmp_path, run=None, **entry) -> dict:
        return run_module(release_audit, {"root": str(root), "entry": entry, "run": run}, check_mode)

    return call


def test_each_run_is_a_line(audit, tmp_path):
    result = audit(verb="deploy")
    audit(verb="rollback")
    file = tmp_path / "audit.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["verb"] for line in lines] == ["deploy", "rollback"]
    assert lines[0]["at"].endswith("Z") and result["entry"] == lines[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert returned(result) == results_in_manual(release_audit)


def test_a_line_that_was_cut_short_spoils_no_other(audit, tmp_path):
    (tmp_path / "audit.jsonl").write_text('{"verb": "dep')
    audit(verb="rollback")
    first, second = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert first == '{"verb": "dep'
    assert json.loads(second)["verb"] == "rollback"


def test_a_run_is_told_of_once(audit, tmp_path):
    """By a line of its own: one that only names its id does not tell of it, nor one that a crash has cut short."""
    file = tmp_path / "audit.jsonl"
    file.write_text('{"verb": "deploy", "evidence": "of r1"}\n{"verb": "deploy", "run": "r1"')
    first = audit(verb="deploy", run="r1")
    assert first["changed"] and first["entry"]["run"] == "r1"
    again = audit(verb="deploy", run="r1")
    assert (again["changed"], again["entry"]) == (False, first["entry"])
    assert audit(verb="deploy", run="r2")["changed"]
    assert [line.count('"run"') for line in file.read_text().splitlines()] == [0, 1, 1, 1]


def test_check_mode_writes_nothing(audit, tmp_path):
    assert audit(check_mode=True, verb="deploy")["changed"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_sentence(audit, tmp_path):
    result = audit(root=tmp_path / "none", verb="deploy")
    assert result["failed"] and "No such file" in result["msg"] and "history" in result["msg"]
