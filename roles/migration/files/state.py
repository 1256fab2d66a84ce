"""Print as JSON what the database lacks for the code that runs: {known, pending, model, table}.

The only argument is the dotted path of a model, or nothing. `known` are the migrations of the code, `pending` those
that are not applied, `model` says why that model cannot be imported, `table` is the name of its table where the
database has none.
"""

import importlib
import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402  (Django must be set up first)
from django.db.migrations.executor import MigrationExecutor  # noqa: E402


def model_problem(path):
    """Return why a model cannot be imported, and the name of its table."""
    module, _dot, name = path.rpartition(".")
    try:
        return "", getattr(importlib.import_module(module), name)._meta.db_table
    except (ImportError, AttributeError) as error:
        return f"{path}: {error}", ""


executor = MigrationExecutor(connection)
plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
problem, table = model_problem(sys.argv[1]) if sys.argv[1] else ("", "")
missing = table if table and table not in connection.introspection.table_names() else ""
print(
    json.dumps(
        {
            "known": sorted(".".join(key) for key in executor.loader.disk_migrations),
            "pending": [f"{m.app_label}.{m.name}" for m, _ in plan],
            "model": problem,
            "table": missing,
        }
    )
)
