"""The judgement of pending migrations, with a squawk of the tests."""

from __future__ import annotations

import json
import sys

import migration_lint
import pytest
from manual import results_in_manual, returned

MB = 1024 * 1024


@pytest.fixture
def lint(run_module, tmp_path):
    """Judge a plan; squawk is a program that reports one rule at the second line of each file."""

    def call(
        plan: dict, rule: str = "require-concurrent-index-creation", answer: str = "", **options
    ) -> dict:
        squawk = tmp_path / "squawk"
        said = repr(answer) if answer else "json.dumps(found)"
        squawk.write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"found = [dict(file=f, line=1, rule_name={rule!r}, message='m') for f in sys.argv[5:]]\n"
            f"open({str(tmp_path / 'argv')!r}, 'w').write(json.dumps(sys.argv[1:5]))\nprint({said})\nsys.exit(1)\n"
        )
        squawk.chmod(0o755)
        return run_module(migration_lint, {"plan": plan, "squawk": str(squawk)} | options)

    return call


def plan(**more) -> dict:
    statements = [{"sql": "BEGIN;", "table": ""}, {"sql": 'CREATE INDEX "i" ON "t" ("a");', "table": "t"}]
    pending = [{"name": "shop.0002_x", "statements": statements, "issues": [], "unread": ""}]
    return {
        "pending": pending,
        "applied": ["shop.0001_initial"],
        "known": ["shop.0001_initial", "shop.0002_x"],
        "tables": {"t": 10 * MB},
        "server_version": "15.2",
    } | more


def test_what_squawk_reports_is_refused_with_its_statement(lint, tmp_path):
    result = lint(plan())
    assert (
        'shop.0002_x builds or drops an index with the table locked (CREATE INDEX "i"'
        in result["problems"][0]
    )
    assert json.loads((tmp_path / "argv").read_text()) == ["--reporter", "json", "--pg-version", "15.2"]
    assert returned(result) == results_in_manual(migration_lint)


def test_what_is_allowed_is_listed_where_earlier_code_can_not_bear_it(lint):
    allow = {"allow": ["shop.0002_x"]}
    assert lint(plan(), **allow)["contracting"] == []
    result = lint(plan(), rule="ban-drop-column", **allow)
    assert (result["problems"], result["contracting"]) == ([], ["shop.0002_x"])


def test_a_table_under_the_limit_may_be_locked(lint):
    assert lint(plan(), large_table_mb=11)["problems"] == []


def test_a_database_without_migrations_has_no_earlier_code(lint):
    assert lint(plan(applied=[]), rule="ban-drop-column")["problems"] == []


def test_nothing_pending_asks_nobody(lint, tmp_path):
    assert lint(plan(pending=[]))["problems"] == []
    assert not (tmp_path / "argv").exists()


def test_a_missing_squawk_is_named_with_the_next_step(lint):
    result = lint(plan(), squawk="/nowhere/squawk")
    assert (
        result["failed"]
        and "/nowhere/squawk is not on the control node; it comes with requirements.txt" in result["msg"]
    )


def test_an_answer_that_is_not_json_fails(lint):
    result = lint(plan(), answer="error: unexpected argument")
    assert result["failed"] and "gives no answer that can be read" in result["msg"]
