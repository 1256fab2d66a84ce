"""What a refresh leads to: the state machine of a token family, without database and without HTTP."""

from datetime import datetime, timedelta
from enum import Enum

from igny8_core.auth.family_tokens import Presented
from igny8_core.auth.models_refresh_token import RefreshToken


class Outcome(str, Enum):
    """The result of a refresh. The values of refusals are the codes of the API."""

    ROTATED = "rotated"
    KEPT = "kept"
    REPLAYED = "replayed"
    REDELIVERED = "redelivered"
    ADOPTED = "adopted"
    TOKEN_INVALID = "token_invalid"
    TOKEN_EXPIRED = "token_expired"
    SESSION_REVOKED = "session_revoked"
    REUSE_DETECTED = "reuse_detected"

    @property
    def refused(self) -> bool:
        """Whether the client gets no tokens and its session is over."""
        return self in _REFUSALS


_REFUSALS = {
    Outcome.TOKEN_INVALID,
    Outcome.TOKEN_EXPIRED,
    Outcome.SESSION_REVOKED,
    Outcome.REUSE_DETECTED,
}


def decide(
    presented: Presented,
    row: RefreshToken | None,
    tip: RefreshToken | None,
    *,
    user_active: bool,
    may_rotate: bool,
    now: datetime,
    grace: timedelta,
    legacy_until: datetime | None = None,
) -> Outcome:
    """The outcome for a presented token, given its row and the live tip of its family, each if it exists.

    `may_rotate` says that the client can store a new refresh token; without it nothing is consumed.
    `now` is the database's clock, read after the family's lock was taken. A legacy token lasts to `legacy_until`.
    """
    if row is None and tip is None and not presented.legacy:
        return Outcome.TOKEN_INVALID
    if _belongs_to_another(presented, row or tip):
        return Outcome.TOKEN_INVALID
    if not user_active or (row is not None and tip is None):
        return Outcome.SESSION_REVOKED
    if _expired(presented, row or tip, now) or (presented.legacy and legacy_until and legacy_until <= now):
        return Outcome.TOKEN_EXPIRED
    if tip is None:
        return Outcome.SESSION_REVOKED
    if presented.legacy:
        return Outcome.ADOPTED
    if row is None:
        return (
            Outcome.REUSE_DETECTED if presented.rotation_count < tip.rotation_count else Outcome.TOKEN_INVALID
        )
    if row.pk == tip.pk:
        return Outcome.ROTATED if may_rotate else Outcome.KEPT
    return _superseded(row, tip, now, grace)


def _belongs_to_another(presented: Presented, known: RefreshToken | None) -> bool:
    """Whether the family's record contradicts the token, which only a mistake of ours could sign."""
    if known is None:
        return False
    return (known.family_id, known.user_id) != (presented.family_id, presented.user_id)


def _expired(presented: Presented, known: RefreshToken | None, now: datetime) -> bool:
    """By the record where there is one: it has the full precision, and an operator may have shortened it."""
    return (known.expires_at if known else presented.expires_at) <= now


def _superseded(row: RefreshToken, tip: RefreshToken, now: datetime, grace: timedelta) -> Outcome:
    """A token of a live family that is no longer its tip: a retry, a lost answer or a stolen copy."""
    if row.revoked_reason != RefreshToken.ROTATED:
        return Outcome.SESSION_REVOKED
    if row.revoked_at > now - grace:
        return Outcome.REPLAYED
    if row.pk == tip.parent_id and tip.confirmed_at is None:
        return Outcome.REDELIVERED
    return Outcome.REUSE_DETECTED
