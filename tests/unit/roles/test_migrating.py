"""The parts of the migration role's program that need no Django."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from migrating.apply import kind_of, limits, may_try_again, pauses
from migrating.django_app import invalid_indexes
from migrating.plan import table_of


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ('ALTER TABLE "t" ADD COLUMN "a" int', "t"),
        ('ALTER TABLE ONLY "s"."t" DROP COLUMN a', "s.t"),
        ("ALTER TABLE T DROP COLUMN a", "t"),
        ('ALTER TABLE "T" DROP COLUMN a', "T"),
        ("ALTER TABLE IF EXISTS t RENAME TO u", "t"),
        ('CREATE TABLE IF NOT EXISTS "t" (a int)', "t"),
        ('DROP TABLE IF EXISTS "t" CASCADE', "t"),
        ('CREATE UNIQUE INDEX CONCURRENTLY "i" ON "t" ("a") WHERE "b"', "t"),
        ("UPDATE t SET a = 1", "t"),
        ("DELETE FROM t", "t"),
        ("INSERT INTO t VALUES (1)", "t"),
        ("SET LOCAL lock_timeout = '2s'", ""),
        ("BEGIN;", ""),
    ],
)
def test_the_table_of_a_statement(statement: str, table: str):
    assert table_of(statement) == table


@pytest.mark.parametrize(
    ("retries", "first", "expected"),
    [(0, 2, []), (1, 2, [2]), (5, 2, [2, 4, 8, 16, 30]), (3, 0, [0, 0, 0]), (2, 100, [30, 30])],
)
def test_pauses_double_up_to_a_limit(retries: int, first: float, expected: list[float]):
    assert pauses(retries, first) == expected


def failure(state: str | None) -> Exception:
    """What Django raises for an error of the server."""
    error, cause = RuntimeError("x"), RuntimeError("y")
    cause.sqlstate = state
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("state", "usable", "kind"),
    [
        ("55P03", True, "lock"),
        ("40P01", True, "lock"),
        ("57P01", False, "away"),
        ("57P03", True, "away"),
        ("08006", True, "away"),
        (None, False, "away"),
        ("42703", True, "error"),
        ("57014", True, "ended"),
        (None, True, "error"),
    ],
)
def test_why_a_migration_failed(state: str | None, usable: bool, kind: str):
    assert kind_of(failure(state), usable) == kind


class AddIndexConcurrently:
    def __init__(self, name: str = "") -> None:
        self.index = SimpleNamespace(name=name)


class RemoveIndexConcurrently:
    def __init__(self, name: str) -> None:
        self.name = name


class Migration:
    def __init__(self, atomic: bool, *operations: object) -> None:
        self.atomic = atomic
        self.operations = operations


@pytest.mark.parametrize(
    ("migration", "lock", "statement"),
    [
        (None, 2, 30),
        (Migration(True), 2, 30),
        (Migration(True, AddIndexConcurrently()), 2, 30),
        (Migration(False, AddIndexConcurrently()), 120, 0),
        (Migration(False, AddIndexConcurrently(), object()), 2, 0),
    ],
)
def test_what_cannot_be_taken_back_is_not_ended(migration: Migration | None, lock: float, statement: float):
    options = {"lock_timeout": 2, "statement_timeout": 30, "retries": 5}
    assert limits(options, migration) == {"lock_timeout": lock, "statement_timeout": statement}


@pytest.mark.parametrize(
    ("kind", "migration", "again"),
    [
        ("lock", Migration(True), True),
        ("away", Migration(True), True),
        ("away", None, True),
        ("away", Migration(False), False),
        ("lock", Migration(False), False),
        ("lock", Migration(False, AddIndexConcurrently()), True),
        ("away", Migration(False, AddIndexConcurrently()), True),
        ("lock", Migration(False, AddIndexConcurrently(), object()), False),
        ("error", Migration(False, AddIndexConcurrently()), False),
        ("error", Migration(True), False),
        ("ended", Migration(True), False),
    ],
)
def test_what_left_nothing_behind_may_be_tried_again(kind: str, migration: Migration | None, again: bool):
    assert may_try_again(kind, migration) == again


@pytest.mark.parametrize(
    ("pending", "left"),
    [
        ([], ["i", "j"]),
        ([Migration(False, AddIndexConcurrently("i"))], ["j"]),
        ([Migration(False, RemoveIndexConcurrently("i"))], ["j"]),
        ([Migration(False, AddIndexConcurrently("i"), RemoveIndexConcurrently("j"))], []),
        ([Migration(False, RemoveIndexConcurrently("i"), object())], ["i", "j"]),
        ([Migration(False, RemoveIndexConcurrently("other"))], ["i", "j"]),
    ],
)
def test_an_index_that_is_not_valid_is_left_to_the_migration_that_builds_or_drops_it(pending, left):
    cursor = SimpleNamespace(execute=lambda _sql: None, fetchall=lambda: [("i",), ("j",)])
    assert invalid_indexes(SimpleNamespace(cursor=lambda: nullcontext(cursor)), pending) == left
