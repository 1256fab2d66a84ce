"""What plans, applies and proves migrations in the container of a new image, on a database that is in use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from app_stack import assemble, wait_for

FILES = Path(__file__).resolve().parents[2] / "roles/migration/files"
OPTIONS = {
    "lock_timeout": 1,
    "statement_timeout": 0,
    "retries": 1,
    "retry_seconds": 1,
    "wait_seconds": 0,
}


class Image:
    """A version of the backend as its image holds it, and a database to migrate."""

    def __init__(self, services, source: Path, database: str) -> None:
        self.services = services
        self.source = source
        self.database = database

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the package beside the project's manage.py."""
        return self._python("-m", "migrating", *arguments)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the project's manage.py."""
        return self._python("manage.py", *arguments)

    def _python(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.source,
            env=self.services.environment(POSTGRES_DB=self.database, PYTHONPATH=str(FILES)),
            capture_output=True,
            text=True,
        )

    def ask(self, *arguments: str) -> dict:
        """Run it and return its answer, which is all that stdout has."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def plan(self, *served: str) -> dict:
        return self.ask("plan", "manage.py", json.dumps({"served": served}))

    def write(
        self, operations: str, atomic: bool = True, name: str = "0002_written", after: str = "0001_initial"
    ) -> None:
        """Give the notes one more migration."""
        text = f"""from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

def fill(apps, editor):
    apps.get_model("igny8_notes", "Note").objects.all().delete()

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("igny8_notes", "{after}")]
    operations = [{operations}]
