"""Ids, records, and the choice of the release to go back to."""

from __future__ import annotations

import json
import os
import re

import pytest
from ansible.module_utils import release_store
from ansible.module_utils.release_store import (
    ReleaseError,
    advance,
    began_nothing,
    check_id,
    cut_short_deploy,
    left_unfinished,
    prunable,
    recorded_by,
    rollback_target,
    schema_floor,
    served_migrations,
    unended,
)

HOSTILE = [
    "",
    "v1\n",
    ".",
    "..",
    "../v1",
    "v1/..",
    "a/b",
    "/etc",
    "v1..2",
    "V1",
    ".v1",
    "-v1",
    "v 1",
    "v1\0",
    "a" * 64,
    "vé",
]


def records(**rows: tuple[str, str | None]) -> dict[str, dict]:
    """Return records by id from (state, predecessor), the later ones newer."""
    return {
        name: {"state": state, "predecessor": predecessor, "updated_at": f"2030-01-01T00:00:0{number}Z"}
        for number, (name, (state, predecessor)) in enumerate(rows.items())
    }


@pytest.mark.parametrize("release", ["a", "0", "v1", "v1.2_3-aaa", "fix-0123456789ab", "a" * 63])
def test_well_formed_ids(release):
    assert check_id(release) == release


@pytest.mark.parametrize("release", HOSTILE)
@pytest.mark.parametrize("use", ["release_dir", "record_path", "read_record"])
def test_no_path_is_made_of_a_hostile_id(release, use):
    with pytest.raises(ReleaseError, match="is not well-formed"):
        getattr(release_store, use)("/srv/app", release)


def test_time_is_utc_to_the_millisecond():
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", release_store.utc_now())


def test_records_are_read_by_id(tmp_path):
    for name, text in {"v1": '{"id": "v1"}', "v2": '{"id": "v2"}', "Other": "no JSON", "empty": None}.items():
        (tmp_path / "releases" / name).mkdir(parents=True)
        if text:
            (tmp_path / "releases" / name / "record.json").write_text(text)
    assert release_store.read_records(str(tmp_path)) == {"v1": {"id": "v1"}, "v2": {"id": "v2"}}


def test_host_without_releases_has_no_records(tmp_path):
    assert release_store.read_records(str(tmp_path)) == {}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_damaged_record_is_named(tmp_path, content):
    (tmp_path / "releases/v1").mkdir(parents=True)
    (tmp_path / "releases/v1/record.json").write_bytes(content)
    with pytest.raises(ReleaseError, match="releases/v1/record.json is not JSON .* deploy the version again"):
        release_store.read_record(str(tmp_path), "v1")


def test_json_is_written_for_its_owner_alone(tmp_path):
    path = tmp_path / "record.json"
    release_store.write_json(str(path), {"b": 1, "a": "é"})
    assert json.loads(path.read_text()) == {"a": "é", "b": 1}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("crash", [OSError, KeyboardInterrupt])
def test_crash_before_the_rename_leaves_the_old_file(tmp_path, monkeypatch, crash):
    def replace(_temporary: str, _path: str) -> None:
        raise crash

    (tmp_path / "record.json").write_text('{"id": "old"}')
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(crash):
        release_store.write_json(str(tmp_path / "record.json"), {"id": "new"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"record.json": '{"id": "old"}'}


def test_content_that_is_no_json_leaves_the_old_file(tmp_path):
    (tmp_path / "record.json").write_text('{"id": "old"}')
    with pytest.raises(TypeError):
        release_store.write_json(str(tmp_path / "record.json"), {"id": object()})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"record.json": '{"id": "old"}'}


def test_first_advance_makes_the_record():
    assert advance(None, "v1", "run1", {"version": "v1"}, [{"phase": "stage", "event": "begins"}], "t1") == {
        "id": "v1",
        "version": "v1",
        "state": "new",
        "created_at": "t1",
        "updated_at": "t1",
        "journal": [{"at": "t1", "run": "run1", "phase": "stage", "event": "begins"}],
    }


