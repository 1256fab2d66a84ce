"""Token families in the database. Whatever changes a family holds its lock until the change is committed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from igny8_core.auth import locks, rotation
from igny8_core.auth.family_tokens import Presented
from igny8_core.auth.models_refresh_token import RefreshToken, database_now
from igny8_core.auth.models_user import User
from igny8_core.auth.models_user_epoch import UserEpoch
from igny8_core.auth.rotation import Outcome


class CredentialsChanged(Exception):
    """The user was deactivated, or got another password, since the password was checked."""


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh: the live tip whose tokens the client gets, or None when it was refused."""

    outcome: Outcome
    tip: RefreshToken | None


def start(user: User, remember_me: bool, root: Presented | None = None) -> RefreshToken:
    """The first token of a new family; with `root`, of the family that follows from that token's text.

    Raises CredentialsChanged: a password that was replaced while it was being checked starts nothing. Raises Busy.
    """
    with locks.new_family(user.pk) as now:
        if not User.objects.filter(pk=user.pk, is_active=True, password=user.password).exists():
            raise CredentialsChanged
        return _add_root(user, remember_me, root, now)


def refresh(presented: Presented, may_rotate: bool) -> Refreshed:
    """Carry out a refresh; its effect, the revocation of a reused family too, is committed on return.

    Raises Busy.
    """
    try:
        return _refresh_once(presented, may_rotate)
    except IntegrityError:
        # The unique indexes refused a second tip or child. What the other one wrote is visible now.
        return _refresh_once(presented, may_rotate)


def revoke(presented: Presented, reason: str) -> bool:
    """End the family of a token; False when it had ended already. Raises Busy."""
    with locks.one_family(presented.user_id, presented.family_id) as now:
        if presented.legacy and _is_active(presented.user_id):
            _adopt(presented, now)
        return _revoke_tip(presented.family_id, reason, now)


def revoke_known(user_id: int, family_id: UUID, reason: str) -> bool:
    """End a family that is known without its token; False when it had ended already. Raises Busy."""
    with locks.one_family(user_id, family_id) as now:
        return _revoke_tip(family_id, reason, now)


def revoke_all(user_id: int, reason: str) -> int:
    """End every session of the user, also those without a family; returns the number of families. Raises Busy."""
    with locks.all_families(user_id) as now:
        return _revoke_user(user_id, reason, now)


def change_password(
    user: User, hashed: str, remember_me: bool, root: Presented | None = None
) -> RefreshToken:
    """Store the hash of another password, end every session of the user, and start a new family, or do nothing.

    Raises CredentialsChanged when the password is not the one that `user` has. Raises Busy.
    """
    with locks.all_families(user.pk) as now:
        unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
        if not unchanged.update(password=hashed):
            raise CredentialsChanged
        _revoke_user(user.pk, RefreshToken.PASSWORD, now)
        return _add_root(user, remember_me, root, now)


def confirm(user_id: int, family_id: UUID, rotation_count: int | None) -> bool:
    """Whether the family has a live tip. Notes, once, that the client uses the tip's own access token.

    An access token that was given without the tip's refresh token has no rotation count: it confirms nothing.
    """
    tip = _live_tip(family_id)
    if tip is None or tip.user_id != user_id:
        return False
    if tip.confirmed_at is None and tip.rotation_count == rotation_count:
        _confirm_tip(tip)
    return True


def has_ended(user_id: int, family_id: UUID) -> bool:
    """Whether the family was ended. One that expired and is not on record any more was not."""
    if _live_tip(family_id) is not None:
        return False
    ended = RefreshToken.objects.filter(user_id=user_id, family_id=family_id, revoked_at__isnull=False)
    return ended.exclude(revoked_reason=RefreshToken.ROTATED).exists()


def is_remembered(user_id: int, family_id: UUID) -> bool:
    """Whether the live family was started with remember-me."""
    tip = _live_tip(family_id)
    return tip is not None and tip.user_id == user_id and tip.remember_me


def _refresh_once(presented: Presented, may_rotate: bool) -> Refreshed:
    with locks.one_family(presented.user_id, presented.family_id) as now:
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
            legacy_until=settings.LEGACY_ACCEPT_UNTIL,
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
    """Give a legacy token its family, unless it has one, or has expired, or is older than the user's epoch."""
    known = RefreshToken.objects.filter(token_id=presented.token_id).exists()
    if known or _live_tip(presented.family_id) or presented.expires_at <= now:
        return
    if UserEpoch.has_passed(presented.user_id, presented.issued_at):
        return
    _insert_root(presented, presented.user_id, remember_me=False, now=now)


def _add_root(user: User, remember_me: bool, root: Presented | None, now: datetime) -> RefreshToken:
    if root is None:
        return RefreshToken.create_token(user, remember_me)
    return _insert_root(root, user.pk, remember_me, now)


def _insert_root(presented: Presented, user_id: int, remember_me: bool, now: datetime) -> RefreshToken:
    return RefreshToken.objects.create(
        token_id=presented.token_id,
        user_id=user_id,
        family_id=presented.family_id,
        created_at=now,
        expires_at=presented.expires_at,
        remember_me=remember_me,
    )


def _revoke_tip(family_id: UUID, reason: str, now: datetime) -> bool:
    tips = RefreshToken.objects.filter(family_id=family_id, revoked_at=None)
    return tips.update(revoked_at=now, revoked_reason=reason) == 1


def _revoke_user(user_id: int, reason: str, now: datetime) -> int:
    UserEpoch.objects.update_or_create(user_id=user_id, defaults={"valid_from": now})
    tips = RefreshToken.objects.filter(user_id=user_id, revoked_at=None)
    return tips.update(revoked_at=now, revoked_reason=reason)


def _confirm_tip(tip: RefreshToken) -> None:
    """Note the use, unless the row is just being changed: an API call does not wait for that, the next one notes it."""
    with transaction.atomic():
        free = RefreshToken.objects.select_for_update(skip_locked=True).filter(pk=tip.pk, confirmed_at=None)
        RefreshToken.objects.filter(pk__in=free.values("pk")).update(confirmed_at=database_now())


def _live_tip(family_id: UUID) -> RefreshToken | None:
    return RefreshToken.objects.filter(family_id=family_id, revoked_at=None).first()


def _is_active(user_id: int) -> bool:
    return User.objects.filter(pk=user_id, is_active=True).exists()
