"""Models of the app."""

from igny8_core.auth.models_refresh_token import RefreshToken
from igny8_core.auth.models_user import User
from igny8_core.auth.models_user_epoch import UserEpoch

__all__ = ["RefreshToken", "User", "UserEpoch"]
