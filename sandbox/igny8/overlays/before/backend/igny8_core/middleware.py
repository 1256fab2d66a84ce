"""What happens to a user who may not do something."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from igny8_core import events

_REFUSALS = {402, 403}


class AccountMiddleware:
    """Logs a user out when the account's permissions or plan do not allow the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in _REFUSALS:
            events.record("logout", reason=f"refused_{response.status_code}", user_id=request.user.pk)
            logout(request)
        return response
