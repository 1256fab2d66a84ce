"""Plans and failures of migrations in words."""

from __future__ import annotations

import pytest
from migration import (
    migration_failure,
    migration_lines,
    migration_problems,
    releases_migrations,
    restored_problem,
)

PLAN = {"missing": "", "known": ["a.1", "a.2"], "applied": ["a.1", "a.3"], "invalid_indexes": []}
DONE = {
    "failure": {},
    "tries": 1,
    "reached": True,
    "applied": ["a.1"],
    "pending": [],
    "invalid_indexes": [],
    "missing": [],
}
WHY = {"kind": "error", "migration": "a.2", "message": "DataError: too long", "blocker": "", "again": False}


@pytest.mark.parametrize(
    ("plan", "floor", "words"),
    [
        ({}, [], None),
        ({}, ["a.2"], None),
        (
            {},
            ["a.2", "a.3"],
            "this version does not know a.3, and the database has what no earlier code can bear",
        ),
        # It was never applied, or is gone with a restore.
        ({}, ["a.4"], None),
        ({}, ["a.3"], """-e '{"release_floor_allow": ["a.3"]}'."""),
        ({"missing": "Add field x"}, [], r"changes without a migration (Add field x). Run makemigrations"),
        ({"invalid_indexes": ["i"]}, [], "index i is not valid: its building was cut short"),
        ({"invalid_indexes": ["i"]}, [], "DROP INDEX CONCURRENTLY i;"),
    ],
)
def test_problems_of_a_plan(plan: dict, floor: list[str], words: str | None):
    problems = migration_problems(PLAN | plan, floor)
    assert [words in one for one in problems] == ([True] if words else [])


def test_a_plan_shows_each_migration_with_its_operations():
    pending = [{"name": "a.1", "operations": ["Add x", "Drop y"]}, {"name": "a.2", "operations": []}]
    assert migration_lines({"pending": pending}, ["a.2"]) == [
        "a.1: Add x; Drop y",
        "a.2: nothing (allowed, and no earlier release can bear it)",
    ]
    assert migration_lines({"pending": []}, []) == ["no migration is pending"]


def test_what_is_whole_is_no_failure():
    assert migration_failure(DONE) == ""


@pytest.mark.parametrize(
    ("failure", "more", "sentence"),
    [
        (
            {},
            {},
            "migration a.2 failed: DataError: too long. Applied in this run: a.1. Not applied: a.2. Correct the "
            "migration and deploy again; that goes on where this stopped.",
        ),
        (
            {"kind": "lock", "blocker": "process 7 of app, idle in transaction, open for 61 s"},
            {"tries": 3, "applied": []},
            "migration a.2 did not get its lock in 3 tries (DataError: too long). The transaction open for longest: "
            "process 7 of app, idle in transaction, open for 61 s. Applied in this run: none. Not applied: a.2. End "
            "that transaction or wait for it, and deploy again.",
        ),
        (
            {"kind": "away"},
            {"reached": False},
            "migration a.2 lost PostgreSQL (DataError: too long), tried 1 try. PostgreSQL does not answer, so what is "
            "applied is not known. Deploy again once it answers; that goes on where this stopped.",
        ),
        (
            {"kind": "ended", "message": "OperationalError: canceling statement due to statement timeout"},
            {"applied": []},
            "migration a.2 failed: OperationalError: canceling statement due to statement timeout. Applied in this "
            "run: none. Not applied: a.2. Have each statement do less, or give it more time (-e "
            "migration_statement_timeout_seconds=<seconds>, 0 is no limit), and deploy again; that goes on where this "
            "stopped.",
        ),
        (
            {"kind": "session", "message": "another process answers"},
            {"applied": []},
            "migration a.2 was not begun: another process answers. A pooler that keeps no sessions is between "
            "(PgBouncer). Applied in this run: none. Not applied: a.2. Give the app the address of PostgreSQL itself, "
            "or of a pooler in session mode, and deploy again.",
        ),
        (
            {"kind": "busy", "migration": "", "message": "process 7 of app from 10.0.0.1"},
            {"applied": []},
            "another runner migrates this database: process 7 of app from 10.0.0.1. Applied in this run: none. Not "
            "applied: a.2. Wait for it, and deploy again.",
        ),
    ],
)
def test_a_failure_names_what_was_applied_what_was_not_and_the_next_step(failure, more, sentence):
    assert migration_failure(DONE | {"pending": ["a.2"], "failure": WHY | failure} | more) == sentence


def test_a_failure_names_the_index_that_it_left():
    result = DONE | {"pending": ["a.2"], "failure": WHY, "invalid_indexes": ["i"]}
    assert "index i is not valid" in migration_failure(result)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"pending": ["a.3"]}, "a.3 is not applied"),
        (
            {"missing": ["table t", "index i of u"]},
            "table t is missing, index i of u is missing. Look who changed it",
        ),
        ({"invalid_indexes": ["i"]}, "REINDEX INDEX CONCURRENTLY i;"),
    ],
)
def test_a_schema_that_is_not_that_of_the_migrations_is_a_failure(found: dict, words: str):
    assert words in migration_failure(DONE | found)


RELEASES = {
    "v1": {"record": {"state": "good", "migrations": ["a.1"]}},
    "v2": {"record": {"state": "good", "migrations": ["a.1", "a.2"]}},
    "v3": {"record": {"state": "live", "migrations": ["a.1", "a.2", "a.3"]}},
    "failed": {"record": {"state": "failed", "migrations": []}},
    "adopted": {"record": {"state": "good"}},
    "no record": {"record": {}},
}


@pytest.mark.parametrize(
    ("applied", "live", "lacks", "able"),
    [
        (["a.1", "a.2", "a.3", "a.4"], "v3", [], ["v3", "v2", "v1"]),
        (["a.1", "a.2"], "v3", ["a.3"], ["v2", "v1"]),
        ([], "v3", ["a.1", "a.2", "a.3"], []),
        (["a.1"], "adopted", [], ["v1"]),
    ],
)
def test_who_can_serve_a_restored_database(applied, live, lacks, able):
    known = releases_migrations(RELEASES)
    assert restored_problem(applied, known, live) == {"lacks": lacks, "able": able}
