"""The text of tokens: signed from a row, and read back into what it claims."""

import base64
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from uuid import UUID, uuid5

from django.conf import settings

from igny8_core.auth import tokens
from igny8_core.auth.models_refresh_token import RefreshToken

# Gives tokens without a family one that follows from their text. Never change it: it would give them another.
_LEGACY_NAMESPACE = UUID("5d0a3c4e-7c0b-5c7e-9a55-0d6f1a2b9c11")


@dataclass(frozen=True)
class Presented:
    """What a refresh token with a good signature says about itself.

    A legacy token, from the version without families, has a family and token id derived from its text.
    """

    user_id: int
    family_id: UUID
    token_id: UUID
    rotation_count: int
    expires_at: datetime
    legacy: bool


def pair(row: RefreshToken) -> dict[str, str]:
    """The refresh token of `row`, always the same text, and a fresh access token of its family."""
    family = {"fam": str(row.family_id), "rot": row.rotation_count}
    refresh = tokens.sign(
        row.user_id,
        tokens.REFRESH,
        int(row.created_at.timestamp()),
        int(row.expires_at.timestamp()),
        jti=str(row.token_id),
        **family,
    )
    now = int(time.time())
    expires_at = now + int(settings.JWT_ACCESS_TOKEN_EXPIRY.total_seconds())
    return {"access": tokens.sign(row.user_id, tokens.ACCESS, now, expires_at, **family), "refresh": refresh}


def read(token: str) -> Presented:
    """What the token says. Raises TokenInvalid; its expiry is left to the database's clock."""
    claims = tokens.verify(token, tokens.REFRESH, check_times=False)
    legacy = "fam" not in claims
    try:
        family_id = _legacy_family(token) if legacy else UUID(claims["fam"])
        return Presented(
            user_id=claims["user_id"],
            family_id=family_id,
            token_id=family_id if legacy else UUID(claims["jti"]),
            rotation_count=0 if legacy else int(claims["rot"]),
            expires_at=datetime.fromtimestamp(claims["exp"], timezone.utc),
            legacy=legacy,
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise tokens.TokenInvalid("a claim is missing or malformed") from None


def _legacy_family(token: str) -> UUID:
    """The family of a token's canonical text.

    Verification accepts a signature with and without its padding. Hashing the text as it came would give each
    spelling a family of its own, and a logged-out token would live again in the other spelling.
    """
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    canonical = f"{signed}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
    return uuid5(_LEGACY_NAMESPACE, sha256(canonical.encode()).hexdigest())
