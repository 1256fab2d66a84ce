"""What happens to a user who may not do something, and what no cache may keep."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from igny8_core import events
from igny8_core.auth import sessions

_REFUSALS = {402, 403}


class AccountMiddleware:
    """Records that the account's permissions or plan did not allow a request. The session goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in _REFUSALS:
            events.record("refused", status=response.status_code, path=request.path, user_id=request.user.pk)
            sessions.note_refusal(request)
        return response


class NoStoreMiddleware:
    """Forbids caches to keep any answer of the API, also one that a failure or another middleware made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