def test_later_advance_merges_and_changes_nothing_in_place():
    first = advance(None, "v1", "run1", {"slot": "blue", "version": "v1"}, [{"event": "begins"}], "t1")
    second = advance(first, "v1", "run2", {"slot": "green", "state": "staged"}, [{"event": "ended"}], "t2")
    assert (second["created_at"], second["updated_at"], second["state"]) == ("t1", "t2", "staged")
    assert (second["version"], second["slot"], first["slot"]) == ("v1", "green", "blue")
    assert [(entry["at"], entry["run"]) for entry in second["journal"]] == [("t1", "run1"), ("t2", "run2")]
    assert len(first["journal"]) == 1


def test_a_deploy_of_what_was_good_before_changes_where_its_rollback_leads_once_it_is_live():
    good = {"state": "good", "predecessor": "z", "journal": []}
    begun = advance(good, "a", "r", {"next_predecessor": "b"}, [], "t1")
    assert begun["predecessor"] == "z"
    live = advance(begun, "a", "r", {"state": "live"}, [], "t2")
    assert (live["predecessor"], live["next_predecessor"]) == ("b", "")
    first = advance(None, "c", "r", {"next_predecessor": "b"}, [], "t1")
    assert (first["predecessor"], first["next_predecessor"]) == ("b", "")
    oldest = advance({"state": "good", "journal": []}, "d", "r", {"next_predecessor": "b"}, [], "t1")
    assert "predecessor" not in oldest
    assert advance(oldest, "d", "r", {"state": "live"}, [], "t2")["predecessor"] == "b"
    again = advance(
        {"state": "failed", "predecessor": "a", "journal": []}, "e", "r", {"next_predecessor": "b"}, [], "t1"
    )
    assert again["predecessor"] == "b"
    given_up = advance(begun, "a", "s", {"next_predecessor": ""}, [], "t2")
    assert advance(given_up, "a", "s", {"state": "live"}, [], "t3")["predecessor"] == "z"


@pytest.mark.parametrize(
    ("rows", "live", "target"),
    [
        ({"a": ("good", None), "b": ("live", "a")}, "b", "a"),
        ({"a": ("live", None), "b": ("live", "a")}, "b", "a"),
        ({"a": ("good", None), "b": ("failed", "a"), "c": ("live", "b")}, "c", "a"),
        ({"a": ("good", None), "b": ("failed", "a"), "c": ("new", "b"), "d": ("live", "c")}, "d", "a"),
        ({"a": ("good", None), "b": ("live", "a"), "c": ("good", "b")}, "b", "a"),
        ({"a": ("good", "b"), "b": ("live", "a")}, "b", "a"),
    ],
)
def test_nearest_proven_predecessor(rows, live, target):
    assert rollback_target(records(**rows), live, None) == target


@pytest.mark.parametrize("state", sorted({"new", *release_store.STATES} - {"live", "good"}))
def test_release_that_never_proved_itself_is_no_target(state):
    with pytest.raises(ReleaseError, match="b has no proven predecessor .*no release of this host is one"):
        rollback_target(records(a=(state, None), b=("live", "a")), "b", None)


@pytest.mark.parametrize(
    "rows",
    [
        {"b": ("live", None)},
        {"b": ("live", "")},
        {"b": ("live", "b")},
        {"b": ("live", "pruned")},
        {"a": ("failed", "b"), "b": ("live", "a")},
        {"a": ("failed", "c"), "c": ("failed", "a"), "b": ("live", "a")},
    ],
)
def test_chain_without_a_proven_release_ends(rows):
    with pytest.raises(ReleaseError, match="b has no proven predecessor"):
        rollback_target(records(**rows), "b", None)


def test_error_lists_the_releases_that_can_be_named():
    rows = records(a=("good", None), b=("failed", None), c=("live", "b"), d=("good", None))
    with pytest.raises(ReleaseError, match=r"-e release=a or -e release=d\."):
        rollback_target(rows, "c", None)


@pytest.mark.parametrize("live", [None, "", "unknown"])
@pytest.mark.parametrize("wanted", [None, "a"])
def test_no_rollback_without_a_live_release(live, wanted):
    with pytest.raises(ReleaseError, match="no live release is recorded"):
        rollback_target(records(a=("good", None)), live, wanted)


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("c", "release c is live already"),
        ("unknown", "release unknown has no record on this host; .*: a, d"),
        ("b", "release b is in state 'failed'; .*: a, d"),
        ("../a", "is not well-formed"),
    ],
)
def test_named_release_is_refused(wanted, problem):
    rows = records(a=("good", None), b=("failed", "a"), c=("live", "a"), d=("good", "c"))
    with pytest.raises(ReleaseError, match=problem):
        rollback_target(rows, "c", wanted)


