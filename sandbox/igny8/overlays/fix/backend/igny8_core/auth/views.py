"""Refreshing and logging out with token families."""

import time

from django.contrib.auth import logout
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from igny8_core import answers, events
from igny8_core.auth import families, family_tokens
from igny8_core.auth.family_tokens import Presented
from igny8_core.auth.models_refresh_token import RefreshToken
from igny8_core.auth.rotation import Outcome
from igny8_core.auth.serializers import RefreshTokenSerializer
from igny8_core.auth.tokens import TokenInvalid
from igny8_core.auth.view_base import PublicView

_WORDS = {
    Outcome.TOKEN_INVALID: "The refresh token is not valid.",
    Outcome.TOKEN_EXPIRED: "The refresh token has expired.",
    Outcome.SESSION_REVOKED: "The session has ended.",
    Outcome.REUSE_DETECTED: "The refresh token was used again after it was replaced; the session has ended.",
}


class RefreshView(PublicView):
    """Gives a new access token and the current refresh token of the family.

    A client that sends `X-Auth-Rotate: 1` can store a new refresh token, and gets one.
    Refusals are returned, never raised: an exception would roll back the revocation of a reused family.
    """

    def post(self, request: Request) -> Response:
        started = time.monotonic()
        presented = _presented(request)
        if presented is None:
            events.record("refresh", outcome=Outcome.TOKEN_INVALID.value)
            return _refusal(Outcome.TOKEN_INVALID)
        try:
            result = families.refresh(presented, may_rotate=request.headers.get("X-Auth-Rotate") == "1")
        except families.FamilyBusy:
            _record_refresh(presented, "busy", started)
            return _busy()
        _record_refresh(presented, result.outcome.value, started)
        if result.tip is None:
            return _refusal(result.outcome)
        return answers.success(family_tokens.pair(result.tip), **{"X-Refresh-Outcome": result.outcome.value})


class LogoutView(PublicView):
    """Ends the token family and the cookie session. A bad token does not keep the session alive."""

    def post(self, request: Request) -> Response:
        presented = _presented(request)
        try:
            ended = presented is not None and families.revoke(presented, RefreshToken.LOGOUT)
        except families.FamilyBusy:
            return _busy()
        user_id = presented.user_id if presented else request._request.user.pk
        family_id = presented.family_id if presented else None
        events.record("logout", reason="logout", user_id=user_id, family=family_id, family_ended=ended)
        logout(request)
        return answers.success({})


def _presented(request: Request) -> Presented | None:
    """What the refresh token in the body says; None without a token or without a good signature."""
    given = RefreshTokenSerializer(data=request.data)
    if not given.is_valid():
        return None
    try:
        return family_tokens.read(given.validated_data["refresh"])
    except TokenInvalid:
        return None


def _refusal(outcome: Outcome) -> Response:
    headers = {"WWW-Authenticate": "Bearer", "X-Refresh-Outcome": outcome.value}
    return answers.failure(_WORDS[outcome], outcome.value, status.HTTP_401_UNAUTHORIZED, **headers)


def _busy() -> Response:
    words = "Another request is changing this session; try again."
    return answers.failure(words, "busy", status.HTTP_503_SERVICE_UNAVAILABLE, **{"Retry-After": "1"})


def _record_refresh(presented: Presented, outcome: str, started: float) -> None:
    events.record(
        "refresh",
        outcome=outcome,
        user_id=presented.user_id,
        family=presented.family_id,
        rotation_count=presented.rotation_count,
        legacy=presented.legacy,
        duration_ms=round((time.monotonic() - started) * 1000, 1),
    )
