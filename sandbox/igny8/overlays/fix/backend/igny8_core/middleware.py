"""What happens to a user who may not do something, and what no cache may keep."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from igny8_core import events

_REFUSALS = {402, 403}
# By which a browser says that it was refused something within the last minute: nothing has to be stored for that. It is
# signed with the time of the refusal, and says nothing else.
_REFUSED_COOKIE = "refused"
_REFUSED_SECONDS = 60
# What ends what the cookie says, and how long after the refusal that means that the refusal was taken for a logout. A
# client that logs out by itself does it as soon as it is answered. A user who has read that something is refused, and
# wants to leave, takes longer.
_ENDS = {
    "/api/auth/login/": ("login_after_refusal", _REFUSED_SECONDS),
    "/api/auth/logout/": ("logout_after_refusal", 3),
    "/api/auth/logout-all/": ("logout_after_refusal", 3),
}


class AccountMiddleware:
    """Records that the account's permissions or plan did not allow a request. The session goes on.

    It records as well that a browser took the refusal for a logout: it logs out at once, or soon logs in without one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in _REFUSALS:
            events.record("refused", status=response.status_code, path=request.path, user_id=request.user.pk)
            response.set_signed_cookie(
                _REFUSED_COOKIE,
                "1",
                max_age=_REFUSED_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        elif _REFUSED_COOKIE in request.COOKIES and request.path in _ENDS and response.status_code == 200:
            self._end(request, response)
        return response

    def _end(self, request: HttpRequest, response: HttpResponse) -> None:
        """A login or a logout ends what the cookie says."""
        event, seconds = _ENDS[request.path]
        if request.get_signed_cookie(_REFUSED_COOKIE, default=None, max_age=seconds) is not None:
            events.record(event, user_id=request.user.pk)
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
