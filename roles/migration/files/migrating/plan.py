"""What a deploy would do to the database: the migrations that it lacks, their SQL, and what a linter says of them."""

from __future__ import annotations

import io
import re

from migrating.django_app import (
    applied,
    applied_migrations,
    invalid_indexes,
    label,
    read_migrations,
)

#: The table that a statement changes. Django quotes names; hand-written SQL may not.
TABLE = re.compile(
    r"(?:\bTABLE|\bON|\bUPDATE|\bINTO|\bFROM)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?((?:\"?\w+\"?\.)?\"?\w+\"?)",
    re.IGNORECASE,
)


def table_of(statement: str) -> str:
    """Return the table that a statement of SQL is about, as PostgreSQL folds its name; empty where none is found."""
    found = TABLE.search(statement)
    parts = found.group(1).split(".") if found else []
    return ".".join(part.strip('"') if part.startswith('"') else part.lower() for part in parts)


def missing_migrations() -> str:
    """Return what `makemigrations --check` says of changes of the models that have no migration; empty for none."""
    from django.core.management import call_command

    said = io.StringIO()
    try:
        call_command(
            "makemigrations", check_changes=True, dry_run=True, interactive=False, stdout=said, stderr=said
        )
    except SystemExit:
        return " ".join(said.getvalue().split())
    return ""


def table_sizes(connection) -> dict[str, int]:
    """Return the bytes of each table on the search path, of one that has partitions with all of theirs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, CASE relkind WHEN 'p' THEN "
            "(SELECT sum(pg_table_size(relid))::bigint FROM pg_partition_tree(oid)) ELSE pg_table_size(oid) END "
            "FROM pg_class WHERE relkind IN ('r', 'p') "
            "AND relnamespace::regnamespace::name = ANY(current_schemas(false))"
        )
        return dict(cursor.fetchall())


def read_statements(migration) -> list[str]:
    """Return the statements of a migration, without comments, each on one line as the linter reads them."""
    import sqlparse
    from django.core.management import call_command

    sql = call_command("sqlmigrate", migration.app_label, migration.name, stdout=io.StringIO())
    bare = [sqlparse.format(text, strip_comments=True) for text in sqlparse.split(sql or "")]
    return [" ".join(text.split()) for text in bare if text.strip(" ;\n")]


def python_of(operations: list) -> list[str]:
    """Return what runs Python of the operations and of those inside them: nothing shows what it does."""
    found = []
    for operation in operations:
        found += python_of(getattr(operation, "database_operations", []))
        code = getattr(operation, "code", None)
        # RunPython.noop is there to make something reversible that needs nothing.
        if not operation.reduces_to_sql and getattr(code, "__qualname__", "") != "RunPython.noop":
            found.append(f"{type(operation).__name__} {getattr(code, '__qualname__', '')}".strip())
    return found


def describe(linter, migration) -> dict:
    """Return one migration: its operations, its statements, the Python that it runs, and what the linter finds."""
    from django_migration_linter.sql_analyser import analyse_sql_statements

    found = {
        "name": label(migration),
        "atomic": migration.atomic,
        "operations": [operation.describe() for operation in migration.operations],
        "statements": [],
        "python": python_of(migration.operations),
        "issues": [],
        "unread": "",
    }
    # Django leaves Python out when it writes SQL, but not where another operation has it inside: there it would run.
    if any(python_of(getattr(one, "database_operations", [])) for one in migration.operations):
        return {**found, "unread": f"{', '.join(found['python'])} inside another operation"}
    try:
        statements = read_statements(migration)
    except Exception as error:  # what Django raises here depends on the operation
        return {**found, "unread": " ".join(str(error).split())}
    tables: dict[str, list[str]] = {}
    for statement in statements:
        tables.setdefault(table_of(statement), []).append(statement)
    for table, group in tables.items():
        errors = analyse_sql_statements(linter.sql_analyser_class, group, [])[0]
        found["issues"] += [issue(one, table) for one in errors]
    return {**found, "statements": [{"sql": text, "table": table_of(text)} for text in statements]}


def issue(found, table: str) -> dict:
    """Return an error of the linter as plain values."""
    return {"rule": found.code, "message": found.message, "table": table}


def main(served: list[str]) -> dict:
    """Return the plan. Nothing is written.

    served: migrations that a release knows which has served users, also one that failed after its switch: the tables
    of those have rows that users were promised. What others have applied, no code uses yet; where it is not known of
    any release, all of them count as served.
    """
    from django.db import connection
    from django_migration_linter import MigrationLinter

    known, pending = read_migrations(connection)
    linter = MigrationLinter(no_output=True, no_cache=True)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0].split()[0]
    return {
        "missing": missing_migrations(),
        "known": known,
        "applied": applied(connection),
        "pending": [describe(linter, migration) for migration in pending],
        "unserved": [describe(linter, one) for one in applied_migrations(connection, served)]
        if served
        else [],
        "tables": table_sizes(connection),
        "invalid_indexes": invalid_indexes(connection, pending),
        "server_version": version,
    }
