"""Compares the schema that the migrations describe with the one that the database has."""

from __future__ import annotations


def missing_from_schema(connection) -> list[str]:
    """Return the tables, columns, indexes and constraints that the migrations leave behind and the database lacks."""
    from django.db.migrations.loader import MigrationLoader

    models = MigrationLoader(connection).project_state().apps.get_models(include_auto_created=True)
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor, include_views=True))
        lacking = []
        for model in models:
            options = model._meta
            if not options.managed or options.proxy or options.swapped:
                continue
            if not connection_has(connection, model):
                continue
            if options.db_table not in there:
                lacking.append(f"table {options.db_table}")
            else:
                lacking += missing_from_table(connection, cursor, options)
    return lacking


def connection_has(connection, model) -> bool:
    """Say whether the model belongs to this database, as the project's routers have it."""
    from django.db import router

    return router.allow_migrate_model(connection.alias, model)


def missing_from_table(connection, cursor, options) -> list[str]:
    """Return what one table lacks."""
    introspection = connection.introspection
    columns = {column.name for column in introspection.get_table_description(cursor, options.db_table)}
    named = introspection.get_constraints(cursor, options.db_table)
    wanted = [field.column for field in options.local_concrete_fields if field.column]
    return [
        *(f"column {options.db_table}.{name}" for name in wanted if name not in columns),
        *(
            f"index {index.name} of {options.db_table}"
            for index in options.indexes
            if index.name not in named
        ),
        *(
            f"constraint {one.name} of {options.db_table}"
            for one in options.constraints
            if one.name not in named
        ),
    ]
