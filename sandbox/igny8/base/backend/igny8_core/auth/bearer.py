"""Who sent a request, by the access token in its Authorization header."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from igny8_core.auth import tokens
from igny8_core.auth.models_user import User


class BearerBase(BaseAuthentication):
    """Accepts an access token of an active user; a version may check more of its claims."""

    def authenticate(self, request: Request) -> tuple[User, dict[str, Any]] | None:
        """The user and the claims; None without such a header. Raises AuthenticationFailed (a 401)."""
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = tokens.verify(token.strip(), tokens.ACCESS)
        except tokens.TokenExpired:
            raise AuthenticationFailed("The access token has expired.", "token_expired") from None
        except tokens.TokenInvalid:
            raise AuthenticationFailed("The access token is not valid.", "token_invalid") from None
        self.check_claims(claims)
        user = User.objects.filter(pk=claims["user_id"], is_active=True).first()
        if user is None:
            raise AuthenticationFailed("The user is not active.", "session_revoked")
        return user, claims

    def check_claims(self, claims: dict[str, Any]) -> None:
        """Raise AuthenticationFailed when the session of these claims has ended."""

    def authenticate_header(self, request: Request) -> str:
        """The challenge that makes a refusal 401 and not 403."""
        return "Bearer"
