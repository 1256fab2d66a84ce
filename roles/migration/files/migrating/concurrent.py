"""Migrations that build or drop indexes CONCURRENTLY, and nothing else: another try goes on where one was cut short."""

from __future__ import annotations

import re

#: How long one of their waits may take: for older transactions, while nobody who reads or writes waits for them.
WAIT_SECONDS = 120


def is_concurrent(atomic: bool, operations: list) -> bool:
    """Say whether all that a migration does is to build or drop indexes outside of a transaction."""
    kinds = {type(operation).__name__ for operation in operations}
    return not atomic and bool(kinds) and kinds <= {"AddIndexConcurrently", "RemoveIndexConcurrently"}


def indexes_settled(atomic: bool, operations: list) -> list[str]:
    """Return the names of the indexes that such a migration builds or drops, whatever an earlier try has left."""
    if not is_concurrent(atomic, operations):
        return []
    return [
        one.index.name if type(one).__name__ == "AddIndexConcurrently" else one.name for one in operations
    ]


def leave_out_what_is_done(connection, state, migration) -> None:
    """Drop the indexes of a migration whose building was cut short, and have those left alone that are finished.

    A finished one that is another than the migration describes stays, and the migration fails with its name.
    """
    from django.db.migrations.operations import SeparateDatabaseAndState

    operations = []
    for operation in migration.operations:
        if type(operation).__name__ == "AddIndexConcurrently":
            model = state.apps.get_model(migration.app_label, operation.model_name)
            definition, valid = read_index(connection, operation.index.name)
            if definition and not valid:
                with connection.cursor() as cursor:
                    name = connection.ops.quote_name(operation.index.name)
                    cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            elif definition and definition == wanted_definition(connection, model, operation.index):
                operation = SeparateDatabaseAndState(state_operations=[operation])
        operations.append(operation)
    migration.operations = operations


def read_index(
    connection, name: str, schema: str = "ANY(current_schemas(false)::text[])"
) -> tuple[str, bool]:
    """Return how PostgreSQL describes an index, without its table's name, and whether it is valid; empty for none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(c.oid), i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = %s AND n.nspname = {schema}",
            [name],
        )
        definition, valid = cursor.fetchone() or ("", False)
    return re.sub(r" ON (?:ONLY )?.+? USING ", " USING ", definition, count=1), valid


def wanted_definition(connection, model, index) -> str:
    """Return how PostgreSQL describes the index that the migration wants: it is built on an empty table for that."""
    from django.db import transaction

    table = connection.ops.quote_name(model._meta.db_table)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # Of the same name, and found before the other: the index is built on it as it would be on that.
        cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {table})")
        with connection.schema_editor(atomic=False) as editor:
            cursor.execute(str(index.create_sql(model, editor)))
        definition, _valid = read_index(
            connection, index.name, "(SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema())"
        )
        transaction.set_rollback(True, using=connection.alias)
    return definition