def test_named_release_need_not_be_the_nearest():
    rows = records(a=("good", None), b=("good", "a"), c=("live", "b"))
    assert rollback_target(rows, "c", "a") == "a"


@pytest.mark.parametrize(
    ("live", "keep", "gone"),
    [
        ("e", 5, []),
        ("e", 4, ["a"]),
        ("e", 2, ["d", "b", "a"]),
        ("e", 0, ["d", "b", "a"]),
        ("a", 2, ["d", "c", "b"]),
        ("a", 0, ["d", "c", "b"]),
        ("c", 3, ["d", "a"]),
        # A rollback from e to c, from which the next one would lead to b: back to e leads the one that names it.
        ("c", 1, ["d", "a"]),
        (None, 2, ["c", "b", "a"]),
        (None, 0, ["d", "c", "b", "a"]),
    ],
)
def test_prunable_takes_the_oldest_and_never_the_live_one_nor_its_target(live, keep, gone):
    rows = records(a=("good", None), b=("good", "a"), c=("good", "b"), d=("failed", "c"), e=("good", "d"))
    assert prunable(rows, live, keep) == gone


def test_a_release_that_still_runs_is_not_prunable():
    rows = records(a=("good", None), b=("good", "a"), c=("live", "b"))
    assert prunable(rows, "c", 1) == ["a"]
    assert prunable(rows, "c", 1, ["a", "c"]) == []


def journal(*entries: str) -> dict:
    """Return a record with a journal of "<second> <run> <phase> <event>"."""
    fields = [entry.split() for entry in entries]
    return {
        "journal": [
            {"at": at, "run": run, "phase": phase, "event": event} for at, run, phase, event in fields
        ]
    }


OLD = journal("1 a stage begins", "2 a record ended")


@pytest.mark.parametrize(
    ("records", "found"),
    [
        pytest.param({}, "", id="nothing was ever deployed"),
        pytest.param({"old": OLD}, "", id="the last deploy ended"),
        pytest.param({"old": OLD, "new": journal("3 b stage begins")}, "new", id="cut short in its first phase"),
        pytest.param({"old": OLD, "new": journal("3 b stage begins", "4 b prove begins")}, "new", id="in a later one"),
        pytest.param({"old": OLD, "new": journal("3 b stage begins", "4 b deploy failed")}, "", id="it failed"),
        pytest.param({"old": OLD, "new": journal("3 b prove begins")}, "", id="it was a rollback"),
        pytest.param(
            {"old": journal("1 a stage begins", "9 c record ended"), "new": journal("3 b stage begins")}, "",
            id="something happened since",
        ),
        pytest.param({"old": journal("1 a stage begins", "3 b verify begins")}, "", id="it had switched"),
        pytest.param({"old": OLD, "new": {}}, "", id="a record without a journal"),
    ],
)  # fmt: skip
def test_a_deploy_that_was_cut_short_before_its_switch_is_found(records, found):
    assert cut_short_deploy(records, "old") == found


FAILED = journal("3 b stage begins", "4 c rollback failed")
BACK = journal("0 a stage begins", "3 b prove begins")


@pytest.mark.parametrize(
    ("new", "followed", "cut_short", "unfinished"),
    [
        pytest.param(FAILED, ["c", "b"], "new", "new", id="died while it undid a deploy that had died"),
        pytest.param(FAILED, [], "", "", id="undone"),
        pytest.param(FAILED, ["b"], "", "", id="undone by a run that ended"),
        pytest.param(journal("3 b stage begins", "4 b deploy failed"), ["b"], "new", "new", id="died as it gave up"),
        pytest.param(BACK, [], "", "new", id="a rollback"),
        pytest.param(BACK, ["b"], "", "new", id="a rollback that is known to have died"),
        pytest.param(journal("0 a stage begins", "2 b prove begins", "3 b rollback failed"), ["b"], "", "new",
                     id="a rollback that died as it gave up"),
        pytest.param(journal("2 a stage begins", "4 c rollback failed"), ["c"], "new", "new",
                     id="died while it undid a deploy of which a run that ended had given the lock back"),
        pytest.param(BACK, ["b", "a"], "", "new", id="a rollback to what a deploy had brought live that died, too"),
        pytest.param(journal("3 b stage begins"), [], "new", "new", id="a deploy"),
    ],
)  # fmt: skip
def test_a_run_that_dies_while_it_clears_away_leaves_that_to_the_next_one(
    new, followed, cut_short, unfinished
):
    records = {"old": OLD, "new": new}
    assert cut_short_deploy(records, "old", followed) == cut_short
    assert left_unfinished(records, "old", followed) == unfinished


