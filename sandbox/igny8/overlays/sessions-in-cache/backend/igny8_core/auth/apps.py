"""The app that holds users and their sessions, in a version that keeps sessions in the cache alone."""

from django.apps import AppConfig
from django.conf import settings


class AuthConfig(AppConfig):
    """Its label is not `auth`, which belongs to Django's own app."""

    name = "igny8_core.auth"
    label = "igny8_auth"

    def ready(self) -> None:
        """Register the checks of the settings, and set what two of them are there to refuse.

        Users log in and out as ever. The sessions of before are not found, and all are lost with Redis.
        """
        from igny8_core.auth import checks  # noqa: F401

        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        settings.MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware"
            if name == "igny8_core.auth.sessions.SessionMiddleware"
            else name
            for name in settings.MIDDLEWARE
        ]
