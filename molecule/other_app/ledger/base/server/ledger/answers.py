"""The shape of the JSON answers: `{"result": {...}}`, or `{"problem": "<word>"}`. No cache may keep one."""

from typing import Any

from django.http import JsonResponse


def result(values: dict[str, Any], status: int = 200) -> JsonResponse:
    """An answer that carries values."""
    return JsonResponse({"result": values}, status=status, headers={"Cache-Control": "no-store"})


def problem(word: str, status: int) -> JsonResponse:
    """An answer that refuses; a 401 names how to be let in."""
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return JsonResponse({"problem": word}, status=status, headers=headers)
