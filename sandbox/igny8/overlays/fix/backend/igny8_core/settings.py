"""Settings of the backend with rotating refresh tokens and sessions in PostgreSQL and Redis."""

import ipaddress
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from igny8_core import environment
from igny8_core.settings_common import *  # noqa: F403

_REPLACED_MIDDLEWARE = {
    "django.contrib.sessions.middleware.SessionMiddleware": "igny8_core.auth.sessions.SessionMiddleware"
}
MIDDLEWARE = [
    "igny8_core.metrics.MetricsMiddleware",
    "igny8_core.middleware.NoStoreMiddleware",
    *(_REPLACED_MIDDLEWARE.get(name, name) for name in MIDDLEWARE),  # noqa: F405
]

REST_FRAMEWORK["DEFAULT_PARSER_CLASSES"] = ["igny8_core.parsers.JSONParser"]  # noqa: F405

READINESS_CHECKS = ["postgres", "redis", "migrations"]

SESSION_COOKIE_SAMESITE = "Lax"
SESSION_SAVE_EVERY_REQUEST = True

JWT_ACCESS_TOKEN_EXPIRY = timedelta(seconds=environment.integer("ACCESS_TOKEN_SECONDS", 3600))
JWT_REFRESH_TOKEN_EXPIRY = timedelta(seconds=environment.integer("REFRESH_TOKEN_SECONDS", 24 * 3600))
JWT_REMEMBER_ME_EXPIRY = timedelta(seconds=environment.integer("REMEMBER_ME_SECONDS", 20 * 24 * 3600))

# How long a refresh token that was just rotated still resolves to its successor.
REFRESH_GRACE = timedelta(
    seconds=environment.integer(
        "REFRESH_GRACE_SECONDS", min(60, int(JWT_ACCESS_TOKEN_EXPIRY.total_seconds()) // 3)
    )
)
if REFRESH_GRACE * 2 >= JWT_ACCESS_TOKEN_EXPIRY:
    # Else a token could be replayed in its grace after the access token it gave has expired.
    raise ImproperlyConfigured(
        f"REFRESH_GRACE_SECONDS is {REFRESH_GRACE.total_seconds():.0f}; it must be less than half of "
        f"ACCESS_TOKEN_SECONDS, which is {JWT_ACCESS_TOKEN_EXPIRY.total_seconds():.0f}"
    )

# Until when a token without a family is taken, in ISO 8601; unset, until the token itself expires.
_LEGACY_ACCEPT_UNTIL = environment.text("LEGACY_ACCEPT_UNTIL", "")
LEGACY_ACCEPT_UNTIL = (
    datetime.fromisoformat(_LEGACY_ACCEPT_UNTIL).astimezone() if _LEGACY_ACCEPT_UNTIL else None
)
# What the version without families gave a cookie session, from its last change on: the framework's default.
LEGACY_SESSION_AGE = timedelta(days=14)

# How long rows are kept for: those that a rotation superseded, and the last one of a family that has ended.
REFRESH_KEEP_ROTATED = timedelta(days=8)
REFRESH_KEEP_ENDED = timedelta(days=30)

# Requests in a minute; 0 is no limit. One address can stand for a whole office, so its number is large.
REFRESH_LIMIT_PER_FAMILY = environment.integer("REFRESH_LIMIT_PER_FAMILY", 120)
REFRESH_LIMIT_PER_ADDRESS = environment.integer("REFRESH_LIMIT_PER_ADDRESS", 6000)
PASSWORD_LIMIT_PER_USER = environment.integer("PASSWORD_LIMIT_PER_USER", 10)
# Networks of proxies that set X-Forwarded-For themselves. Without any, addresses are not counted: everybody would
# be the proxy.
TRUSTED_PROXIES = [
    ipaddress.ip_network(network.strip())
    for network in environment.text("TRUSTED_PROXIES", "").split(",")
    if network.strip()
]

# Sessions are written to both and read from Redis first. With `cache` instead, sessions of the old engine
# would be lost, and one Redis timeout would delete the browser's cookie.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
SESSION_COOKIE_AGE = int(JWT_REMEMBER_ME_EXPIRY.total_seconds())

_REDIS_HOST = environment.text("REDIS_HOST", "redis")
_REDIS_PORT = environment.integer("REDIS_PORT", 6379)
_REDIS_PASSWORD = environment.secret("REDIS_PASSWORD_FILE")


def _redis_cache(database: int) -> dict[str, object]:
    """A cache alias that is empty, not broken, while Redis is away."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"redis://{_REDIS_HOST}:{_REDIS_PORT}/{database}",
        "OPTIONS": {
            "PASSWORD": _REDIS_PASSWORD,
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.5,
            "SOCKET_TIMEOUT": 0.5,
            # The client's own retries would multiply the timeouts of each request.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)},
        },
    }


CACHES = {
    "default": _redis_cache(environment.integer("REDIS_CACHE_DB", 2)),
    # Apart from the default alias, because clearing a cache of django-redis empties its whole database.
    "sessions": _redis_cache(environment.integer("REDIS_SESSION_DB", 1)),
}

# The client reads these two from here alone, not from the options of an alias.
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
DJANGO_REDIS_LOGGER = "igny8.redis"
# Anybody can send a Host header that is none, or a huge body. They are refused; that is not worth a traceback.
for _refused in ("DisallowedHost", "RequestDataTooBig"):
    LOGGING["loggers"][f"django.security.{_refused}"] = {"level": "CRITICAL"}  # noqa: F405
LOGGING["handlers"]["metrics"] = {"class": "igny8_core.metrics.EventCounter"}  # noqa: F405
LOGGING["loggers"]["igny8.events"]["handlers"].append("metrics")  # noqa: F405
LOGGING["filters"] = {"redis_away": {"()": "igny8_core.redis_away.OncePerPeriod"}}  # noqa: F405
LOGGING["loggers"]["igny8.redis"] = {  # noqa: F405
    "handlers": ["console"],
    "filters": ["redis_away"],
    "propagate": False,
}
