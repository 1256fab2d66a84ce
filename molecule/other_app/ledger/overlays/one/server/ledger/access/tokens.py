"""Device tokens that nothing records: they live until they expire."""

import time

from django.contrib.auth.models import User

from ledger.access import jwts

LIFETIME_SECONDS = 7 * 24 * 3600


def lifetime_seconds(keep: bool) -> int:
    """How long a session lives; `keep` makes no difference in this version."""
    return LIFETIME_SECONDS


def open_device(user: User, keep: bool) -> dict[str, str]:
    """The tokens of a new session."""
    now = int(time.time())
    device = jwts.sign(user.pk, jwts.DEVICE, now, now + lifetime_seconds(keep))
    return {"bearer": jwts.bearer(user.pk), "device_token": device}


def renew(text: str) -> dict[str, str] | None:
    """A new bearer token; the device token stays as it is."""
    claims = jwts.read(text, jwts.DEVICE)
    return {"bearer": jwts.bearer(int(claims["sub"]))} if claims else None


def close(text: str) -> None:
    """Nothing is recorded, so nothing can be ended."""