"""
        (self.source / f"igny8_core/notes/migrations/{name}.py").write_text(text)

    def apply(self, **options: float) -> dict:
        return self.ask("apply", "manage.py", json.dumps(OPTIONS | options))


@pytest.fixture
def database(services) -> Iterator[str]:
    """A database with the schema of `fix`."""
    name = "applying"
    services.sql(f"CREATE DATABASE {name}")
    try:
        yield name
    finally:
        services.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def image(services, database, tmp_path) -> Callable[[str], Image]:
    """Makes a version; the first one brings the database to the schema of `fix`."""

    def make(version: str) -> Image:
        return Image(services, assemble(version, tmp_path / version), database)

    prepared = Image(services, assemble("fix", tmp_path / "prepared"), database)
    assert prepared.apply()["pending"] == []
    return make


@contextmanager
def open_transaction(services, database: str, statement: str) -> Iterator[None]:
    """A transaction that has run a statement and does not end."""
    with services.connect(database) as connection, connection.transaction():
        connection.execute(statement)
        yield


def test_an_empty_database_gets_everything_and_the_plan_says_so_before(services, database, tmp_path):
    fix = Image(services, assemble("fix", tmp_path / "fix"), database)
    plan = fix.plan()
    assert (plan["applied"], plan["tables"], plan["missing"]) == ([], {}, "")
    names = [one["name"] for one in plan["pending"]]
    assert "igny8_auth.0002_refresh_token" in names and set(names) == set(plan["known"])
    result = fix.apply()
    assert result["failure"] == {} and result["missing"] == []
    assert sorted(result["applied"]) == sorted(names)
    again = fix.apply()
    assert (again["applied"], again["pending"], again["tries"]) == ([], [], 1)


def test_the_plan_has_statements_with_their_tables_and_writes_nothing(image):
    made = image("next")
    plan = made.plan()
    [label] = plan["pending"]
    assert label["name"] == "igny8_notes.0002_note_label"
    added = {"sql": 'ALTER TABLE "igny8_note" ADD COLUMN "label" text NULL;', "table": "igny8_note"}
    assert added in label["statements"]
    assert plan["tables"]["igny8_note"] >= 0
    assert [one["name"] for one in made.plan()["pending"]] == [label["name"]]


def test_a_table_is_as_large_as_all_its_partitions(image, services, database):
    made = image("fix")
    with services.connect(database) as connection:
        for statement in (
            "CREATE TABLE parted (id bigint) PARTITION BY RANGE (id)",
            "CREATE TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (50000) PARTITION BY RANGE (id)",
            "CREATE TABLE lowest PARTITION OF low FOR VALUES FROM (0) TO (25000)",
            "CREATE TABLE high PARTITION OF parted FOR VALUES FROM (50000) TO (100000)",
            "CREATE TABLE empty (id bigint) PARTITION BY RANGE (id)",
            "INSERT INTO parted SELECT generate_series(0, 24999)",
            "INSERT INTO parted SELECT generate_series(50000, 99999)",
        ):
            connection.execute(statement)
    tables = made.plan()["tables"]
    assert tables["lowest"] > 500_000 and tables["high"] > tables["lowest"]
    assert tables["parted"] == tables["lowest"] + tables["high"]
    assert (tables["low"], tables["empty"]) == (tables["lowest"], 0)


@pytest.mark.parametrize(
    ("version", "rule"), [("drops-column", "DROP_COLUMN"), ("required-column", "NOT_NULL")]
)
def test_the_linter_says_what_earlier_code_cannot_bear(image, version: str, rule: str):
    issues = [issue for one in image(version).plan()["pending"] for issue in one["issues"]]
    assert {"rule": rule, "table": "igny8_note"}.items() <= issues[0].items()


def test_what_a_migration_would_take_back_is_no_issue_of_it(services, database, tmp_path):
    Image(services, assemble("before", tmp_path / "before"), database).apply()
    plan = Image(services, assemble("fix", tmp_path / "fix"), database).plan()
    assert [one for one in plan["pending"] if one["issues"]] == []


@pytest.mark.parametrize(
    ("operation", "python", "unread"),
    [
        ("migrations.RunPython(fill)", ["RunPython fill"], ""),
        ("migrations.RunPython(migrations.RunPython.noop, fill)", [], ""),
        (
            "migrations.SeparateDatabaseAndState([migrations.RunPython(fill)])",
            ["RunPython fill"],
            "RunPython fill inside another operation",
        ),
    ],
)
def test_python_is_named_and_not_run(image, services, database, operation, python, unread):
    made = image("fix")
    made.write(operation)
    with services.connect(database) as connection:
        connection.execute(
            "INSERT INTO igny8_user (password, email, is_active, created_at) VALUES ('', 'a', true, now())"
        )
        connection.execute(
            "INSERT INTO igny8_note (client_id, text, created_at, user_id) "
            "SELECT gen_random_uuid(), '', now(), id FROM igny8_user"
        )
        [pending] = made.plan()["pending"]
        assert connection.execute("SELECT count(*) FROM igny8_note").fetchone() == (1,)
    assert (pending["python"], pending["unread"]) == (python, unread)


def test_what_no_release_that_served_knows_is_told_apart(image):
    made = image("fix")
    assert made.plan()["unserved"] == []
    served = [name for name in made.plan()["known"] if name != "igny8_auth.0002_refresh_token"]
    [unserved] = made.plan(*served)["unserved"]
    assert unserved["name"] == "igny8_auth.0002_refresh_token"
    assert unserved["statements"][1]["sql"].startswith("CREATE TABLE auth_refresh_token")


def test_a_squashed_migration_is_as_old_as_those_that_it_replaces(image):
    """Else its tables would count as used by no code, and anything might be done to them."""
    made = image("fix")
    made.write('migrations.AddField("note", "colour", models.TextField(null=True))')
    made.apply()
    served = made.plan()["known"]
    assert made.manage("squashmigrations", "igny8_notes", "0002", "--no-input").returncode == 0
    made.write('migrations.RemoveField("note", "text")', name="0003_drop", after="0002_written")
    plan = made.plan(*served)
    assert [one["name"] for one in plan["pending"]] == ["igny8_notes.0003_drop"]
    assert plan["unserved"] == []
    assert "igny8_notes.0001_squashed_0002_written" in plan["known"]
    # Once the old ones are removed from the code, it knows them all the same: nothing they did is missing in it.
    (made.source / "igny8_core/notes/migrations/0002_written.py").unlink()
    assert set(served) <= set(made.plan()["known"])


def test_code_that_runs_says_which_migrations_it_knows_and_which_are_pending(image, services):
    made = image("next")
    done = subprocess.run(
        [sys.executable, "-c", (FILES / "state.py").read_text(), ""],
        cwd=made.source,
        env=services.environment(POSTGRES_DB=made.database),
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert found["pending"] == ["igny8_notes.0002_note_label"]
    assert found["known"] == made.plan()["known"]


def test_models_without_a_migration_are_named(image):
    made = image("next")
    (made.source / "igny8_core/notes/migrations/0002_note_label.py").unlink()
    assert "Add field label to note" in made.plan()["missing"]


def test_of_two_migrations_the_first_stays_when_the_second_fails(image, services, database):
    result = image("broken-halfway").apply()
    assert result["applied"] == ["igny8_notes.0002_note_label"]
    assert result["pending"] == ["igny8_notes.0003_broken"]
    assert (result["failure"]["kind"], result["failure"]["migration"], result["tries"]) == (
        "error",
        "igny8_notes.0003_broken",
        1,
    )
    assert "made_to_fail" in result["failure"]["message"]
    with services.connect(database) as connection:
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'igny8_note'"
        ).fetchall()
    assert ("label",) in columns and ("colour",) not in columns
    assert image("next").apply()["pending"] == []


def test_a_lock_that_is_not_had_is_tried_for_again_and_given_up(image, services, database):
    made = image("next")
    with open_transaction(services, database, "SELECT * FROM igny8_note"):
        begun = time.monotonic()
        result = made.apply()
        assert time.monotonic() - begun < 30
    assert (result["failure"]["kind"], result["tries"], result["applied"]) == ("lock", 2, [])
    assert "idle in transaction, open for" in result["failure"]["blocker"]
    assert made.apply()["applied"] == ["igny8_notes.0002_note_label"]


def test_a_lock_that_gets_free_meanwhile_is_had(image, services, database):
    made, answer = image("next"), {}
    with open_transaction(services, database, "SELECT * FROM igny8_note"):
        thread = threading.Thread(target=lambda: answer.update(made.apply(retries=5)))
        thread.start()
        with services.connect(database) as watcher:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
            wait_for(
                lambda: watcher.execute(waits, [database]).fetchone() == (1,), "the migration's wait", 60
            )
        time.sleep(2.2)
    thread.join()
    assert answer["failure"] == {} and answer["tries"] > 1


def test_one_runner_at_a_time(image, services, database):
    made = image("next")
    number = zlib.crc32(b"django_migration")
    with open_transaction(services, database, f"SELECT pg_advisory_xact_lock({number})"):
        result = made.apply()
    assert (result["failure"]["kind"], result["applied"]) == ("busy", [])
    assert "of igny8 from" in result["failure"]["message"]


def apply_and_lose_the_server(made: Image) -> dict:
    """Apply a slow migration whose connection the server ends meanwhile: all that a migration sees of a restart."""
    answer: dict = {}
    thread = threading.Thread(target=lambda: answer.update(made.apply(retries=3)))
    thread.start()
    with made.services.connect() as watcher:
        slow = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(10)%%' AND datname = %s"
        wait_for(lambda: watcher.execute(slow, [made.database]).fetchone(), "the slow migration", 60)
        watcher.execute(f"SELECT pg_terminate_backend(pid) FROM ({slow}) AS slow", [made.database])
    thread.join()
    return answer


def test_a_server_that_goes_away_is_asked_again(image):
    answer = apply_and_lose_the_server(image("slow-migration"))
    assert answer["failure"] == {} and answer["tries"] == 2 and answer["pending"] == []
    assert answer["applied"][-1] == "igny8_notes.0004_slow"


def test_a_migration_outside_a_transaction_is_not_tried_again(image):
    made = image("slow-migration")
    slow = made.source / "igny8_core/notes/migrations/0004_slow.py"
    slow.write_text(slow.read_text().replace("    dependencies", "    atomic = False\n    dependencies"))
    answer = apply_and_lose_the_server(made)
    assert (answer["failure"]["kind"], answer["tries"]) == ("away", 1)
    assert answer["pending"] == ["igny8_notes.0004_slow"]


INDEX = "AddIndexConcurrently('note', models.Index(fields=['{}'], name='{}')),"
TWO = INDEX.format("text", "note_text") + INDEX.format("created_at", "note_created")


def valid_indexes(services, database: str) -> list[str]:
    with services.connect(database) as connection:
        rows = connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid AND indrelid = 'igny8_note'::regclass"
        ).fetchall()
    return sorted(name for (name,) in rows if name.startswith("note_"))


def test_an_index_waits_for_older_transactions_longer_than_others_wait_for_locks(image, services, database):
    made, answer = image("fix"), {}
    made.write(TWO, atomic=False)
    with open_transaction(services, database, "UPDATE igny8_note SET text = text"):
        thread = threading.Thread(target=lambda: answer.update(made.apply(retries=0, statement_timeout=2)))
        thread.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
        with services.connect(database) as watcher:
            wait_for(lambda: watcher.execute(waits, [database]).fetchone() == (1,), "the wait", 60)
            time.sleep(2.2)
            watcher.execute(
                "INSERT INTO igny8_user (password, email, is_active, created_at) VALUES ('', 'a', true, now())"
            )
    thread.join()
    assert answer["failure"] == {} and valid_indexes(services, database) == ["note_created", "note_text"]


@pytest.mark.parametrize("left", ["an invalid one", "a finished one"])
def test_indexes_whose_building_was_cut_short_are_built_by_the_next_run(image, services, database, left):
    made = image("fix")
    made.write(TWO, atomic=False)
    build = "CREATE INDEX CONCURRENTLY note_text ON igny8_note (text)"
    with services.connect(database) as connection:
        if left == "an invalid one":
            connection.execute("SET lock_timeout = '300ms'")
            with (
                open_transaction(services, database, "UPDATE igny8_note SET text = text"),
                pytest.raises(psycopg.errors.LockNotAvailable),
            ):
                connection.execute(build)
            connection.execute("RESET lock_timeout")
        else:
            connection.execute(build)
        [before] = connection.execute("SELECT oid FROM pg_class WHERE relname = 'note_text'").fetchall()
        assert made.plan()["invalid_indexes"] == []
        result = made.apply()
        [after] = connection.execute("SELECT oid FROM pg_class WHERE relname = 'note_text'").fetchall()
    assert (result["failure"], result["pending"], result["invalid_indexes"]) == ({}, [], [])
    assert (before == after) == (left == "a finished one")
    assert valid_indexes(services, database) == ["note_created", "note_text"]


def test_an_index_whose_dropping_was_cut_short_is_dropped_by_the_next_run(image, services, database):
    made = image("fix")
    made.write(INDEX.format("text", "note_text"), atomic=False)
    assert made.apply()["pending"] == []
    made.write("RemoveIndexConcurrently('note', 'note_text')", False, "0003_drop", "0002_written")
    left = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('note_text')"
    with services.connect(database) as connection:
        connection.execute("SET lock_timeout = '300ms'")
        with (
            open_transaction(services, database, "UPDATE igny8_note SET text = text"),
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            connection.execute("DROP INDEX CONCURRENTLY note_text")
        assert connection.execute(left).fetchall() == [(False,)]
        assert made.plan()["invalid_indexes"] == []
        result = made.apply()
        assert connection.execute(left).fetchall() == []
    assert (result["failure"], result["pending"], result["invalid_indexes"]) == ({}, [], [])


def test_a_finished_index_that_is_another_one_is_no_index_of_the_migration(image, services, database):
    made = image("fix")
    made.write(TWO, atomic=False)
    with services.connect(database) as connection:
        connection.execute("CREATE INDEX note_text ON igny8_note (created_at)")
    result = made.apply()
    assert result["failure"]["kind"] == "error" and "note_text" in result["failure"]["message"]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_session_that_is_not_kept_is_noticed_before_a_migration_begins(image, services, database, atomic):
    """What a pooler in transaction mode does: another process answers, which does not have the lock."""
    made = image("next")
    made.write("migrations.RunSQL('SELECT pg_advisory_unlock_all()')", True, "0003_first", "0002_note_label")
    made.write("migrations.RunSQL('CREATE TABLE second ()')", atomic, "0004_second", "0003_first")
    result = made.apply()
    assert (result["failure"]["kind"], result["pending"]) == ("session", ["igny8_notes.0004_second"])
    assert "advisory lock" in result["failure"]["message"]


def test_a_statement_that_takes_too_long_is_ended(image):
    result = image("slow-migration").apply(statement_timeout=1)
    assert (result["failure"]["kind"], result["tries"]) == ("ended", 1)
    assert "statement timeout" in result["failure"]["message"]


def test_what_the_migrations_describe_and_the_database_lacks_is_named(image, services, database):
    made = image("fix")
    with services.connect(database) as connection:
        connection.execute("DROP INDEX rt_live_exp")
        connection.execute("ALTER TABLE igny8_note DROP COLUMN text")
        connection.execute("DROP TABLE auth_user_epoch")
        connection.execute("ALTER TABLE auth_refresh_token DROP CONSTRAINT rt_token_uq")
    assert sorted(made.apply()["missing"]) == [
        "column igny8_note.text",
        "constraint rt_token_uq of auth_refresh_token",
        "index rt_live_exp of auth_refresh_token",
        "table auth_user_epoch",
    ]


def test_an_index_whose_building_was_cut_short_is_named(image, services, database):
    made = image("fix")
    with services.connect(database) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("CREATE UNIQUE INDEX CONCURRENTLY never_built ON django_migrations (app)")
    assert made.plan()["invalid_indexes"] == made.apply()["invalid_indexes"] == ["never_built"]


def test_a_migration_and_the_note_of_it_are_one(image, services, database):
    """A migration that defers statements is noted after its own transaction: it must not be there without its note."""
    made = image("locking-index")
    with services.connect(database) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no note'; END $$"
        )
        connection.execute("CREATE TRIGGER t BEFORE INSERT ON django_migrations EXECUTE FUNCTION refuse()")
        assert made.apply()["failure"]["message"].count("no note")
        found = connection.execute("SELECT to_regclass('igny8_note_created')").fetchone()
    assert found == (None,)


def test_a_project_whose_manage_py_names_no_settings_is_told_so(image, services):
    made = image("fix")
    (made.source / "manage.py").write_text("from django.core.management import execute_from_command_line\n")
    done = subprocess.run(
        [sys.executable, "-m", "migrating", "plan", "manage.py"],
        cwd=made.source,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        | {"PYTHONPATH": str(FILES)},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "manage.py names no settings" in done.stderr
