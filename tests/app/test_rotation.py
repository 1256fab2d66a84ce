"""The state machine alone, row by row."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
GRACE = timedelta(seconds=60)
FAMILY = UUID(int=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def make(django_of_fix):
    """Makes rows of the family, not saved."""
    from igny8_core.auth.models_refresh_token import RefreshToken

    def row(pk: int, **fields: object) -> RefreshToken:
        known = {
            "user_id": 7,
            "family_id": FAMILY,
            "rotation_count": pk,
            "expires_at": LATER,
            "parent_id": pk - 1,
        }
        return RefreshToken(pk=pk, **(known | fields))

    return row


@pytest.fixture
def decide(django_of_fix):
    """Decides for a presented token, by default one that may be rotated."""
    from igny8_core.auth import rotation
    from igny8_core.auth.family_tokens import Presented

    def call(
        row, tip, *, rot=0, legacy=False, user_active=True, may_rotate=True, expires_at=LATER, user_id=7
    ):
        presented = Presented(user_id, FAMILY, UUID(int=2), rot, NOW, expires_at, legacy)
        return rotation.decide(
            presented, row, tip, user_active=user_active, may_rotate=may_rotate, now=NOW, grace=GRACE
        ).value

    return call


def superseded(seconds_ago: float) -> dict[str, object]:
    return {"revoked_at": NOW - timedelta(seconds=seconds_ago), "revoked_reason": "rotated"}


def test_unknown_token_without_family(decide) -> None:
    assert decide(None, None) == "token_invalid"


def test_the_tip(decide, make) -> None:
    assert decide(make(1), make(1)) == "rotated"
    assert decide(make(1), make(1), may_rotate=False) == "kept"


@pytest.mark.parametrize("reason", ["logout", "logout_all", "password", "reuse_detected", "admin", "canary"])
def test_an_ended_family_has_no_grace(decide, make, reason: str) -> None:
    assert decide(make(1, revoked_at=NOW, revoked_reason=reason), None) == "session_revoked"
    assert decide(make(1, **superseded(0)), None) == "session_revoked"
    # What was ended is not called expired, though it is that too.
    assert decide(make(1, revoked_at=NOW, revoked_reason=reason, expires_at=NOW), None) == "session_revoked"


def test_inactive_user(decide, make) -> None:
    assert decide(make(1), make(1), user_active=False) == "session_revoked"


@pytest.mark.parametrize(("left", "outcome"), [(-1, "token_expired"), (0, "token_expired"), (1, "rotated")])
def test_expiry_is_by_the_record(decide, make, left: int, outcome: str) -> None:
    row = make(1, expires_at=NOW + timedelta(seconds=left))
    assert decide(row, row) == outcome


@pytest.mark.parametrize(("age", "outcome"), [(0, "replayed"), (59.9, "replayed"), (60, "reuse_detected")])
def test_grace_counts_from_the_tokens_own_supersession(decide, make, age: float, outcome: str) -> None:
    assert decide(make(1, **superseded(age)), make(3)) == outcome


@pytest.mark.parametrize(("confirmed_at", "outcome"), [(None, "redelivered"), (NOW, "reuse_detected")])
def test_parent_of_the_tip(decide, make, confirmed_at: datetime | None, outcome: str) -> None:
    assert decide(make(1, **superseded(3600)), make(2, confirmed_at=confirmed_at)) == outcome


@pytest.mark.parametrize(
    ("rot", "outcome"), [(1, "reuse_detected"), (2, "token_invalid"), (3, "token_invalid")]
)
def test_purged_token_of_a_live_family(decide, make, rot: int, outcome: str) -> None:
    assert decide(None, make(2), rot=rot) == outcome


def test_legacy_token(decide, make) -> None:
    assert decide(make(0, **superseded(3600)), make(5, confirmed_at=NOW), legacy=True) == "adopted"
    assert decide(make(0), make(0), legacy=True, may_rotate=False) == "adopted"
    assert decide(None, None, legacy=True, expires_at=NOW) == "token_expired"
    assert decide(make(0, revoked_at=NOW, revoked_reason="logout"), None, legacy=True) == "session_revoked"


def test_a_record_of_another_user(decide, make) -> None:
    assert decide(make(1), make(1), user_id=8) == "token_invalid"