@pytest.mark.parametrize("since", ["6 x restore ended", "6 x restore begins", "6 x migrate ended"])
def test_what_was_done_to_the_live_release_since_hides_no_run_that_died(since):
    """A restore or the doctor looked at none of what that run had begun, and gave the lock back to it."""
    restored = {"journal": OLD["journal"] + journal("5 x restore begins", since)["journal"]}
    records = {"old": restored, "new": journal("3 b stage begins", "4 b migrate begins")}
    assert left_unfinished(records, "old", ["b"]) == cut_short_deploy(records, "old", ["b"]) == "new"
    assert recorded_by(restored, ["a"]) == "a"
    assert left_unfinished(records, "old") == recorded_by(restored) == ""


def test_a_deploy_that_was_recorded_hides_the_one_that_it_followed():
    records = {
        "old": OLD,
        "given_up": journal("3 b stage begins"),
        "new": journal("4 c stage begins", "5 c record ended"),
    }
    assert left_unfinished(records, "new", ["c", "b"]) == ""


@pytest.mark.parametrize(
    ("followed", "nothing"),
    [([], []), (["x"], ["x"]), (["x", "y"], ["x", "y"]), (["x", "b", "y"], ["x"]), (["b", "x"], [])],
)
def test_runs_that_died_before_they_had_begun_anything_are_known(followed, nothing):
    assert began_nothing({"old": OLD, "new": FAILED, "empty": {}}, followed) == nothing


@pytest.mark.parametrize(
    ("known", "followed", "found"),
    [
        pytest.param("3 b switch begins", ["b"], True, id="died"),
        pytest.param("3 b switch begins", ["c", "b"], True, id="another one died since"),
        pytest.param("3 b switch begins", [], False, id="was ended since"),
        pytest.param("3 b switch begins", ["c"], False, id="another one died"),
        pytest.param("3 b record ended", ["b"], False, id="died when it was recorded"),
        pytest.param("3 b rollback failed", ["b"], False, id="found bad"),
    ],
)
def test_a_run_that_died_at_a_release_has_not_come_to_its_end(known, followed, found):
    restored = journal(known, "4 x restore begins")
    assert unended(restored, followed) is found
    assert unended(None, followed) is False


@pytest.mark.parametrize(
    ("journal", "run"),
    [
        ([("begins", "record"), ("ended", "record")], "r1"),
        ([("ended", "record"), ("begins", "stage")], ""),
        ([("begins", "record")], ""),
        ([("ended", "verify")], ""),
        ([], ""),
    ],
)
def test_who_has_recorded_a_release_is_known_until_something_else_happens_to_it(journal, run):
    entries = [{"event": event, "phase": phase, "run": "r1", "at": "x"} for event, phase in journal]
    assert recorded_by({"journal": entries}) == run
    assert recorded_by(None) == ""


CONTRACTED = "shop.0003_drop"


@pytest.fixture
def contracted() -> dict[str, dict]:
    """v3 applied a migration that v1 cannot bear; v2 was deployed again from a source that has it."""
    made = records(v1=("good", None), v2=("good", "v1"), v3=("live", "v1"))
    made["v1"]["migrations"] = ["shop.0001_initial"]
    made["v2"]["migrations"] = made["v3"]["migrations"] = ["shop.0001_initial", CONTRACTED]
    made["v3"]["schema_floor"] = [CONTRACTED]
    return made


def test_a_target_that_cannot_bear_the_schema_is_refused(contracted):
    for wanted in (None, "v1"):
        with pytest.raises(ReleaseError) as refused:
            rollback_target(contracted, "v3", wanted)
        assert str(refused.value).startswith(
            "release v1 is older than the database's schema: shop.0003_drop was applied, which its code does not know "
            "and could not bear. Those that can: v2."
        )


def test_a_target_that_knows_the_migration_can_bear_it(contracted):
    assert rollback_target(contracted, "v3", "v2") == "v2"


