"""Settings of version one: sessions in the database alone."""

from ledger.settings_base import *  # noqa: F403

SESSION_ENGINE = "django.contrib.sessions.backends.db"
