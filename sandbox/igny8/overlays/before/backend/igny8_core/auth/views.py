"""Refreshing and logging out with stateless tokens."""

from django.contrib.auth import logout
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from igny8_core import answers, events
from igny8_core.auth import issuing, tokens
from igny8_core.auth.models_user import User
from igny8_core.auth.serializers import RefreshTokenSerializer
from igny8_core.auth.view_base import PublicView


class RefreshView(PublicView):
    """Gives a new access token for a refresh token, which stays as it is."""

    def post(self, request: Request) -> Response:
        given = RefreshTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            claims = tokens.verify(given.validated_data["refresh"], tokens.REFRESH)
        except tokens.TokenExpired:
            return self._refuse("The refresh token has expired.", "token_expired")
        except tokens.TokenInvalid:
            return self._refuse("The refresh token is not valid.", "token_invalid")
        if not User.objects.filter(pk=claims["user_id"], is_active=True).exists():
            return self._refuse("The session has ended.", "session_revoked")
        events.record("refresh", outcome="stateless", user_id=claims["user_id"])
        return answers.success({"access": issuing.issue_access(claims["user_id"])})

    def _refuse(self, error: str, code: str) -> Response:
        events.record("refresh", outcome=code)
        return answers.failure(error, code, status.HTTP_401_UNAUTHORIZED, **{"WWW-Authenticate": "Bearer"})


class LogoutView(PublicView):
    """Ends the cookie session. The refresh token lives on until it expires: nothing records it."""

    def post(self, request: Request) -> Response:
        events.record("logout", reason="logout", user_id=request._request.user.pk)
        logout(request)
        return answers.success({})
