"""`/livez`: the process answers. `/readyz`: the database answers and has every migration of this source."""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse

from ledger import answers


def livez(_request: HttpRequest) -> JsonResponse:
    """200 without asking any other service."""
    return answers.result({"alive": True})


def readyz(_request: HttpRequest) -> JsonResponse:
    """200, or 503 with a word for what is missing."""
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return answers.problem("database", 503)
    return (
        answers.result({"ready": True})
        if _own_migrations() <= applied
        else answers.problem("migrations", 503)
    )


@cache
def _own_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)
