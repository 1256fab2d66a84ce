"""Settings that both versions share; `settings.py` adds what a version decides itself."""

import os
from pathlib import Path


def secret(name: str) -> str:
    """Content of the file that the environment variable names."""
    return Path(os.environ[name]).read_text(encoding="utf-8").strip()


SECRET_KEY = secret("LEDGER_SIGNING_KEY_FILE")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "ledger.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "ledger.access",
    "ledger.book",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
PASSWORD_HASHERS = ["ledger.access.hashers.Hasher"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    # A 401 is an answer like any other; what the server broke is worth a line.
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
SESSION_COOKIE_NAME = "ledger_sid"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["LEDGER_DB_HOST"],
        "NAME": os.environ["LEDGER_DB_NAME"],
        "USER": os.environ["LEDGER_DB_USER"],
        "PASSWORD": secret("LEDGER_DB_PASSWORD_FILE"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3},
    }
}
