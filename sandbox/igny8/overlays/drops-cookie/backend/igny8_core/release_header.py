"""Names the release on every answer, and has browsers throw the session away that a refused request came with."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ReleaseHeaderMiddleware:
    """Sets `X-App-Release`. The session stays on the server, so only the client's cookie shows the fault."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["X-App-Release"] = settings.RELEASE_ID
        if response.status_code in {402, 403}:
            response.delete_cookie(settings.SESSION_COOKIE_NAME)
        return response
