"""Settings that would break the promise that nobody is logged out, and that a session which was ended stays so.

`manage.py check --deploy` runs them. Each says what was found, what is needed, and what would happen otherwise.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string
from psycopg import IsolationLevel

_SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
_SESSION_MIDDLEWARE = "igny8_core.auth.sessions.SessionMiddleware"
_SHARED_CACHES = {"django_redis.cache.RedisCache", "django.core.cache.backends.redis.RedisCache"}
_KEY_BYTES = 32  # RFC 7518, 3.2: a key of HS256 has the size of its hash at least
_LONGEST_TIMEOUT_SECONDS = 1.0
_LONGEST_COOKIE_SESSION = timedelta(days=14)  # of the version without families


@register(Tags.security, deploy=True)
def check_promise(**_kwargs: object) -> list[CheckMessage]:
    """The findings of all rules below."""
    return [finding for rule in _RULES for finding in rule()]


def _grace() -> Iterator[CheckMessage]:
    grace, access = settings.REFRESH_GRACE, settings.JWT_ACCESS_TOKEN_EXPIRY
    if not timedelta(0) < grace < access / 2:
        yield Error(
            f"REFRESH_GRACE is {grace}; more than 0 and less than half of {access}, the life of an access token, "
            "is needed.",
            hint="Without grace two tabs end their session; with a longer one a token can be replayed for hours.",
            id="igny8_auth.E001",
        )


def _session_engine() -> Iterator[CheckMessage]:
    if settings.SESSION_ENGINE != _SESSION_ENGINE:
        yield Error(
            f"SESSION_ENGINE is {settings.SESSION_ENGINE}; {_SESSION_ENGINE} is needed.",
            hint="An engine of the cache alone loses the sessions of the database, and all of them when Redis fails.",
            id="igny8_auth.E002",
        )
    if _SESSION_MIDDLEWARE not in settings.MIDDLEWARE:
        yield Error(
            f"MIDDLEWARE lacks {_SESSION_MIDDLEWARE}.",
            hint="Without it a session that was ended while Redis was away lives again when Redis is back.",
            id="igny8_auth.E003",
        )


def _session_cache() -> Iterator[CheckMessage]:
    alias = settings.SESSION_CACHE_ALIAS
    cache = settings.CACHES.get(alias, {})
    if cache.get("BACKEND") not in _SHARED_CACHES:
        yield Error(
            f"The cache of sessions, {alias}, is {cache.get('BACKEND', 'not in CACHES')}; Redis is needed.",
            hint="With a cache in each worker a session is known to one of them only.",
            id="igny8_auth.E004",
        )
        return
    options = cache.get("OPTIONS", {})
    if not options.get("IGNORE_EXCEPTIONS"):
        yield Error(
            f"The cache of sessions, {alias}, does not set IGNORE_EXCEPTIONS.",
            hint="Without it every request fails while Redis is away.",
            id="igny8_auth.E005",
        )
    shared = [name for name, other in settings.CACHES.items() if other.get("LOCATION") == cache["LOCATION"]]
    if shared != [alias]:
        yield Error(
            f"The caches {', '.join(shared)} are the same Redis database; the sessions need one of their own.",
            hint="Clearing a cache empties its database, and with it the sessions.",
            id="igny8_auth.E006",
        )
    for name in ("SOCKET_CONNECT_TIMEOUT", "SOCKET_TIMEOUT"):
        if not 0 < options.get(name, 0) <= _LONGEST_TIMEOUT_SECONDS:
            yield Error(
                f"{name} of the cache of sessions, {alias}, is {options.get(name)}; at most 1 s is needed.",
                hint="A Redis that hangs makes every request wait that long, several times.",
                id="igny8_auth.E007",
            )


def _keys() -> Iterator[CheckMessage]:
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if len(key.encode()) < _KEY_BYTES:
            yield Error(
                f"A key that tokens are signed with has {len(key.encode())} bytes; {_KEY_BYTES} are needed.",
                hint="A shorter key can be guessed from one token. Keep the old one in SECRET_KEY_FALLBACKS.",
                id="igny8_auth.E008",
            )


def _database() -> Iterator[CheckMessage]:
    database = settings.DATABASES["default"]
    if database.get("ATOMIC_REQUESTS"):
        yield Error(
            "ATOMIC_REQUESTS is True; it must be False.",
            hint="A request that is refused would take back what it revoked: a reused family would live on.",
            id="igny8_auth.E009",
        )
    isolation = database.get("OPTIONS", {}).get("isolation_level")
    if isolation != IsolationLevel.READ_COMMITTED:
        yield Error(
            f"The isolation level is {isolation}; READ COMMITTED is needed, and said, whatever the server's default.",
            hint="With another one a request does not see what was committed while it waited for a lock.",
            id="igny8_auth.E010",
        )
    if not settings.USE_TZ:
        yield Error(
            "USE_TZ is False; it must be True.",
            hint="Times of the database would be read in the time zone of each host.",
            id="igny8_auth.E011",
        )


def _leeway() -> Iterator[CheckMessage]:
    if not 2 <= settings.JWT_LEEWAY_SECONDS <= 60:
        yield Error(
            f"JWT_LEEWAY_SECONDS is {settings.JWT_LEEWAY_SECONDS}; 2 to 60 are needed.",
            hint="With less, a host whose clock is behind refuses a token that another one has just signed.",
            id="igny8_auth.E012",
        )


def _challenge() -> Iterator[CheckMessage]:
    name = settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"][0]
    if not import_string(name)().authenticate_header(None):
        yield Error(
            f"The first authenticator, {name}, names no challenge.",
            hint="Expired access tokens would be answered with 403, which no client refreshes on.",
            id="igny8_auth.E013",
        )


def _lifetimes() -> Iterator[CheckMessage]:
    names = ("JWT_ACCESS_TOKEN_EXPIRY", "JWT_REFRESH_TOKEN_EXPIRY", "JWT_REMEMBER_ME_EXPIRY")
    access, refresh, remembered = (getattr(settings, name) for name in names)
    if not access < refresh <= remembered:
        yield Error(
            f"{', '.join(names)} are {access}, {refresh} and {remembered}; they must rise.",
            hint="An access token that outlives its refresh token ends the session without a refresh.",
            id="igny8_auth.E014",
        )
    longest = max(remembered, _LONGEST_COOKIE_SESSION)
    if settings.REFRESH_KEEP_ENDED < longest:
        yield Error(
            f"REFRESH_KEEP_ENDED is {settings.REFRESH_KEEP_ENDED}; at least {longest} is needed.",
            hint="A session whose end is not on record any more could live again.",
            id="igny8_auth.E015",
        )
    if settings.REFRESH_KEEP_ROTATED < timedelta(days=7):
        yield Warning(
            f"REFRESH_KEEP_ROTATED is {settings.REFRESH_KEEP_ROTATED}; reports look back 7 days.",
            id="igny8_auth.W016",
        )


_RULES: tuple[Callable[[], Iterator[CheckMessage]], ...] = (
    _grace,
    _session_engine,
    _session_cache,
    _keys,
    _database,
    _leeway,
    _challenge,
    _lifetimes,
)
