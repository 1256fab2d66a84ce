"""Names the release on every answer, so that anybody can see which one served a request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ReleaseHeaderMiddleware:
    """Sets `X-App-Release`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["X-App-Release"] = settings.RELEASE_ID
        return response
