"""What became of the members of a snapshot: live, explained or lost."""

from __future__ import annotations

import itertools

import pytest
from ansible.module_utils import session_proof, session_snapshot
from ansible.module_utils.health_checks import HealthError, Limits
from ansible.module_utils.session_proof import judge_kind, prove, sort_fates
from ansible.module_utils.session_snapshot import Lines

REASONS = ["logout", "password"]


@pytest.mark.parametrize(
    ("fates", "logouts", "explained", "lost_by"),
    [
        ({"live": 5}, 0, {}, {}),
        ({"live": 4, "expired": 1}, 0, {"expired": 1}, {}),
        ({"live": 3, "logout": 1, "password": 1}, 0, {"logout": 1, "password": 1}, {}),
        ({"live": 4, "reuse_detected": 1}, 9, {}, {"reuse_detected": 1}),
        ({"live": 4, "missing": 1}, 0, {}, {"missing": 1}),
        ({"live": 4, "missing": 1}, 1, {"logged_out": 1}, {}),
        ({"live": 2, "missing": 3}, 2, {"logged_out": 2}, {"missing": 1}),
        ({"missing": 5}, 9, {"logged_out": 5}, {}),
        ({}, 9, {}, {}),
    ],
)
def test_sort_fates(fates, logouts, explained, lost_by):
    outcome = sort_fates(5, fates, REASONS, logouts)
    assert (outcome["explained"], outcome["lost_by"]) == (explained, lost_by)
    assert (outcome["live"], outcome["lost"]) == (fates.get("live", 0), sum(lost_by.values()))


@pytest.mark.parametrize(
    ("lost", "allowed", "status"), [(0, 0, "ok"), (1, 0, "critical"), (2, 2, "ok"), (3, 2, "critical")]
)
def test_more_than_is_allowed_is_critical(lost, allowed, status):
    outcome = sort_fates(5, {"live": 5 - lost, "missing": lost}, REASONS)
    check = judge_kind("sessions", outcome, "", Limits(None, allowed))
    assert (check.name, check.status, check.value, check.sample) == ("sessions_kept", status, lost, 5)


def test_without_an_outcome_nothing_is_known():
    check = judge_kind("families", None, "there is no table", Limits(None, 0))
    assert (check.status, check.reason) == ("unknown", "there is no table")


class Crashed:
    """A database whose snapshot is empty since it came back."""

    place = "PostgreSQL"

    def row(self, *_query: object) -> dict:
        return {"families": 0, "sessions": 0}


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        ({}, "there is no snapshot in schema s"),
        ({"families": 3, "sessions": 4}, "PostgreSQL has crashed since"),
    ],
    ids=["gone", "emptied"],
)
def test_a_run_that_ends_another_ones_change_can_do_without_its_snapshot(snapshot, reason, monkeypatch):
    monkeypatch.setattr(session_proof.session_snapshot, "existing", lambda *_: snapshot)
    monkeypatch.setattr(session_snapshot, "names_of", lambda _options: {})
    options = {"schema": "s", "lost_allowed": 0, "snapshot_needed": False}
    proof = prove(Crashed(), options)
    assert [(check.name, check.status) for check in proof["checks"]] == [
        ("families_kept", "unknown"),
        ("sessions_kept", "unknown"),
    ]
    assert reason in proof["checks"][0].reason
    assert (proof["families"], proof["sessions"], proof["lost"], proof["taken_at"]) == (None, None, [], "")
    with pytest.raises(HealthError, match=reason):
        prove(Crashed(), options | {"snapshot_needed": True})


def test_lines_are_read_in_parts_to_their_end():
    lines = Lines(f"{number}\n" for number in range(2500))
    parts = list(itertools.takewhile(bool, iter(lines.read, None)))
    assert [part.count("\n") for part in parts] == [1000, 1000, 500]
