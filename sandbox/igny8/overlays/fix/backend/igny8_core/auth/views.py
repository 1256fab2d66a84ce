"""Refreshing and logging out with token families."""

import time
from uuid import UUID

from django.contrib.auth import logout
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from igny8_core import answers, events
from igny8_core.auth import families, family_tokens, issuing, limits, locks, sessions
from igny8_core.auth.families import Refreshed
from igny8_core.auth.family_tokens import Presented
from igny8_core.auth.models_refresh_token import RefreshToken
from igny8_core.auth.rotation import Outcome
from igny8_core.auth.serializers import RefreshTokenSerializer
from igny8_core.auth.tokens import TokenInvalid
from igny8_core.auth.view_base import PublicView, UncachedView
from igny8_core.auth.view_errors import TemporaryFailures

_WORDS = {
    Outcome.TOKEN_INVALID: "The refresh token is not valid.",
    Outcome.TOKEN_EXPIRED: "The refresh token has expired.",
    Outcome.SESSION_REVOKED: "The session has ended.",
    Outcome.REUSE_DETECTED: "The refresh token was used again after it was replaced; the session has ended.",
}


class RefreshView(TemporaryFailures, PublicView):
    """Gives a new access token and the current refresh token of the family.

    A client that sends `X-Auth-Rotate: 1` can store a new refresh token, and gets one.
    Refusals are returned, never raised: an exception would roll back the revocation of a reused family.
    """

    def post(self, request: Request) -> Response:
        started = time.monotonic()
        given = RefreshTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        text = given.validated_data["refresh"]
        presented = _read(text)
        wait = _seconds_to_wait(request, presented)
        if wait:
            events.record("rate_limited", family=presented and presented.family_id)
            return limits.refusal(wait)
        if presented is None:
            events.record("refresh", outcome=Outcome.TOKEN_INVALID.value)
            return _refusal(Outcome.TOKEN_INVALID)
        rotating = issuing.may_rotate(request)
        try:
            result = families.refresh(presented, rotating)
        except locks.Busy:
            _record_refresh(presented, "busy", started)
            raise
        _record_refresh(presented, result.outcome.value, started)
        return _answer(result, rotating, keeps=text if presented.legacy and not rotating else "")


class LogoutView(TemporaryFailures, PublicView):
    """Ends the token family and the cookie session. A bad token does not keep the session alive."""

    def post(self, request: Request) -> Response:
        given = RefreshTokenSerializer(data=request.data)
        presented = _read(given.validated_data["refresh"]) if given.is_valid() else None
        if presented is None:
            user_id, family_id = _of_cookie(request)
            ended = family_id is not None and families.revoke_known(user_id, family_id, RefreshToken.LOGOUT)
        else:
            user_id, family_id = presented.user_id, presented.family_id
            ended = families.revoke(presented, RefreshToken.LOGOUT)
        events.record("logout", reason="logout", user_id=user_id, family=family_id, family_ended=ended)
        logout(request)
        return answers.success({})


class LogoutAllView(TemporaryFailures, UncachedView):
    """Ends every session of the user on every device, this one too."""

    def post(self, request: Request) -> Response:
        user_id = request.user.pk
        ended = families.revoke_all(user_id, RefreshToken.LOGOUT_ALL)
        events.record("logout", reason="logout_all", user_id=user_id, families_ended=ended)
        logout(request)
        return answers.success({"ended": ended})


def _read(token: str) -> Presented | None:
    """What a refresh token says; None when its signature is not good."""
    try:
        return family_tokens.read(token)
    except TokenInvalid:
        return None


def _of_cookie(request: Request) -> tuple[int | None, UUID | None]:
    """User and token family of the cookie session, as far as there are any."""
    user_id = sessions.user_of(request).pk
    family_id = request._request.session.get(sessions.FAMILY)
    return user_id, UUID(family_id) if user_id and family_id else None


def _seconds_to_wait(request: Request, presented: Presented | None) -> int:
    address = limits.client_address(request)
    by_address = limits.ADDRESS.seconds_to_wait(address) if address else 0
    return by_address or (limits.FAMILY.seconds_to_wait(presented.family_id) if presented else 0)


def _answer(result: Refreshed, rotating: bool, keeps: str) -> Response:
    """The tokens, or the refusal. A client that cannot store another keeps the legacy token it has."""
    if result.tip is None:
        return _refusal(result.outcome)
    tokens = family_tokens.pair(result.tip, confirms=rotating) | ({"refresh": keeps} if keeps else {})
    return answers.success(tokens, **{"X-Refresh-Outcome": result.outcome.value})


def _refusal(outcome: Outcome) -> Response:
    headers = {"WWW-Authenticate": "Bearer", "X-Refresh-Outcome": outcome.value}
    return answers.failure(_WORDS[outcome], outcome.value, status.HTTP_401_UNAUTHORIZED, **headers)


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
