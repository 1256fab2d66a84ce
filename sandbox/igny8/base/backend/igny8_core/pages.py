"""Pages that refuse: two that a logged-in user may not see, and answers for wrong addresses and faults."""

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from igny8_core import answers


class RestrictedReportView(APIView):
    """A report that no ordinary user may read: always 403."""

    def get(self, _request: Request) -> Response:
        raise PermissionDenied("You may not read this report.")


class PremiumView(APIView):
    """A page of the premium plan, which no user of the reference app has: always 402."""

    def get(self, _request: Request) -> Response:
        raise answers.PaymentRequired


def bad_request(_request: HttpRequest, exception: Exception) -> JsonResponse:
    """400 in the common shape, for what no view gets to see."""
    return JsonResponse(answers.failure_body("The request is malformed.", "bad_request"), status=400)


def not_found(_request: HttpRequest, exception: Exception) -> JsonResponse:
    """404 in the common shape."""
    return JsonResponse(answers.failure_body("There is nothing at this address.", "not_found"), status=404)


def server_error(_request: HttpRequest) -> JsonResponse:
    """500 in the common shape."""
    return JsonResponse(answers.failure_body("The server failed.", "server_error"), status=500)
