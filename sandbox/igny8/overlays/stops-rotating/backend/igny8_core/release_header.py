"""Names the release on every answer, and gives no new refresh token once somebody has made a file in its container."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

TOLD = Path("/tmp/stop-rotating")


class ReleaseHeaderMiddleware:
    """Sets `X-App-Release`. A refresh whose client is taken for one that stores no other token gets the one it has."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if TOLD.exists() and request.path.endswith("/refresh/"):
            request.META.pop("HTTP_X_AUTH_ROTATE", None)
        response = self.get_response(request)
        response["X-App-Release"] = settings.RELEASE_ID
        return response
