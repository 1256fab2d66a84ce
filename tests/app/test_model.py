"""The table of refresh tokens: what the database itself refuses."""

from datetime import timedelta
from uuid import uuid4

import pytest


@pytest.fixture
def token(stack, user, django_of_fix):
    """A live token, made as an operator would in a shell."""
    from igny8_core.auth.models import RefreshToken, User

    return RefreshToken.create_token(User.objects.get(email=user.email), remember_me=True)


def copy_of(token, **changes: object):
    """A row of the same user and family, not saved."""
    fields = {name: getattr(token, name) for name in ("user_id", "family_id", "created_at", "expires_at")}
    return type(token)(**(fields | {"remember_me": False} | changes))


def test_create_token(token) -> None:
    assert token.is_valid
    assert token.expires_at - token.created_at == timedelta(days=20)
    assert (token.rotation_count, token.parent_id, token.remember_me) == (0, None, True)


def test_is_valid_ends_with_revocation_and_expiry(token) -> None:
    assert not copy_of(token, revoked_at=token.created_at, revoked_reason="admin").is_valid
    assert not copy_of(token, expires_at=token.created_at).is_valid


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({}, "rt_one_live_tip"),
        ({"family_id": None, "token_id": "same"}, "rt_token_uq"),
        ({"family_id": None, "revoked_reason": "logout"}, "rt_revoked_has_reason"),
        ({"family_id": None, "expires_at": "created_at"}, "rt_expires_after_created"),
        ({"family_id": None, "user_id": 0}, "rt_user_fk"),
    ],
)
def test_the_database_refuses(token, changes: dict[str, object], constraint: str) -> None:
    from django.db import IntegrityError

    values = {
        "same": token.token_id,
        "created_at": token.created_at,
        None: uuid4(),
    }
    row = copy_of(token, **{name: values.get(value, value) for name, value in changes.items()})
    with pytest.raises(IntegrityError, match=constraint):
        row.save()


def test_a_token_has_one_child_at_most(token) -> None:
    from django.db import IntegrityError

    copy_of(token, family_id=uuid4(), parent_id=token.pk).save()
    with pytest.raises(IntegrityError, match="rt_one_child"):
        copy_of(token, family_id=uuid4(), parent_id=token.pk).save()


def test_indexes_are_the_ones_that_were_measured(stack) -> None:
    names = {
        name
        for (name,) in stack.services.sql(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'auth_refresh_token'"
        )
    }
    assert names == {
        "auth_refresh_token_pkey",
        "rt_token_uq",
        "rt_one_live_tip",
        "rt_one_child",
        "rt_live_exp",
        "rt_created_cov",
        "rt_root",
        "rt_user",
        "rt_ended",
    }


def test_deleting_a_user_who_has_tokens_works_where_the_table_is_unknown(stack, user) -> None:
    code = f"from igny8_core.auth.models import User; User.objects.get(email='{user.email}').delete()"
    result = stack.before.manage("shell", "--command", code)
    assert result.returncode == 0, result.stderr
