"""What happens to a user who may not do something, and what no cache may keep."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from igny8_core import events

_REFUSALS = {402, 403}
# By which a browser says that it was refused something within the last minute: nothing has to be stored for that.
_REFUSED_COOKIE = "refused"
_REFUSED_SECONDS = 60
_LOGIN = "/api/auth/login/"
_LOGOUTS = {"/api/auth/logout/", "/api/auth/logout-all/"}


class AccountMiddleware:
    """Records that the account's permissions or plan did not allow a request. The session goes on.

    It records as well that a browser logs in soon after, without a logout: it took the refusal for one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in _REFUSALS:
            events.record("refused", status=response.status_code, path=request.path, user_id=request.user.pk)
            response.set_cookie(
                _REFUSED_COOKIE,
                "1",
                max_age=_REFUSED_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        elif _REFUSED_COOKIE in request.COOKIES and response.status_code == 200:
            self._end(request, response)
        return response

    def _end(self, request: HttpRequest, response: HttpResponse) -> None:
        """A login or a logout ends what the cookie says."""
        if request.path == _LOGIN:
            events.record("login_after_refusal", user_id=request.user.pk)
        elif request.path not in _LOGOUTS:
            return
        response.delete_cookie(_REFUSED_COOKIE, samesite="Lax")


class NoStoreMiddleware:
    """Forbids caches to keep any answer of the API, also one that a failure or another middleware made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
