"""Signing and verifying JSON web tokens. Every version of the backend accepts what any other one signed."""

from typing import Any

import jwt
from django.conf import settings

ACCESS = "access"
REFRESH = "refresh"

_ALGORITHM = "HS256"


class TokenInvalid(Exception):
    """The token was not signed with our key, is of another kind, or lacks a claim."""


class TokenExpired(TokenInvalid):
    """The token was good once."""


def sign(user_id: int, kind: str, issued_at: int, expires_at: int, **more: object) -> str:
    """A token of `kind`, with times in seconds since 1970. Equal arguments give an identical string."""
    claims = {"user_id": user_id, "type": kind, "iat": issued_at, "exp": expires_at, **more}
    return jwt.encode(claims, settings.SECRET_KEY, algorithm=_ALGORITHM)


def verify(token: str, kind: str, *, check_times: bool = True) -> dict[str, Any]:
    """The token's claims. Raises TokenInvalid, or TokenExpired when this host's clock is past `exp`.

    With `check_times=False` the caller compares `exp` with a clock of its own.
    """
    try:
        claims = _decode(token, check_times)
    except jwt.ExpiredSignatureError:
        raise TokenExpired("the token has expired") from None
    except jwt.InvalidTokenError as error:
        raise TokenInvalid(str(error)) from None
    if claims.get("type") != kind or type(claims.get("user_id")) is not int:
        raise TokenInvalid(f"this is no {kind} token of a user")
    return claims


def _decode(token: str, check_times: bool) -> dict[str, Any]:
    """By the present key or one that it replaced, so that a change of the key ends no session."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                leeway=settings.JWT_LEEWAY_SECONDS,
                options={"require": ["exp", "iat"], "verify_exp": check_times, "verify_iat": check_times},
            )
        except jwt.InvalidSignatureError as error:
            refused = error
    raise refused
