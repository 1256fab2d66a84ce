"""Which migrations are refused, and in which words."""

from __future__ import annotations

import pytest
from ansible.module_utils.migration_rules import (
    RULES,
    Deploy,
    Finding,
    Refusal,
    judge,
    linter_findings,
    migration_file,
    refusals,
    squawk_findings,
)

MB = 1024 * 1024
DEPLOY = Deploy({"small": 8192, "large": 20 * MB}, {"new"}, {}, 10 * MB)


def migration(*statements: tuple[str, str], **more) -> dict:
    """A migration with statements as (SQL, table)."""
    listed = [{"sql": sql, "table": table} for sql, table in statements]
    return {"name": "shop.0002_x", "statements": listed, "python": [], "issues": [], "unread": ""} | more


def refused(rule: str, table: str) -> list[Refusal]:
    return refusals(migration(), [Finding(rule, table)], DEPLOY)


def test_a_refusal_is_one_sentence_with_migration_operation_rules_and_next_step():
    findings = [
        Finding("ban-drop-column", "small", 'ALTER TABLE "small" DROP COLUMN "a";'),
        Finding("DROP_COLUMN", "small"),
    ]
    [refusal] = refusals(migration(), findings, DEPLOY)
    assert refusal.contracts
    assert refusal.sentence == (
        'shop.0002_x drops a column (ALTER TABLE "small" DROP COLUMN "a"; DROP_COLUMN, ban-drop-column): the release '
        "that serves still uses it. Take the field out of the code in one release, and drop its column in the next, or "
        'allow it for this deploy: -e \'{"migration_allow": ["shop.0002_x"]}\'.'
    )


def test_a_long_statement_is_cut():
    [refusal] = refusals(migration(), [Finding("DROP_TABLE", "small", "DROP " + "x" * 500)], DEPLOY)
    assert "DROP " + "x" * 115 + "...; DROP_TABLE" in refusal.sentence


@pytest.mark.parametrize(
    ("rule", "table", "found"),
    [
        ("DROP_COLUMN", "small", True),
        ("DROP_COLUMN", "new", False),
        ("require-concurrent-index-creation", "small", False),
        ("require-concurrent-index-creation", "large", True),
        ("require-concurrent-index-creation", "new", False),
        # Of DROP INDEX the table is not known: it may be a large one.
        ("require-concurrent-index-deletion", "", True),
        # Neither is that of one which is in no schema of the search path.
        ("require-concurrent-index-creation", "elsewhere.t", True),
        ("adding-foreign-key-constraint", "large", True),
        ("adding-foreign-key-constraint", "small", False),
        ("prefer-bigint-over-int", "large", False),
        ("require-lock-timeout", "large", False),
        ("RUNPYTHON_MODEL_IMPORT", "", True),
    ],
)
def test_what_is_refused_on_which_table(rule: str, table: str, found: bool):
    assert bool(refused(rule, table)) == found


def test_a_table_exactly_as_large_as_the_limit_is_large():
    finding = [Finding("require-concurrent-index-creation", "t")]
    assert refusals(migration(), finding, Deploy({"t": MB}, set(), {}, MB))
    assert not refusals(migration(), finding, Deploy({"t": MB - 1}, set(), {}, MB))


def test_what_only_locks_leaves_earlier_code_able_to_come_back():
    [refusal] = refused("require-concurrent-index-creation", "large")
    assert not refusal.contracts


def test_sql_that_cannot_be_read_is_refused():
    [refusal] = refusals(migration(unread="no such constraint"), [], DEPLOY)
    assert refusal.contracts and "(no such constraint)" in refusal.sentence


def test_each_statement_is_a_line_so_that_a_reported_line_is_one():
    one = migration(("BEGIN;", ""), ('DROP INDEX "i"', ""), ('ALTER TABLE "t" ADD x int;', "t"))
    assert migration_file(one) == 'BEGIN;\nDROP INDEX "i";\nALTER TABLE "t" ADD x int;\n'
    reported = [{"line": 2, "rule_name": "r", "message": "m"}]
    assert squawk_findings(one, reported) == [Finding("r", "t", 'ALTER TABLE "t" ADD x int;', "m")]


def test_an_issue_of_the_linter_comes_with_the_statement_about_its_table():
    one = migration(("BEGIN;", ""), ("ALTER b", "b"), ("ALTER a", "a"))
    one["issues"] = [
        {"rule": "NOT_NULL", "table": "a", "message": "m"},
        {"rule": "X", "table": "", "message": "n"},
    ]
    assert linter_findings(one) == [Finding("NOT_NULL", "a", "ALTER a", "m"), Finding("X", "", "", "n")]


REFUSED = [Refusal("a.1", True, "A."), Refusal("a.2", False, "B."), Refusal("a.3", True, "C.")]


@pytest.mark.parametrize(
    ("allowed", "problems", "contracting"),
    [
        ([], ["A.", "B.", "C."], []),
        (["a.1"], ["B.", "C."], ["a.1"]),
        (["a.1", "a.2", "a.3"], [], ["a.1", "a.3"]),
        (["a.4"], ["A.", "B.", "C."], []),
    ],
)
def test_an_exception_is_for_the_migration_that_it_names(allowed, problems, contracting):
    assert judge(REFUSED, allowed, ["a.1", "a.2", "a.3", "a.4"]) == (problems, contracting)


def test_an_exception_that_names_nothing_is_a_mistake():
    problems, _contracting = judge([], ["a.9"], ["a.1"])
    assert problems == [
        "migration_allow names a.9, which this version does not have; its migrations are called <app>.<name>."
    ]


def test_of_a_key_on_a_column_that_is_new_and_empty_nothing_is_checked():
    added = ('ALTER TABLE "t" ADD COLUMN "u_id" bigint NULL CONSTRAINT "k" REFERENCES "u" ("id");', "t")
    later = ('ALTER TABLE "t" ADD CONSTRAINT "k" FOREIGN KEY ("u_id") REFERENCES "u" ("id");', "t")
    reported = [
        {"line": line, "rule_name": "adding-foreign-key-constraint", "message": "m"} for line in (0, 1)
    ]
    assert [one.statement for one in squawk_findings(migration(added, later), reported)] == [later[0]]


def test_no_linter_rule_is_listed_twice():
    names = [name for rule in RULES for name in rule.names]
    assert len(names) == len(set(names))
