"""The app that holds users and their sessions."""

from django.apps import AppConfig


class AuthConfig(AppConfig):
    """Its label is not `auth`, which belongs to Django's own app."""

    name = "igny8_core.auth"
    label = "igny8_auth"

    def ready(self) -> None:
        """Register the checks of the settings."""
        from igny8_core.auth import checks  # noqa: F401
