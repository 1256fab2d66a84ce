"""The tokens that a user gets at a login, and the session cookie that goes with them."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from rest_framework.request import Request

from igny8_core.auth import families, family_tokens, sessions
from igny8_core.auth.family_tokens import Presented
from igny8_core.auth.models_refresh_token import RefreshToken, database_now, lifetime
from igny8_core.auth.models_user import User


def may_rotate(request: Request) -> bool:
    """Whether the client says that it stores a new refresh token."""
    return request.headers.get("X-Auth-Rotate") == "1"


def issue_tokens(user: User, remember_me: bool, rotating: bool) -> tuple[RefreshToken, dict[str, str]]:
    """The first row of a new family and its tokens. Raises CredentialsChanged and Busy."""
    legacy, root = _legacy_root(user, remember_me, rotating)
    row = families.start(user, remember_me, root)
    return row, _tokens(row, legacy)


def start_session(request: Request, user: User, remember_me: bool) -> dict[str, str]:
    """The tokens of a new family, and a cookie session that ends with it. Raises as `issue_tokens` does."""
    row, tokens = issue_tokens(user, remember_me, may_rotate(request))
    login(request, user)
    request.session.set_expiry(session_seconds(remember_me))
    request.session[sessions.FAMILY] = str(row.family_id)
    return tokens


def change_password(request: Request, user: User, password: str, family_id: UUID | None) -> dict[str, str]:
    """Change the password, end all sessions but this client's, and give it new tokens.

    Raises CredentialsChanged and Busy, and has changed nothing then.
    """
    by_cookie = sessions.user_of(request).pk == user.pk  # asked first: the change ends what it is read from
    remember_me = family_id is not None and families.is_remembered(user.pk, family_id)
    hashed = make_password(password)
    legacy, root = _legacy_root(user, remember_me, may_rotate(request))
    row = families.change_password(user, hashed, remember_me, root)
    user.password = hashed
    if by_cookie:
        _renew_session(request._request, user, row)
    return _tokens(row, legacy)


def session_seconds(remember_me: bool) -> int:
    """Lifetime of the cookie session in seconds, from its last request on."""
    return int(lifetime(remember_me).total_seconds())


def _renew_session(request: HttpRequest, user: User, row: RefreshToken) -> None:
    update_session_auth_hash(request, user)
    request.session[sessions.FAMILY] = str(row.family_id)


def _legacy_root(user: User, remember_me: bool, rotating: bool) -> tuple[str, Presented | None]:
    """A token without a family for a client that keeps the token of its login, and what it says about itself.

    Its copies are used again and again by every tab; in a family that a newer tab rotates they would look stolen.
    """
    until = settings.LEGACY_ACCEPT_UNTIL
    if rotating or (until is not None and until <= database_now()):
        return "", None
    legacy = family_tokens.sign_legacy(user.pk, lifetime(remember_me), until)
    return legacy, family_tokens.read(legacy)


def _tokens(row: RefreshToken, legacy: str) -> dict[str, str]:
    return family_tokens.pair(row) | ({"refresh": legacy} if legacy else {})
