"""Migrations that must not be applied, that are blocked, and that fail, one after the other, with users on the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from faulty_runs import noted
from playbook_run import Case, check_refusal, run

#: More than `migration_large_table_mb` of notes.
FILL = (
    "INSERT INTO igny8_note (client_id, user_id, text, created_at) SELECT gen_random_uuid(), "
    "(SELECT min(id) FROM igny8_user), repeat('x', 100), now() FROM generate_series(1, 80000)"
)
READER = "psql --no-psqlrc -q -U igny8 -d igny8"
ALLOWED = {"migration_allow": ["igny8_notes.0003_drop_label"]}


def deploy(version: str, sentence: str = "", **variables: object) -> Case:
    """A deploy without traffic of its own: the scenario's traffic is judged at its end."""
    given = {"igny8_version": version, "prober_enabled": False} | variables
    return Case(version, "deploy", sentence, (f"--extra-vars={json.dumps(given)}",))


def applied(app) -> list[str]:
    return app.sql("SELECT app || '.' || name FROM django_migrations ORDER BY id").splitlines()


@contextmanager
def reading(host, table: str) -> Iterator[None]:
    """A transaction that has read a table and stays open."""
    statement = f"BEGIN; SELECT count(*) FROM {table}; SELECT pg_sleep(900)"
    host.check_output(f'docker exec --detach igny8-data-postgres-1 {READER} -c "{statement}"')
    try:
        yield
    finally:
        sleeping = "query LIKE '%pg_sleep(900)%' AND pid <> pg_backend_pid()"
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {sleeping}"
        host.check_output(f'docker exec igny8-data-postgres-1 {READER} -c "{end}"')


REFUSED = [
    deploy(
        "drops-column",
        r"The database was not touched: igny8_notes.0003_drop_label drops a column \(ALTER TABLE .* DROP COLUMN .*; "
        r"DROP_COLUMN, ban-drop-column\): .*migration_allow",
    ),
    deploy(
        "required-column",
        r"igny8_notes.0002_note_kind makes a column NOT NULL without a default in the database \(.* NOT_NULL\): ",
    ),
    deploy(
        "locking-index",
        r"igny8_notes.0002_note_created builds or drops an index with the table locked \(CREATE INDEX .*; "
        r"require-concurrent-index-creation\): ",
    ),
]


def test_notes_fill_a_large_table(app):
    app.sql(FILL)
    assert int(app.sql("SELECT pg_table_size('igny8_note')")) > 10 * 1024 * 1024


@pytest.mark.parametrize("case", REFUSED, ids=[case.name for case in REFUSED])
def test_what_the_release_that_serves_cannot_bear_is_refused(app, inventory, case: Case):
    before, live = applied(app), app.live()
    with noted(f"migration that old code cannot bear: {case.name}", "refused before the dump"):
        check_refusal(case, run(case, inventory))
    assert (applied(app), app.live()) == (before, live)
    assert all(name.startswith("before-") for name in app.running())


def test_a_migration_behind_a_long_transaction_gives_up_and_says_who_is_in_its_way(app, host, inventory):
    sentence = (
        r"migration igny8_notes.0002_note_label did not get its lock in 2 tries .* The transaction open for longest: "
        r"process \d+ of igny8, .* Not applied: igny8_notes.0002_note_label\. .* Release before-\w+ serves as before"
    )
    case = deploy("next", sentence, migration_retries=1)
    with reading(host, "igny8_note"), noted("migration blocked by a long transaction", "old release serves"):
        check_refusal(case, run(case, inventory))
    assert "igny8_notes.0002_note_label" not in applied(app)
    assert app.live().startswith("before-")


def test_of_two_migrations_the_one_that_was_applied_is_named_and_so_is_the_one_that_was_not(app, inventory):
    case = deploy(
        "broken-halfway",
        "migration igny8_notes.0003_broken failed: .*made_to_fail.* Applied in this run: igny8_notes.0002_note_label. "
        "Not applied: igny8_notes.0003_broken. .* that goes on where this stopped. .* serves as before",
    )
    with noted("second of two migrations fails", "old release serves"):
        check_refusal(case, run(case, inventory))
    assert app.live().startswith("before-")
    assert applied(app)[-1] == "igny8_notes.0002_note_label"


def test_an_exception_that_is_named_is_applied(app, inventory):
    answer = run(deploy("drops-column", **ALLOWED), inventory)
    assert answer.code == 0, answer.text
    assert "allowed, and no earlier release can bear it" in answer.text
    assert app.live().startswith("drops-column-")
    record = app.record(app.live())
    assert record["schema_floor"] == ["igny8_notes.0003_drop_label"]
    assert set(record["migrations"]) == set(applied(app))


def test_code_of_before_can_not_come_back_over_it(app, inventory):
    live = app.live()
    older = "is older than the database's schema: igny8_notes.0003_drop_label was applied, .* Nothing was changed."
    check_refusal(Case("back", "rollback", older), run(Case("back", "rollback", older), inventory))
    case = deploy("fix", "this version does not know igny8_notes.0003_drop_label")
    check_refusal(case, run(case, inventory))
    assert app.live() == live


def test_nobody_holds_the_lock(host):
    assert not host.file("/data/app/igny8/lock.json").exists
