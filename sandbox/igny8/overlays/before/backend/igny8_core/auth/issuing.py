"""The tokens that a user gets: nothing is stored, so they live until they expire."""

import time

from django.conf import settings

from igny8_core.auth import tokens
from igny8_core.auth.models_user import User


def issue_tokens(user: User, remember_me: bool) -> dict[str, str]:
    """An access and a refresh token. `remember_me` makes no difference in this version."""
    now = int(time.time())
    expires_at = now + int(settings.JWT_REFRESH_TOKEN_EXPIRY.total_seconds())
    refresh = tokens.sign(user.pk, tokens.REFRESH, now, expires_at)
    return {"access": issue_access(user.pk), "refresh": refresh}


def issue_access(user_id: int) -> str:
    """An access token that starts now."""
    now = int(time.time())
    expires_at = now + int(settings.JWT_ACCESS_TOKEN_EXPIRY.total_seconds())
    return tokens.sign(user_id, tokens.ACCESS, now, expires_at)


def session_seconds(remember_me: bool) -> int | None:
    """Lifetime of the cookie session in seconds; None is SESSION_COOKIE_AGE."""
    return None
