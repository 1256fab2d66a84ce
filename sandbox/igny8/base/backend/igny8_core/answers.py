"""The shape of every JSON answer: `{"success": true, "data": {...}}`, or false with `error` and `code`."""

from typing import Any

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_exception_handler


class PaymentRequired(exceptions.APIException):
    """The user's plan does not include what was asked for."""

    status_code = status.HTTP_402_PAYMENT_REQUIRED
    default_detail = "This needs the premium plan."
    default_code = "payment_required"


class Conflict(exceptions.APIException):
    """Something with the same identity exists."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This exists already."
    default_code = "conflict"


def success(data: dict[str, Any], status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
    """An answer that carries `data`."""
    return Response({"success": True, "data": data}, status=status_code, headers=headers)


def failure_body(error: str, code: str) -> dict[str, Any]:
    """The body of an answer that refuses: words for people, a code for programs."""
    return {"success": False, "error": error, "code": code}


def failure(error: str, code: str, status_code: int, **headers: str) -> Response:
    """An answer that refuses."""
    return Response(failure_body(error, code), status=status_code, headers=headers)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Give the framework's refusals the common shape, keeping their status and headers."""
    response = default_exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        field, messages = next(iter(response.data.items()))
        response.data = failure_body(f"{field}: {messages[0]}", "invalid")
    else:
        detail = getattr(error, "detail", "The request was refused.")
        response.data = failure_body(str(detail), getattr(detail, "code", "error"))
    return response
