"""Settings of the backend with rotating refresh tokens and sessions in PostgreSQL and Redis."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from igny8_core import environment
from igny8_core.settings_common import *  # noqa: F403

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
            "LOG_IGNORED_EXCEPTIONS": True,
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
