"""The app that holds users and their sessions, in a version that knows no session from before it."""

from django.apps import AppConfig
from django.utils.crypto import salted_hmac


class AuthConfig(AppConfig):
    """Its label is not `auth`, which belongs to Django's own app."""

    name = "igny8_core.auth"
    label = "igny8_auth"

    def ready(self) -> None:
        """Register the checks of the settings, and hash otherwise what ties a session to its user's password.

        Rows and keys of all sessions stay, and new ones work: only who comes with an older one is nobody.
        """
        from igny8_core.auth import checks  # noqa: F401
        from igny8_core.auth.models_user import User

        def changed_hash(user: User) -> str:
            return salted_hmac("forgets-sessions", user.password, algorithm="sha256").hexdigest()

        User.get_session_auth_hash = changed_hash
