"""The judgement of pending migrations, with a squawk of the tests."""

from __future__ import annotations

import json
import sys

import migration_lint
import pytest
from manual import results_in_manual, returned
from migrating.plan import table_of

MB = 1024 * 1024
NOTHING_ELSE = {"python": [], "issues": [], "unread": ""}


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
    return {
        "pending": [{"name": "shop.0002_x", "atomic": True, "statements": statements} | NOTHING_ELSE],
        "unserved": [],
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


def written(*statements: str, **more) -> dict:
    """A migration with these statements, as the new image reads it."""
    listed = [{"sql": sql, "table": table_of(sql)} for sql in statements]
    return {"name": "shop.0002_x", "atomic": True, "statements": listed} | NOTHING_ELSE | more


NEW = 'CREATE TABLE "new" ("id" bigint)'
KEY = '"u_id" bigint NULL CONSTRAINT "k" REFERENCES "u" ("id") DEFERRABLE INITIALLY DEFERRED'


@pytest.mark.parametrize(
    ("statements", "does"),
    [
        (
            (
                """ALTER TABLE "t" ADD COLUMN "a" varchar(9) DEFAULT 'x' NOT NULL""",
                'ALTER TABLE "t" ALTER COLUMN "a" DROP DEFAULT',
                'ALTER TABLE "t" ADD COLUMN "b" integer DEFAULT 1 NOT NULL',
            ),
            "makes a column NOT NULL without a default",
        ),
        (('ALTER TABLE "t" ADD COLUMN "a" integer DEFAULT NULL NOT NULL',), "makes a column NOT NULL"),
        (('ALTER TABLE "t" ALTER COLUMN "old" DROP DEFAULT',), "makes a column NOT NULL"),
        (('ALTER TABLE "t" ADD CONSTRAINT "c" CHECK ("a" > 0)',), "adds a constraint"),
        (('ALTER TABLE "t" ADD CONSTRAINT "c" CHECK ("a" > 0) NOT VALID',), "adds a constraint"),
        (
            ('ALTER TABLE "t" ADD CONSTRAINT "k" FOREIGN KEY ("old") REFERENCES "u" ("id") NOT VALID',),
            "adds a constraint",
        ),
        (
            (
                'ALTER TABLE "t" ADD COLUMN "a" bigint DEFAULT 1 NOT NULL',
                'ALTER TABLE "t" ADD CONSTRAINT "k" FOREIGN KEY ("a") REFERENCES "u" ("id")',
            ),
            "adds a constraint",
        ),
        (("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",), "adds a unique constraint"),
        (("ALTER TABLE T DROP COLUMN a",), "drops a column"),
        (("ALTER TABLE t DROP a",), "drops a column"),
        (('ALTER TABLE t ADD COLUMN "b" text NULL, DROP COLUMN a',), "drops a column"),
        (('ALTER TABLE "other"."x" DROP COLUMN "a"',), "drops a column"),
        ((NEW, 'DROP TABLE "new", "t"'), "drops a table"),
        ((NEW, 'TRUNCATE TABLE "new", t'), "drops a table or what is in it"),
        (("TRUNCATE t",), "drops a table or what is in it"),
        (('CREATE TABLE IF NOT EXISTS "t" ("id" bigint)', 'DROP TABLE "t"'), "drops a table"),
        (("DELETE FROM t",), "changes or deletes rows"),
        (("UPDATE t SET old = NULL",), "changes or deletes rows"),
        (
            ("ALTER TABLE t ADD COLUMN a integer", "UPDATE t SET a = extract(epoch FROM b), old = NULL"),
            "changes or deletes rows",
        ),
        ((NEW, "WITH gone AS (SELECT * FROM new) DELETE FROM t"), "not known to be harmless"),
        (("DROP VIEW v",), "not known to be harmless"),
        (("DROP SCHEMA s CASCADE",), "not known to be harmless"),
        (("DROP TYPE y CASCADE",), "not known to be harmless"),
        (("ALTER TABLE t SET SCHEMA s",), "not known to be harmless"),
        (("ALTER TABLE t RENAME TO v",), "renames"),
        (("REVOKE ALL ON t FROM app",), "not known to be harmless"),
        (("CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()",), "not known to be harmless"),
        (("SELECT delete_everything()",), "not known to be harmless"),
        (("DO $$ BEGIN DELETE FROM t; END $$",), "not known to be harmless"),
    ],
)  # fmt: skip
def test_what_neither_linter_finds_is_refused_at_any_size(lint, statements: tuple[str, ...], does: str):
    seen = plan(pending=[written(*statements)], tables={"t": 1, "u": 1})
    [problem] = lint(seen, answer="[]")["problems"]
    assert problem.startswith(f"shop.0002_x {does}") or f"does what is {does}" in problem
    assert problem.endswith("""allow it for this deploy: -e '{"migration_allow": ["shop.0002_x"]}'.""")
    result = lint(seen, answer="[]", allow=["shop.0002_x"])
    assert (result["problems"], result["contracting"]) == ([], ["shop.0002_x"])


@pytest.mark.parametrize(
    "statements",
    [
        ("BEGIN;", "SET LOCAL lock_timeout = '2s'", "SELECT pg_sleep(10)", "COMMIT;"),
        ('ALTER TABLE "t" ADD COLUMN "a" integer DEFAULT 0 NOT NULL CHECK ("a" >= 0)',),
        (f'ALTER TABLE "t" ADD COLUMN {KEY}', 'SET CONSTRAINTS "k" IMMEDIATE', 'CREATE INDEX "i" ON "t" ("u_id")'),
        (
            """ALTER TABLE "t" ADD COLUMN "a" varchar(9) DEFAULT 'DROP' NULL""",
            'ALTER TABLE "t" ALTER COLUMN "a" DROP DEFAULT',
        ),
        (
            'ALTER TABLE "t" ADD COLUMN "a" bigint NULL',
            'ALTER TABLE "t" ADD CONSTRAINT "k" FOREIGN KEY ("a") REFERENCES "u" ("id") NOT VALID',
            'ALTER TABLE "t" VALIDATE CONSTRAINT "k"',
            'UPDATE "t" SET "a" = length("b") WHERE "a" IS NULL',
        ),
        (NEW, 'ALTER TABLE "new" DROP COLUMN "id"', 'CREATE UNIQUE INDEX "i" ON "new" ("b")', 'DELETE FROM "new"'),
        ('CREATE INDEX CONCURRENTLY "i" ON "t" ("a")', 'DROP INDEX CONCURRENTLY IF EXISTS "i"'),
        ("INSERT INTO t (a) VALUES ('x')", """COMMENT ON COLUMN "t"."a" IS 'DROP TABLE t'"""),
    ],
)  # fmt: skip
def test_what_only_adds_is_not_refused(lint, statements: tuple[str, ...]):
    seen = plan(pending=[written(*statements)], tables={"t": 1, "u": 1})
    assert lint(seen, answer="[]")["problems"] == []


ADDED = 'ALTER TABLE "t" ADD COLUMN "a" integer NULL'
FILLED = 'UPDATE "t" SET "a" = 1'
INDEXED = 'CREATE INDEX "i" ON "t" ("b")'
SIZES = {"t": 1, "u": 1, "Big": 10 * MB}


def slow_tables(problems: list[str]) -> int:
    return sum("goes through a large table while it has a table locked" in one for one in problems)


@pytest.mark.parametrize("atomic", [True, False])
def test_rows_of_a_large_table_are_not_updated_at_once(lint, atomic: bool):
    filled = written(ADDED, atomic=True), written(FILLED, atomic=atomic)
    seen = plan(pending=list(filled), tables={"t": 10 * MB})
    [problem] = lint(seen, answer="[]")["problems"]
    assert problem == (
        'shop.0002_x updates a large table in one statement (UPDATE "t" SET "a" = 1; updates-large-table): who writes '
        "to one of these rows waits until all of them are done. Fill it after the deploy, in batches that are "
        """committed one by one, or allow it for this deploy: -e '{"migration_allow": ["shop.0002_x"]}'."""
    )
    result = lint(seen, answer="[]", allow=["shop.0002_x"])
    assert (result["problems"], result["contracting"]) == ([], [])
    assert lint(seen, answer="[]", large_table_mb=11)["problems"] == []


@pytest.mark.parametrize(
    "slow",
    [
        'UPDATE "Big" SET old = 1',
        'UPDATE "t" SET "a" = "Big"."b" FROM "Big" WHERE "Big"."id" = "t"."id"',
        'DELETE FROM "t" USING u JOIN public."Big" ON true',
        'INSERT INTO "u" (id) SELECT id FROM "Big"',
        'SELECT count(*) FROM u, ONLY "Big"',
        'CREATE TABLE "copy" AS (SELECT * FROM "Big")',
        'CREATE MATERIALIZED VIEW "v" AS SELECT count(*) FROM "Big"',
        'ALTER TABLE "Big" VALIDATE CONSTRAINT "k"',
    ],
)
@pytest.mark.parametrize(
    "locks", [ADDED, INDEXED, 'CREATE TABLE "new" (id bigint, u_id bigint REFERENCES "u" (id))']
)
def test_no_large_table_is_gone_through_while_another_is_locked(lint, locks: str, slow: str):
    def asked(*pending: dict, **options: int) -> int:
        return slow_tables(
            lint(plan(pending=list(pending), tables=SIZES), answer="[]", **options)["problems"]
        )

    both = written("BEGIN;", locks, slow, "COMMIT;")
    assert asked(both) == 1
    assert asked(both, large_table_mb=11) == 0
    assert asked(both | {"atomic": False}) == 0
    assert asked(written(locks), written(slow)) == 0
    assert asked(written(slow, locks)) == 0


def test_what_goes_through_a_large_table_can_be_allowed_and_is_named_with_it(lint):
    copied = 'INSERT INTO "u" (id) SELECT id FROM "Big"'
    seen = plan(pending=[written(ADDED, copied)], tables=SIZES)
    assert lint(seen, answer="[]")["problems"] == [
        f"shop.0002_x goes through a large table while it has a table locked ({copied}; slow-under-lock): whoever uses "
        "that one waits until the migration is committed. Do it in a migration of its own after that, or allow it for "
        """this deploy: -e '{"migration_allow": ["shop.0002_x"]}'."""
    ]
    result = lint(seen, answer="[]", allow=["shop.0002_x"])
    assert (result["problems"], result["contracting"]) == ([], [])


@pytest.mark.parametrize(
    "statements",
    [
        (ADDED, FILLED),
        (ADDED, 'UPDATE "t" SET "a" = extract(epoch FROM "b")'),
        (ADDED, 'INSERT INTO "Big" (id) VALUES (1)', 'INSERT INTO "Big" (id) SELECT id FROM "u"'),
        (ADDED, 'INSERT INTO "u" ("Big", "id") VALUES (1, 2)'),
        (ADDED, 'INSERT INTO "u" ("Big") SELECT 1'),
        (ADDED, """COMMENT ON TABLE "Big" IS 'x'""", 'CREATE VIEW "v" AS SELECT * FROM "Big"'),
        (ADDED, 'CREATE MATERIALIZED VIEW "v" AS SELECT * FROM "Big" WITH NO DATA'),
        (NEW, 'ALTER TABLE "new" ADD COLUMN "a" integer', 'INSERT INTO "new" SELECT id FROM "Big"'),
        (
            'ALTER TABLE "t" VALIDATE CONSTRAINT "k"',
            'ALTER TABLE "Big" VALIDATE CONSTRAINT "l"',
            'INSERT INTO "t" (id) SELECT id FROM "Big"',
        ),
    ],
)
def test_what_is_short_or_keeps_nobody_waiting_is_not_refused(lint, statements: tuple[str, ...]):
    seen = plan(pending=[written(*statements)], tables=SIZES)
    assert lint(seen, answer="[]")["problems"] == []


def test_python_is_named_before_it_runs(lint):
    seen = plan(pending=[written(python=["RunPython fill"])])
    [problem] = lint(seen, answer="[]")["problems"]
    assert problem.startswith("shop.0002_x runs Python (RunPython fill; runs-python): ")
    assert lint(seen, answer="[]", allow=["shop.0002_x"])["contracting"] == ["shop.0002_x"]


def test_sql_that_squawk_cannot_read_is_refused(lint):
    seen = plan(pending=[written("BEGIN", 'CREATE INDEX "i" ON "t" ("a") FROB')])
    [problem] = lint(seen, rule="syntax-error")["problems"]
    assert problem.startswith("shop.0002_x has SQL that squawk cannot read (CREATE INDEX")


def test_a_table_that_an_earlier_try_made_is_used_by_nobody(lint):
    added = 'ALTER TABLE "made" ADD CONSTRAINT "k" FOREIGN KEY ("a") REFERENCES "t" ("id") NOT VALID'
    seen = plan(pending=[written(added)], tables={"t": 1, "made": 1})
    assert len(lint(seen, answer="[]")["problems"]) == 1
    made = written('CREATE TABLE "made" ("id" bigint)') | {"name": "shop.0001_made"}
    assert lint(seen | {"unserved": [made]}, answer="[]")["problems"] == []
