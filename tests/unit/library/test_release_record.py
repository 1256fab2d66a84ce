"""A phase of a release, recorded under the lock."""

from __future__ import annotations

import json
import time

import pytest
import release_record
from ansible.module_utils.release_lock import acquire, read
from manual import results_in_manual, returned

RELEASE = "v1-0123456789ab"


@pytest.fixture
def root(tmp_path):
    """A host whose lock is held by the run `ann`."""
    holder = {"holder": "ann", "user": "Ann", "host": "desk", "pid": 7, "verb": "deploy", "phase": "lock"}
    acquire(str(tmp_path), holder, 60)
    return tmp_path


@pytest.fixture
def record(run_module, root):
    """Record something of the release; returns the result."""

    def call(check_mode: bool = False, **options) -> dict:
        asked = {"root": str(root), "release": RELEASE, "holder": "ann"} | options
        return run_module(release_record, asked, check_mode)

    return call


def written(root) -> dict:
    return json.loads((root / "releases" / RELEASE / "record.json").read_text())


def test_first_phase_makes_the_record(record, root):
    result = record(begins="stage", values={"version": "v1", "slot": "blue"})
    assert result["changed"] is True
    assert returned(result) == results_in_manual(release_record)
    found = written(root)
    assert (found["id"], found["version"], found["slot"], found["state"]) == (RELEASE, "v1", "blue", "new")
    assert {name: value for name, value in found.items() if name != "journal"} == result["record"]
    assert [(e["run"], e["event"], e["phase"]) for e in found["journal"]] == [("ann", "begins", "stage")]


def test_later_phases_are_added(record, root):
    record(begins="stage", values={"version": "v1"})
    record(ended="stage", begins="backup", state="staged", values={"images": {"api": "sha256:1"}})
    record(ended="backup", failed="migrate", state="failed")
    record(ended="stop", begins="report", details={"reason": "disk full"})
    found = written(root)
    assert [(entry["event"], entry["phase"]) for entry in found["journal"]] == [
        ("begins", "stage"),
        ("ended", "stage"),
        ("begins", "backup"),
        ("failed", "migrate"),
        ("ended", "backup"),
        ("ended", "stop"),
        ("begins", "report"),
    ]
    assert [entry for entry in found["journal"] if "reason" in entry] == found["journal"][-1:]
    assert (found["state"], found["version"], found["images"]) == ("failed", "v1", {"api": "sha256:1"})


def test_lease_is_renewed_and_names_the_phase(record, root):
    record(ended="stage", begins="backup", lease_seconds=5000)
    found = read(str(root))
    assert found["phase"] == "backup"
    assert 4900 < found["expires_at"] - time.time() <= 5000


@pytest.mark.parametrize("holder", ["bob", ""])
def test_run_without_the_lock_writes_nothing(record, root, holder):
    result = record(begins="migrate", holder=holder)
    assert result["failed"]
    assert "this run does not hold the release lock: Ann on desk holds it" in result["msg"]
    assert not (root / "releases").exists()


def test_check_mode_writes_nothing(record, root):
    lock = (root / "lock.json").read_text()
    result = record(check_mode=True, begins="stage", state="staged")
    assert (result["changed"], result["record"]["state"]) == (True, "staged")
    assert not (root / "releases").exists()
    assert (root / "lock.json").read_text() == lock


@pytest.mark.parametrize("release", ["../v1", "V1", ""])
def test_hostile_id_is_refused(record, root, release):
    assert "is not well-formed" in record(release=release, begins="stage")["msg"]
    assert sorted(path.name for path in root.iterdir()) == ["lock.guard", "lock.json"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "one of the following is required: failed, ended, begins"),
        ({"ended": "stage", "state": "perfect"}, "value of state must be one of"),
    ],
)
def test_options_are_checked(record, options, problem):
    assert problem in record(**options)["msg"]
