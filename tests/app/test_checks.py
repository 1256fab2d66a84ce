"""`check --deploy` names each setting that would break the promise."""

from datetime import timedelta

import pytest

REDIS = "django_redis.cache.RedisCache"


@pytest.fixture
def found(django_of_fix):
    """Ids of the findings with some settings changed."""
    from django.test import override_settings

    from igny8_core.auth import checks

    def run(**changed: object) -> set[str]:
        with override_settings(**changed):
            return {finding.id.partition(".")[2] for finding in checks.check_promise()}

    return run


def test_the_settings_as_they_are(stack, found) -> None:
    assert found() == set()
    result = stack.fix_made.manage("check", "--deploy", "--fail-level", "ERROR")
    assert result.returncode == 0, result.stderr
    assert "igny8_auth" not in result.stdout + result.stderr


def test_the_command_fails_on_one(backend) -> None:
    result = backend("fix", REFRESH_GRACE_SECONDS="0").manage("check", "--deploy", "--fail-level", "ERROR")
    assert result.returncode != 0
    assert "(igny8_auth.E001) REFRESH_GRACE is 0:00:00; more than 0" in result.stderr


@pytest.mark.parametrize(
    ("finding", "changed"),
    [
        ("E001", {"REFRESH_GRACE": timedelta(0)}),
        ("E001", {"REFRESH_GRACE": timedelta(minutes=30)}),
        ("E002", {"SESSION_ENGINE": "django.contrib.sessions.backends.cache"}),
        ("E003", {"MIDDLEWARE": ["django.contrib.sessions.middleware.SessionMiddleware"]}),
        ("E008", {"SECRET_KEY": "x" * 31}),
        ("E008", {"SECRET_KEY_FALLBACKS": ["short"]}),
        ("E011", {"USE_TZ": False}),
        ("E012", {"JWT_LEEWAY_SECONDS": 1}),
        ("E012", {"JWT_LEEWAY_SECONDS": 61}),
        ("E014", {"JWT_REFRESH_TOKEN_EXPIRY": timedelta(minutes=30)}),
        ("E014", {"JWT_REMEMBER_ME_EXPIRY": timedelta(hours=20)}),
        ("E015", {"REFRESH_KEEP_ENDED": timedelta(days=19)}),
        ("W016", {"REFRESH_KEEP_ROTATED": timedelta(days=6)}),
    ],
)
def test_a_setting_that_breaks_the_promise(found, finding: str, changed: dict[str, object]) -> None:
    assert found(**changed) == {finding}


@pytest.mark.parametrize(
    ("finding", "sessions"),
    [
        ("E004", None),
        ("E004", {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}),
        ("E005", {"OPTIONS": {"IGNORE_EXCEPTIONS": False}}),
        ("E006", {"LOCATION": "default"}),
        ("E007", {"OPTIONS": {"SOCKET_TIMEOUT": 5}}),
        ("E007", {"OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0}}),
    ],
)
def test_a_cache_of_sessions_that_breaks_the_promise(found, finding: str, sessions: dict | None) -> None:
    from django.conf import settings

    caches = dict(settings.CACHES)
    if sessions is None:
        del caches["sessions"]
    else:
        known = caches["sessions"]
        options = known["OPTIONS"] | sessions.get("OPTIONS", {})
        caches["sessions"] = known | sessions | {"OPTIONS": options}
        if sessions.get("LOCATION"):
            caches["sessions"]["LOCATION"] = caches["default"]["LOCATION"]
    assert found(CACHES=caches) == {finding}


@pytest.mark.parametrize(
    ("finding", "database"),
    [("E009", {"ATOMIC_REQUESTS": True}), ("E010", {"OPTIONS": {}})],
)
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
def test_a_database_setting_that_breaks_the_promise(found, finding: str, database: dict) -> None:
    from django.conf import settings

    changed = {"default": settings.DATABASES["default"] | database}
    assert found(DATABASES=changed) == {finding}


@pytest.mark.parametrize("first", ["SessionAuthentication", "RemoteUserAuthentication"])
def test_a_first_authenticator_without_challenge(found, first: str) -> None:
    classes = [f"rest_framework.authentication.{first}"]
    assert found(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": classes}) == {"E013"}


def test_grace_is_refused_at_the_start_too(backend) -> None:
    """gunicorn runs no checks; the settings themselves refuse what no server may run with."""
    server = backend("fix", ACCESS_TOKEN_SECONDS="10", REFRESH_GRACE_SECONDS="5")
    server.launch()
    assert server.process.wait(timeout=20) != 0
