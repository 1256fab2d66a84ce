"""The text of tokens: signed from a row, and read back into what it claims."""

import base64
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID, uuid4, uuid5

from django.conf import settings

from igny8_core.auth import tokens
from igny8_core.auth.models_refresh_token import RefreshToken

# Gives tokens without a family one that follows from their text. Never change it: it would give them another.
_LEGACY_NAMESPACE = UUID("5d0a3c4e-7c0b-5c7e-9a55-0d6f1a2b9c11")


@dataclass(frozen=True)
class Presented:
    """What a refresh token with a good signature says about itself.

    A legacy token names no family: it is from the version without families, or was given to a client that stores no
    other. Its family and token id are derived from its text.
    """

    user_id: int
    family_id: UUID
    token_id: UUID
    rotation_count: int
    issued_at: datetime
    expires_at: datetime
    legacy: bool


def pair(row: RefreshToken, confirms: bool = True) -> dict[str, str]:
    """The refresh token of `row`, always the same text, and a fresh access token of its family."""
    refresh = tokens.sign(
        row.user_id,
        tokens.REFRESH,
        int(row.created_at.timestamp()),
        int(row.expires_at.timestamp()),
        jti=str(row.token_id),
        fam=str(row.family_id),
        rot=row.rotation_count,
    )
    return {"access": access(row, confirms), "refresh": refresh}


def access(row: RefreshToken, confirms: bool) -> str:
    """A fresh access token, which expires with its family at the latest.

    Using it confirms that the client has the row's refresh token. It must not where the client may not have stored
    that one: another client could still wait for it. A first token has no predecessor that could ask for it.
    """
    now = int(time.time())
    expires_at = now + int(settings.JWT_ACCESS_TOKEN_EXPIRY.total_seconds())
    expires_at = min(expires_at, int(row.expires_at.timestamp()))
    rotation = {"rot": row.rotation_count} if confirms or row.rotation_count == 0 else {}
    return tokens.sign(row.user_id, tokens.ACCESS, now, expires_at, fam=str(row.family_id), **rotation)


def sign_legacy(user_id: int, lifetime: timedelta, until: datetime | None) -> str:
    """A refresh token without a family, unlike any other; it expires at `until` if that is sooner."""
    now = int(time.time())
    expires_at = now + int(lifetime.total_seconds())
    if until is not None:
        expires_at = min(expires_at, int(until.timestamp()))
    return tokens.sign(user_id, tokens.REFRESH, now, expires_at, jti=str(uuid4()))


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
            issued_at=datetime.fromtimestamp(claims["iat"], timezone.utc),
            expires_at=datetime.fromtimestamp(claims["exp"], timezone.utc),
            legacy=legacy,
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError):
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
