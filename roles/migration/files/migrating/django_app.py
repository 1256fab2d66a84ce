"""The Django project of the image: its settings, its migrations, and what its database has of them."""

from __future__ import annotations

import os
import runpy

from migrating.concurrent import indexes_settled


def set_up(manage: str) -> None:
    """Load the project as its manage.py would: that file alone may know which settings it has."""
    import django
    from django.core import management

    execute, management.execute_from_command_line = management.execute_from_command_line, lambda *_: None
    try:
        runpy.run_path(manage, run_name="__main__")
    finally:
        management.execute_from_command_line = execute
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        raise SystemExit(
            f"{manage} names no settings; set DJANGO_SETTINGS_MODULE in the service's environment."
        )
    django.setup()


def label(migration) -> str:
    """Return how a migration is called: its app, a dot, its name."""
    return f"{migration.app_label}.{migration.name}"


def names(migration) -> set[str]:
    """Return how the record of a release may call a migration: a squashed one by those that it replaces, too."""
    return {label(migration), *(".".join(key) for key in migration.replaces)}


def read_migrations(connection) -> tuple[list[str], list]:
    """Return the names of all migrations in the image, and those that the database lacks in their order."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = sorted(set().union(*map(names, executor.loader.disk_migrations.values())))
    return known, [migration for migration, _backwards in plan]


def applied(connection) -> list[str]:
    """Return the names of the migrations that the database has, the oldest first."""
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connection)
    if not recorder.has_table():
        return []
    rows = recorder.migration_qs.order_by("id").values_list("app", "name")
    return [".".join(row) for row in rows]


def applied_migrations(connection, without: list[str]) -> list:
    """Return the migrations of the image that the database has, without those that are named.

    Django counts a squashed one as applied when all are that it replaces. Code that knows one of those uses its tables.
    """
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    keys = sorted(set(loader.applied_migrations) & set(loader.disk_migrations))
    return [
        loader.disk_migrations[key] for key in keys if names(loader.disk_migrations[key]).isdisjoint(without)
    ]


def invalid_indexes(connection, pending: list) -> list[str]:
    """Return the indexes on the search path that PostgreSQL does not use: their building, or dropping, was cut short.

    Without those that a pending migration builds anew or drops.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE NOT i.indisvalid AND c.relnamespace::regnamespace::name = ANY(current_schemas(false)) ORDER BY 1"
        )
        settled = {name for one in pending for name in indexes_settled(one.atomic, one.operations)}
        return [name for (name,) in cursor.fetchall() if name not in settled]
