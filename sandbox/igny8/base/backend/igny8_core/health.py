"""`/livez`: the process is alive and not stopping. `/readyz`: everything that a request needs is there."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse

from igny8_core import answers, lifecycle


def livez(_request: HttpRequest) -> JsonResponse:
    """200, or 503 once the server was told to stop. Asks no other service."""
    if lifecycle.is_stopping():
        return JsonResponse(answers.failure_body("The server is stopping.", "stopping"), status=503)
    return JsonResponse({"success": True, "data": {"alive": True}})


def readyz(_request: HttpRequest) -> JsonResponse:
    """200, or 503 with the names of the checks that fail: postgres, redis, migrations."""
    failing = [name for name in settings.READINESS_CHECKS if not _CHECKS[name]()]
    if failing:
        words = f"Not ready: {', '.join(failing)}."
        body = answers.failure_body(words, "not_ready") | {"failing": failing}
        return JsonResponse(body, status=503)
    return JsonResponse({"success": True, "data": {"ready": list(settings.READINESS_CHECKS)}})


def _postgres_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    """Asks the server itself: the session alias is made to hide that Redis is away."""
    try:
        return bool(caches["sessions"].client.get_client(write=True).ping())
    except Exception:  # any failure at all means that Redis does not answer
        return False


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of the migrations in this source; read once, files do not change under a running server."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _migrations_applied() -> bool:
    try:
        return _known_migrations() <= set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return False


_CHECKS: dict[str, Callable[[], bool]] = {
    "postgres": _postgres_answers,
    "redis": _redis_answers,
    "migrations": _migrations_applied,
}
