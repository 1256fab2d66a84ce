"""The tokens that a user gets at a login."""

from igny8_core.auth import family_tokens
from igny8_core.auth.models_refresh_token import RefreshToken, lifetime
from igny8_core.auth.models_user import User


def issue_tokens(user: User, remember_me: bool) -> dict[str, str]:
    """The access and refresh token of a new family."""
    return family_tokens.pair(RefreshToken.create_token(user, remember_me))


def session_seconds(remember_me: bool) -> int:
    """Lifetime of the cookie session in seconds, from its last request on."""
    return int(lifetime(remember_me).total_seconds())
