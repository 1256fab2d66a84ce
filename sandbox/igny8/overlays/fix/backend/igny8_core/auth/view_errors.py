"""Failures that pass: the client keeps its session and asks again."""

from django.db import InterfaceError, OperationalError, transaction
from django.utils.decorators import method_decorator
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from igny8_core import answers, events
from igny8_core.auth.locks import Busy


# A transaction around the request would take back what a refusal has to leave behind.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class TemporaryFailures(APIView):
    """A base of views: a lock that was not free and a database that is away answer 503, never 401."""

    def handle_exception(self, error: Exception) -> Response:
        """Turn a passing failure into its answer; leave any other to the framework."""
        if isinstance(error, Busy):
            return _retry("Another request is changing this session; try again.", "busy")
        if isinstance(error, (OperationalError, InterfaceError)):
            events.record("database_away", error=type(error.__cause__ or error).__name__)
            return _retry("The database did not answer; try again.", "unavailable")
        return super().handle_exception(error)


def _retry(words: str, code: str) -> Response:
    return answers.failure(words, code, status.HTTP_503_SERVICE_UNAVAILABLE, **{"Retry-After": "1"})
