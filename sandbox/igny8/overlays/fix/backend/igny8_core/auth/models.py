"""Models of the app."""

from igny8_core.auth.models_refresh_token import RefreshToken
from igny8_core.auth.models_user import User

__all__ = ["RefreshToken", "User"]
