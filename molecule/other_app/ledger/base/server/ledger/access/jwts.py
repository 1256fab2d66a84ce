"""Signed texts with a lifetime. Both versions read what the other one signed."""

import time
from typing import Any

import jwt
from django.conf import settings

BEARER, DEVICE = "bearer", "device"
BEARER_SECONDS = 1800


def sign(user_id: int, use: str, starts: int, ends: int, **more: str) -> str:
    """A token for one use; times in seconds since 1970."""
    claims = {"sub": str(user_id), "use": use, "iat": starts, "exp": ends, **more}
    return jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")


def bearer(user_id: int) -> str:
    """The token that goes with each request of a client."""
    now = int(time.time())
    return sign(user_id, BEARER, now, now + BEARER_SECONDS)


def read(text: str, use: str) -> dict[str, Any] | None:
    """The claims; None when the text is not ours, has expired or is for another use."""
    try:
        claims = jwt.decode(text, settings.SECRET_KEY, algorithms=["HS256"], leeway=5)
    except jwt.InvalidTokenError:
        return None
    return claims if claims.get("use") == use else None
