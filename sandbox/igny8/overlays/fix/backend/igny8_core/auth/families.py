"""Token families in the database. Whatever changes a family holds its lock until the change is committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from psycopg.errors import LockNotAvailable

from igny8_core.auth import rotation
from igny8_core.auth.family_tokens import Presented
from igny8_core.auth.models_refresh_token import RefreshToken, database_now
from igny8_core.auth.models_user import User
from igny8_core.auth.rotation import Outcome

# Keeps these advisory locks apart from any others that hash texts.
_LOCK_SEED = 7_265_811


class FamilyBusy(Exception):
    """The family's lock was not free in time. Nothing was decided; the client may ask again."""


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh: the live tip whose tokens the client gets, or None when it was refused."""

    outcome: Outcome
    tip: RefreshToken | None


def refresh(presented: Presented, may_rotate: bool) -> Refreshed:
    """Carry out a refresh; its effect, the revocation of a reused family too, is committed on return.

    Raises FamilyBusy.
    """
    try:
        return _refresh_once(presented, may_rotate)
    except IntegrityError:
        # The unique indexes refused a second tip or child. What the other one wrote is visible now.
        return _refresh_once(presented, may_rotate)


def revoke(presented: Presented, reason: str) -> bool:
    """End the family of a token; False when it had ended already. Raises FamilyBusy."""
    with _locked(presented.family_id) as now:
        if presented.legacy and _is_active(presented.user_id):
            _adopt(presented, now)
        return _revoke_tip(presented.family_id, reason, now)


def confirm(family_id: str, rotation_count: int) -> bool:
    """Whether the family has a live tip. Notes, once, that the client uses the tip's own access token."""
    tip = _live_tip(UUID(family_id))
    if tip is None:
        return False
    if tip.confirmed_at is None and tip.rotation_count == rotation_count:
        RefreshToken.objects.filter(pk=tip.pk, confirmed_at=None).update(confirmed_at=database_now())
    return True


@contextmanager
def _locked(family_id: UUID) -> Iterator[datetime]:
    """A transaction that alone may change the family; gives the database's time once it holds the lock.

    Locking the token's row would not do: a logout could not see a successor that is not committed yet.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '3s'")
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [str(family_id), _LOCK_SEED]
                )
            yield database_now()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise FamilyBusy from error
        raise


def _refresh_once(presented: Presented, may_rotate: bool) -> Refreshed:
    with _locked(presented.family_id) as now:
        active = _is_active(presented.user_id)
        if presented.legacy and active:
            _adopt(presented, now)
        row = RefreshToken.objects.filter(token_id=presented.token_id).first()
        tip = _live_tip(presented.family_id)
        outcome = rotation.decide(
            presented,
            row,
            tip,
            user_active=active,
            may_rotate=may_rotate,
            now=now,
            grace=settings.REFRESH_GRACE,
        )
        return Refreshed(outcome, _apply(outcome, presented.family_id, tip, now))


def _apply(outcome: Outcome, family_id: UUID, tip: RefreshToken | None, now: datetime) -> RefreshToken | None:
    """Write what the outcome asks for; returns the family's tip afterwards, None for a refusal."""
    if outcome is Outcome.REUSE_DETECTED:
        _revoke_tip(family_id, RefreshToken.REUSE_DETECTED, now)
    if outcome.refused:
        return None
    if outcome is Outcome.ROTATED:
        return _rotate(tip, now)
    if outcome in {Outcome.REPLAYED, Outcome.REDELIVERED}:
        RefreshToken.objects.filter(pk=tip.pk).update(replay_count=F("replay_count") + 1)
    return tip


def _rotate(tip: RefreshToken, now: datetime) -> RefreshToken:
    """Supersede the tip; the successor expires when the whole family does."""
    _revoke_tip(tip.family_id, RefreshToken.ROTATED, now)
    return RefreshToken.objects.create(
        user_id=tip.user_id,
        family_id=tip.family_id,
        parent_id=tip.pk,
        created_at=now,
        expires_at=tip.expires_at,
        rotation_count=tip.rotation_count + 1,
        remember_me=tip.remember_me,
    )


def _adopt(presented: Presented, now: datetime) -> None:
    """Give a legacy token its family, unless it has one or has expired."""
    known = RefreshToken.objects.filter(token_id=presented.token_id).exists()
    if known or presented.expires_at <= now:
        return
    RefreshToken.objects.create(
        token_id=presented.token_id,
        user_id=presented.user_id,
        family_id=presented.family_id,
        created_at=now,
        expires_at=presented.expires_at,
        remember_me=False,
    )


def _revoke_tip(family_id: UUID, reason: str, now: datetime) -> bool:
    tips = RefreshToken.objects.filter(family_id=family_id, revoked_at=None)
    return tips.update(revoked_at=now, revoked_reason=reason) == 1


def _live_tip(family_id: UUID) -> RefreshToken | None:
    return RefreshToken.objects.filter(family_id=family_id, revoked_at=None).first()


def _is_active(user_id: int) -> bool:
    return User.objects.filter(pk=user_id, is_active=True).exists()