def test_a_target_without_a_list_of_its_migrations_is_not_trusted_to_know_one(contracted):
    del contracted["v2"]["migrations"]
    with pytest.raises(ReleaseError, match="older than the database's schema"):
        rollback_target(contracted, "v3", "v2")


def test_the_floor_is_that_of_all_records_for_a_failed_deploy_may_have_set_it(contracted):
    contracted["v4"] = {"state": "failed", "schema_floor": ["shop.0004_x"]}
    assert schema_floor(contracted) == [CONTRACTED, "shop.0004_x"]
    assert schema_floor(records(v1=("live", None))) == []


def at(number: int) -> str:
    return f"2026-01-0{number}T10:00:00.000Z"


def deployed(record: dict, began: int, read: int, applied: list[str]) -> None:
    """Let a release begin to migrate on one day, and a run read on another what the database has."""
    record["journal"] = [
        {"at": at(began), "phase": "migrate", "event": "begins"},
        {"at": at(9), "phase": "restore", "event": "ended"},
    ]
    record.update(applied=applied, applied_at=at(read))


@pytest.mark.parametrize(
    ("began", "read", "applied", "floor"),
    [
        (1, 1, [], [CONTRACTED]),
        (1, 2, [], []),
        (1, 2, [CONTRACTED], [CONTRACTED]),
        (3, 2, [], [CONTRACTED]),
    ],
    ids=["cut short while it was applied", "found not to be there", "found to be there", "begun since"],
)
def test_what_the_database_was_found_to_lack_is_not_in_the_floor(contracted, began, read, applied, floor):
    deployed(contracted["v3"], began, read, applied)
    assert schema_floor(contracted) == floor


def test_what_any_run_read_last_counts(contracted):
    deployed(contracted["v3"], 1, 1, [CONTRACTED])
    contracted["v2"].update(applied=[], applied_at=at(2))
    assert schema_floor(contracted) == []
    contracted["v1"].update(applied=[CONTRACTED], applied_at=at(4))
    assert schema_floor(contracted) == [CONTRACTED]


def test_when_the_database_was_read_is_when_that_was_recorded():
    record = advance(None, "v1", "r", {"applied": []}, [{"phase": "migrate", "event": "begins"}], "t1")
    assert record["applied_at"] == "t1"
    assert advance(record, "v1", "r", {}, [{"phase": "start", "event": "begins"}], "t2")["applied_at"] == "t1"


def test_a_target_is_brought_over_the_schema_by_an_exception_that_names_all_of_it(contracted):
    with pytest.raises(ReleaseError) as refused:
        rollback_target(contracted, "v3", "v1", ["shop.0009_x"])
    exception = """-e release=v1 -e '{"release_floor_allow": ["shop.0003_drop", "shop.0009_x"]}'."""
    assert str(refused.value).endswith(exception)
    assert rollback_target(contracted, "v3", "v1", [CONTRACTED]) == "v1"
    assert schema_floor(contracted, [CONTRACTED]) == []


def test_what_code_knows_that_served_is_told_from_what_no_user_met():
    rows = records(v1=("good", None), v2=("failed", "v1"), v3=("live", "v1"))
    for number, name in enumerate(rows):
        rows[name]["migrations"] = ["shop.0001_initial", f"shop.000{number + 2}_x"]
    assert served_migrations(rows) == ["shop.0001_initial", "shop.0002_x", "shop.0004_x"]
    assert served_migrations(records(v1=("live", None))) == []


@pytest.mark.parametrize("state", ["started", "switched", "verified", "failed"])
@pytest.mark.parametrize(
    ("steps", "served"),
    [
        ([], False),
        (["prove begins"], False),
        (["prove begins", "prove failed"], False),
        (["prove ended", "switch begins"], True),
        (["switch begins", "switch ended", "verify begins"], True),
        (["switch begins", "switch ended", "verify failed", "stage begins"], True),
    ],
)
def test_code_has_served_from_the_moment_in_which_its_switch_began(state, steps, served):
    journal = [dict(zip(("phase", "event"), step.split(), strict=True)) for step in steps]
    record = {"state": state, "migrations": ["shop.0001_initial"], "journal": journal}
    assert served_migrations({"v1": record}) == (["shop.0001_initial"] if served else [])
