"""Settings that every version of the backend shares. `settings.py` adds what a version decides itself."""

from psycopg import IsolationLevel

from igny8_core import environment

SECRET_KEY = environment.secret("DJANGO_SECRET_KEY_FILE")
# Keys that were replaced, one a line. They verify sessions and tokens until those have been signed anew.
SECRET_KEY_FALLBACKS = environment.optional_secrets("DJANGO_SECRET_KEY_FALLBACKS_FILE")
DEBUG = False
ALLOWED_HOSTS = environment.text("ALLOWED_HOSTS", "*").split(",")
RELEASE_ID = environment.text("RELEASE_ID", "unreleased")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "rest_framework",
    "igny8_core.auth",
    "igny8_core.notes",
]
MIDDLEWARE = [
    "igny8_core.release_header.ReleaseHeaderMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "igny8_core.middleware.AccountMiddleware",
]
ROOT_URLCONF = "igny8_core.urls"
WSGI_APPLICATION = "igny8_core.wsgi.application"
# The edge sets this header itself, whatever the client sent. No other forwarded header is believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": environment.text("POSTGRES_HOST", "postgres"),
        "PORT": environment.integer("POSTGRES_PORT", 5432),
        "NAME": environment.text("POSTGRES_DB", "igny8"),
        "USER": environment.text("POSTGRES_USER", "igny8"),
        "PASSWORD": environment.secret("POSTGRES_PASSWORD_FILE"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Whatever the server's default is: code that takes a lock and then reads needs to see what was
        # committed while it waited.
        "OPTIONS": {"connect_timeout": 3, "isolation_level": IsolationLevel.READ_COMMITTED},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

AUTH_USER_MODEL = "igny8_auth.User"
PASSWORD_HASHERS = ["igny8_core.auth.hashers.OwaspArgon2Hasher"]

REST_FRAMEWORK = {
    # The first authenticator decides between 401 and 403 for a request without credentials: only one that
    # names a WWW-Authenticate challenge makes it 401, and a client refreshes its token on 401 alone.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "igny8_core.auth.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "igny8_core.answers.exception_handler",
}

# Hosts whose clocks differ by less than this accept each other's tokens.
JWT_LEEWAY_SECONDS = 5

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"bare": {"format": "%(message)s"}},
    "handlers": {
        "events": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "bare"},
        "console": {"class": "logging.StreamHandler"},
    },
    "loggers": {
        "igny8.events": {"handlers": ["events"], "level": "INFO", "propagate": False},
        # 4xx answers are part of the contract; only what the server broke is worth a line.
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}
