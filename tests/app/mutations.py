#!/usr/bin/env python3
"""Breaks the backend in one place at a time, and demands that the tests which guard that place fail.

    tests/app/mutations.py [--list] [name ...]

A mutation that the tests do not notice is a test that cannot fail. Each one runs on a copy of the source and on a
database of its own, in one PostgreSQL and one Redis for all of them. Ends with 1 when any was not noticed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIX = "overlays/fix/backend/igny8_core/"
BASE = "base/backend/igny8_core/"
PYTEST_FOUND_FAILURES = 1


@dataclass(frozen=True)
class Mutation:
    """`old`, which is in `file` once, becomes `new`; then some of `tests` (file and -k expression) must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    matching: str


MUTATIONS = [
    # Locks
    Mutation(
        "no family lock",
        FIX + "auth/locks.py",
        '        _wait_for("pg_advisory_xact_lock", family_id, _FAMILY_SEED)\n',
        "",
        "test_races.py",
        "logout_ends_a_successor or two_hundred",
    ),
    Mutation(
        "a rotation does not share the user's lock",
        FIX + "auth/locks.py",
        '        _wait_for("pg_advisory_xact_lock_shared", user_id, _USER_SEED)\n'
        '        _wait_for("pg_advisory_xact_lock", family_id, _FAMILY_SEED)\n',
        '        _wait_for("pg_advisory_xact_lock", family_id, _FAMILY_SEED)\n',
        "test_races.py",
        "logout_all_ends or rotation_waits",
    ),
    Mutation(
        "logout-all shares the user's lock",
        FIX + "auth/locks.py",
        '        _wait_for("pg_advisory_xact_lock", user_id, _USER_SEED)\n',
        '        _wait_for("pg_advisory_xact_lock_shared", user_id, _USER_SEED)\n',
        "test_races.py",
        "logout_all_ends",
    ),
    Mutation(
        "a login takes no lock",
        FIX + "auth/locks.py",
        '        _wait_for("pg_advisory_xact_lock_shared", user_id, _USER_SEED)\n        yield database_now()\n',
        "        yield database_now()\n",
        "test_races.py",
        "login_under_way or checked_the_replaced",
    ),
    Mutation(
        "a login does not look at the password again",
        FIX + "auth/families.py",
        "User.objects.filter(pk=user.pk, is_active=True, password=user.password).exists()",
        "User.objects.filter(pk=user.pk, is_active=True).exists()",
        "test_races.py",
        "checked_the_replaced",
    ),
    Mutation(
        "a change of the password does not look at it again",
        FIX + "auth/families.py",
        "unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)",
        "unchanged = User.objects.filter(pk=user.pk, is_active=True)",
        "test_races.py",
        "two_changes",
    ),
    Mutation(
        "a lock is waited for without limit",
        FIX + "auth/locks.py",
        "set_config('lock_timeout', '3s', true)",
        "set_config('lock_timeout', '20s', true)",
        "test_races.py",
        "busy_user",
    ),
    Mutation(
        "a lock that is not free is a refusal",
        FIX + "auth/view_errors.py",
        "words, code, status.HTTP_503_SERVICE_UNAVAILABLE",
        "words, code, status.HTTP_401_UNAUTHORIZED",
        "test_races.py test_crashes.py",
        "busy or cut_in_the_middle",
    ),
    Mutation(
        "a transaction without end",
        FIX + "auth/locks.py",
        "'idle_in_transaction_session_timeout', '10s'",
        "'idle_in_transaction_session_timeout', '0'",
        "test_crashes.py",
        "stops_in_its_transaction",
    ),
    Mutation(
        "an integrity error is not tried again",
        FIX + "auth/families.py",
        "    except IntegrityError:\n",
        "    except ZeroDivisionError:\n",
        "test_races.py",
        "unique_indexes",
    ),
    Mutation(
        "an API call waits for the row",
        FIX + "auth/families.py",
        "select_for_update(skip_locked=True)",
        "select_for_update()",
        "test_races.py",
        "api_call_does_not_wait",
    ),
    # Faults in the middle
    Mutation(
        "requests may run in a transaction",
        FIX + "auth/view_errors.py",
        '@method_decorator(transaction.non_atomic_requests, name="dispatch")\n',
        "",
        "test_crashes.py",
        "on_disk or keeps_the_revocation or supersession",
    ),
    Mutation(
        "the revocation is not committed by itself",
        FIX + "auth/locks.py",
        "transaction.atomic(durable=True)",
        "transaction.atomic()",
        "test_crashes.py",
        "inside_another",
    ),
    Mutation(
        "a database that is away is a failure",
        FIX + "auth/view_errors.py",
        "isinstance(error, (OperationalError, InterfaceError))",
        "isinstance(error, InterfaceError)",
        "test_crashes.py",
        "cut_in_the_middle or away",
    ),
    Mutation(
        "a failure looks at the session",
        FIX + "auth/sessions.py",
        "        if response.status_code >= 500:\n            return response\n",
        "",
        "test_crashes.py",
        "away",
    ),
    # The state machine
    Mutation(
        "reuse revokes nothing",
        FIX + "auth/families.py",
        "    if outcome is Outcome.REUSE_DETECTED:\n        _revoke_tip(family_id, RefreshToken.REUSE_DETECTED, now)\n",
        "",
        "test_refresh.py test_ending.py",
        "ends_the_family_on_disk or reuse_ends",
    ),
    Mutation(
        "grace never ends",
        FIX + "auth/rotation.py",
        "    if row.revoked_at > now - grace:\n",
        "    if row.revoked_at:\n",
        "test_rotation.py",
        "grace",
    ),
    Mutation(
        "a lost answer is not given again",
        FIX + "auth/rotation.py",
        "row.pk == tip.parent_id and tip.confirmed_at is None",
        "row.pk == tip.parent_id and tip.confirmed_at is True",
        "test_rotation.py test_crashes.py",
        "parent or recovered",
    ),
    Mutation(
        "grace for a family that was ended",
        FIX + "auth/rotation.py",
        "    if not user_active or (row is not None and tip is None):\n",
        "    if not user_active:\n",
        "test_rotation.py",
        "ended_family or legacy",
    ),
    Mutation(
        "expiry is not looked at",
        FIX + "auth/rotation.py",
        "    return (known.expires_at if known else presented.expires_at) <= now\n",
        "    return False\n",
        "test_rotation.py test_refresh.py",
        "expir",
    ),
    Mutation(
        "a rotation extends the family",
        FIX + "auth/families.py",
        "        expires_at=tip.expires_at,\n",
        "        expires_at=now + (tip.expires_at - tip.created_at) * 2,\n",
        "test_refresh.py",
        "refresh_rotates",
    ),
    Mutation(
        "every use confirms",
        FIX + "auth/family_tokens.py",
        "if confirms or row.rotation_count == 0 else {}",
        "if True else {}",
        "test_skew.py",
        "does_not_confirm",
    ),
    Mutation(
        "nothing confirms",
        FIX + "auth/families.py",
        "        _confirm_tip(tip)\n",
        "        pass\n",
        "test_refresh.py test_skew.py",
        "child_was_used or first_use",
    ),
    Mutation(
        "legacy tokens are taken for ever",
        FIX + "auth/rotation.py",
        " or (presented.legacy and legacy_until and legacy_until <= now)",
        "",
        "test_skew.py",
        "time_that_was_set",
    ),
    Mutation(
        "a token is signed with something random",
        FIX + "auth/family_tokens.py",
        "        jti=str(row.token_id),\n        fam=str(row.family_id),\n",
        "        jti=str(row.token_id),\n        fam=str(row.family_id),\n        salt=str(uuid4()),\n",
        "test_skew.py test_refresh.py",
        "signed_alike or same_child",
    ),
    # Clients that cannot store a token
    Mutation(
        "everybody gets a family at the login",
        FIX + "auth/issuing.py",
        "    if rotating or (until",
        "    if True or (until",
        "test_skew.py",
        "never_consumed or share",
    ),
    Mutation(
        "an old client is given a token it does not store",
        FIX + "auth/views.py",
        "keeps=text if presented.legacy and not rotating else",
        "keeps=text if False else",
        "test_skew.py",
        "never_consumed",
    ),
    Mutation(
        "logins of one second are one session",
        FIX + "auth/family_tokens.py",
        "expires_at, jti=str(uuid4()))",
        "expires_at)",
        "test_skew.py",
        "one_second",
    ),
    Mutation(
        "an adopted session is adopted again",
        FIX + "auth/families.py",
        "    if known or _live_tip(presented.family_id) or presented.expires_at <= now:\n",
        "    if known or presented.expires_at <= now:\n",
        "test_skew.py",
        "row_was_removed",
    ),
    # Ending sessions
    Mutation(
        "logout-all leaves other families",
        FIX + "auth/families.py",
        "    tips = RefreshToken.objects.filter(user_id=user_id, revoked_at=None)\n",
        "    tips = RefreshToken.objects.none()\n",
        "test_ending.py",
        "logout_all_ends_every",
    ),
    Mutation(
        "no epoch for refresh tokens",
        FIX + "auth/families.py",
        "    if UserEpoch.has_passed(presented.user_id, presented.issued_at):\n        return\n",
        "",
        "test_ending.py",
        "never_shown",
    ),
    Mutation(
        "no epoch for access tokens",
        FIX + "auth/authentication.py",
        'return not UserEpoch.has_passed(claims["user_id"], issued_at)',
        "return True or issued_at",
        "test_ending.py",
        "never_shown",
    ),
    Mutation(
        "no epoch for cookies",
        FIX + "auth/sessions.py",
        "        return not UserEpoch.has_passed(user_id, datetime.fromisoformat(data[SINCE]))\n",
        "        return True\n",
        "test_ending.py",
        "never_shown or has_used",
    ),
    Mutation(
        "the epoch ends what began after it",
        FIX + "auth/models_user_epoch.py",
        "filter(user_id=user_id, valid_from__gte=since)",
        "filter(user_id=user_id)",
        "test_ending.py",
        "begun_after",
    ),
    Mutation(
        "a cookie does not end with its family",
        FIX + "auth/sessions.py",
        "            return not families.has_ended(user_id, UUID(data[FAMILY]))\n",
        "            return True\n",
        "test_ending.py",
        "logout_all_ends_every or reuse_ends",
    ),
    Mutation(
        "an expired family ends its cookie",
        FIX + "auth/families.py",
        "    return ended.exclude(revoked_reason=RefreshToken.ROTATED).exists()\n",
        "    return True\n",
        "test_ending.py",
        "outlives",
    ),
    Mutation(
        "Redis decides on cookies",
        FIX + "auth/sessions.py",
        "        if expires_at is not None:\n            data = super().load()\n",
        "        if True:\n            expires_at = expires_at or database_now()\n            data = super().load()\n",
        "test_ending.py",
        "redis_is_away or written_after",
    ),
    Mutation(
        "an ended session is written anew",
        FIX + "auth/sessions.py",
        "        if settings.SESSION_COOKIE_NAME in request.COOKIES:\n            request.session.get(SESSION_KEY)\n",
        "",
        "test_ending.py",
        "leaves_no_row",
    ),
    Mutation(
        "access tokens outlive the logout",
        FIX + "auth/families.py",
        "    if tip is None or tip.user_id != user_id:\n        return False\n",
        "    if tip is None:\n        return True\n",
        "test_ending.py test_logout.py",
        "logout_all_ends_every or another_users or ends_family",
    ),
    Mutation(
        "access tokens outlive their family",
        FIX + "auth/family_tokens.py",
        "    expires_at = min(expires_at, int(row.expires_at.timestamp()))\n",
        "",
        "test_ending.py",
        "at_the_latest",
    ),
    Mutation(
        "a change of the password ends nothing",
        FIX + "auth/families.py",
        "        _revoke_user(user.pk, RefreshToken.PASSWORD, now)\n",
        "",
        "test_ending.py",
        "ends_all_others",
    ),
    Mutation(
        "a change of the password ends this client's cookie",
        FIX + "auth/issuing.py",
        "    if by_cookie:\n",
        "    if False:\n",
        "test_ending.py",
        "keeps_this_one",
    ),
    Mutation(
        "a wrong password is 401",
        FIX + "auth/password_views.py",
        "status.HTTP_400_BAD_REQUEST",
        "status.HTTP_401_UNAUTHORIZED",
        "test_ending.py",
        "no_401",
    ),
    Mutation(
        "logout by cookie leaves the family",
        FIX + "auth/views.py",
        "family_id is not None and families.revoke_known(user_id, family_id, RefreshToken.LOGOUT)\n",
        "False\n",
        "test_ending.py",
        "cookie_alone",
    ),
    # Limits
    Mutation(
        "the limit is counted by token",
        FIX + "auth/views.py",
        "limits.FAMILY.seconds_to_wait(presented.family_id)",
        "limits.FAMILY.seconds_to_wait(presented.token_id)",
        "test_limits.py",
        "new_count",
    ),
    Mutation(
        "the client's own address is believed",
        FIX + "auth/limits.py",
        '.rpartition(",")[2].strip()',
        '.partition(",")[0].strip()',
        "test_limits.py",
        "proxy_saw",
    ),
    Mutation(
        "an unknown proxy stands for everybody",
        FIX + "auth/limits.py",
        "    if not settings.TRUSTED_PROXIES:\n        return None\n",
        "",
        "test_limits.py",
        "without_a_trusted",
    ),
    Mutation(
        "Redis away is a limit",
        FIX + "auth/limits.py",
        "            return 0  # Redis is away\n",
        "            return 10**6\n",
        "test_limits.py",
        "while_redis_is_away",
    ),
    # Redis
    Mutation(
        "the session is in the cache alone",
        FIX + "settings.py",
        '_ENGINE = "django.contrib.sessions.backends.cached_db"',
        '_ENGINE = "django.contrib.sessions.backends.cache"',
        "test_checks.py",
        "as_they_are",
    ),
    Mutation(
        "failures of Redis are not ignored",
        FIX + "settings.py",
        '            "IGNORE_EXCEPTIONS": True,\n',
        '            "IGNORE_EXCEPTIONS": False,\n',
        "test_redis.py",
        "under_traffic",
    ),
    Mutation(
        "Redis may hang for long",
        FIX + "settings.py",
        '            "SOCKET_TIMEOUT": 0.5,\n',
        '            "SOCKET_TIMEOUT": 5,\n',
        "test_redis.py",
        "hangs",
    ),
    Mutation(
        "nothing is said of Redis",
        FIX + "settings.py",
        "DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True",
        "DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = False",
        "test_redis.py",
        "now_and_then",
    ),
    Mutation(
        "all is said of Redis",
        FIX + "settings.py",
        '    "filters": ["redis_away"],\n',
        "",
        "test_redis.py",
        "now_and_then",
    ),
    Mutation(
        "one Redis database for all",
        FIX + "settings.py",
        '_redis_cache(environment.integer("REDIS_SESSION_DB", 1))',
        '_redis_cache(environment.integer("REDIS_CACHE_DB", 2))',
        "test_redis.py test_checks.py",
        "clearing or as_they_are",
    ),
    # Purging
    Mutation(
        "the parent of a lost answer is purged",
        FIX + "auth/purging.py",
        "child.confirmed_at IS NULL",
        "child.confirmed_at IS NOT NULL",
        "test_purge.py",
        "finds_its_way",
    ),
    Mutation(
        "adopted tokens are forgotten",
        FIX + "auth/purging.py",
        '"NOT (t.token_id = t.family_id AND t.expires_at > clock_timestamp())"',
        '"true"',
        "test_purge.py",
        "remembered",
    ),
    Mutation(
        "live tips are purged",
        FIX + "auth/purging.py",
        '"expired", "auth_refresh_token", "id", "expires_at", "t.revoked_at IS NULL"',
        '"expired", "auth_refresh_token", "id", "created_at", "t.revoked_at IS NULL"',
        "test_purge.py",
        "live_tips",
    ),
    Mutation(
        "superseded rows are purged by their birth",
        FIX + "auth/purging.py",
        " AND t.revoked_at < %(before)s",
        "",
        "test_purge.py",
        "eight_days",
    ),
    Mutation(
        "purging waits for rows in use",
        FIX + "auth/purging.py",
        " FOR UPDATE OF t SKIP LOCKED",
        " FOR UPDATE OF t",
        "test_purge.py",
        "in_use",
    ),
    Mutation(
        "one batch is all",
        FIX + "auth/purging.py",
        "        if len(columns) < batch:\n",
        "        if True:\n",
        "test_purge.py",
        "in_use",
    ),
    # Answers
    Mutation(
        "caches may keep refusals",
        FIX + "middleware.py",
        '            response.headers.setdefault("Cache-Control", "no-store")\n',
        "            pass\n",
        "test_tampering.py",
        "kept_by_caches",
    ),
    Mutation(
        "no body is an invalid token",
        FIX + "auth/views.py",
        "        given.is_valid(raise_exception=True)\n        text",
        "        if not given.is_valid():\n            return _refusal(Outcome.TOKEN_INVALID)\n        text",
        "test_tampering.py",
        "is_400",
    ),
    Mutation(
        "a family that is a list is a failure",
        FIX + "auth/family_tokens.py",
        "except (AttributeError, KeyError, ",
        "except (KeyError, ",
        "test_tampering.py",
        "right_key",
    ),
    Mutation(
        "signatures are not checked",
        BASE + "auth/tokens.py",
        'options={"require": ["exp", "iat"], ',
        'options={"verify_signature": False, "require": ["exp", "iat"], ',
        "test_tampering.py",
        "forged",
    ),
    Mutation(
        "clocks must agree",
        BASE + "settings_common.py",
        "JWT_LEEWAY_SECONDS = 5",
        "JWT_LEEWAY_SECONDS = 0",
        "test_tampering.py test_checks.py",
        "leeway or as_they_are",
    ),
    Mutation(
        "a replaced key is not known",
        BASE + "auth/tokens.py",
        "    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):\n",
        "    for key in (settings.SECRET_KEY,):\n",
        "test_skew.py",
        "signing_key",
    ),
    Mutation(
        "expired access tokens are 403",
        BASE + "auth/bearer.py",
        '        return "Bearer"\n',
        "        return None\n",
        "test_api.py test_checks.py",
        "challenge or as_they_are",
    ),
    # Odd requests
    Mutation(
        "a refresh token that is no text is a failure",
        FIX + "auth/views.py",
        "        given = RefreshTokenSerializer(data=request.data)\n        given.is_valid(raise_exception=True)\n",
        '        request.data["refresh"].strip()\n'
        "        given = RefreshTokenSerializer(data=request.data)\n        given.is_valid(raise_exception=True)\n",
        "test_fuzz.py",
        "worth_a_token",
    ),
    Mutation(
        "a deep body is a failure",
        FIX + "parsers.py",
        "except RecursionError:",
        "except ZeroDivisionError:",
        "test_fuzz.py",
        "a_body",
    ),
    Mutation(
        "media types keep their parameters",
        FIX + "wsgi.py",
        '.partition(";")[0]\n',
        "\n",
        "test_fuzz.py",
        "content_type",
    ),
    Mutation(
        "a session's key may hold NUL",
        FIX + "auth/sessions.py",
        ' and "\\0" not in key\n',
        "\n",
        "test_fuzz.py",
        "cookie",
    ),
    Mutation(
        "an address is measured as it was given",
        BASE + "auth/serializers.py",
        "return normalise_email(super().to_internal_value(data))",
        "return super().to_internal_value(data)",
        "test_fuzz.py",
        "address",
    ),
    Mutation(
        "a Host header that is none is worth a traceback",
        FIX + "settings.py",
        '{"level": "CRITICAL"}',
        '{"level": "ERROR"}',
        "test_fuzz.py",
        "Host",
    ),
    Mutation(
        "a malformed request is answered with HTML",
        BASE + "urls.py",
        'handler400 = "igny8_core.pages.bad_request"\n',
        "",
        "test_fuzz.py",
        "Host",
    ),
    Mutation(
        "a wrong refresh token is worth an access token",
        FIX + "auth/views.py",
        "            return _refusal(Outcome.TOKEN_INVALID)\n        rotating",
        '            return answers.success({"access": "a.b.c", "refresh": "a.b.c"}, **{"X-Refresh-Outcome": "kept"})\n'
        "        rotating",
        "test_fuzz.py",
        "worth_a_token",
    ),
]


def break_source(mutation: Mutation, destination: Path) -> None:
    """A copy of the source with the mistake in it."""
    shutil.copytree(ROOT / "sandbox" / "igny8", destination, ignore=shutil.ignore_patterns("frontend"))
    file = destination / mutation.file
    text = file.read_text()
    if text.count(mutation.old) != 1:
        raise SystemExit(
            f"{mutation.name}: {mutation.file} has its text {text.count(mutation.old)} times, once is needed"
        )
    file.write_text(text.replace(mutation.old, mutation.new))


def is_noticed(mutation: Mutation, source: Path, services: dict[str, str]) -> tuple[bool, str]:
    """Whether a test failed, and the last line of the tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider"]
    command += [str(HERE / test) for test in mutation.tests.split()] + ["-k", mutation.matching]
    environment = os.environ | services | {"APP_SOURCE": str(source), "PYTHONPATH": str(HERE)}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    last = result.stdout.strip().splitlines()[-1] if result.stdout.strip() else result.stderr[-200:]
    return result.returncode == PYTEST_FOUND_FAILURES and " failed" in last, last


def main() -> int:
    sys.path.insert(0, str(HERE))
    from app_stack import Backend, DataServices

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="all, if none is given")
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--from", dest="first", default=0, type=int, help="number of the first one, from 0")
    arguments = parser.parse_args()
    known = {mutation.name: mutation for mutation in MUTATIONS}
    if arguments.list:
        print("\n".join(known))
        return 0
    if unknown := set(arguments.names) - set(known):
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; --list prints the names")
    chosen = [known[name] for name in arguments.names] or MUTATIONS[arguments.first :]

    unnoticed, told_to_stop = [], []
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.append(True))  # after the one that is under way
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "services").mkdir()
        services = DataServices(directory / "services")
        try:
            services.start()
            for version in ("before", "fix"):
                made = Backend(version, directory / version, services).manage("migrate", "--verbosity", "0")
                made.check_returncode()
            for number, mutation in enumerate(chosen):
                if told_to_stop:
                    raise SystemExit(f"stopped before {mutation.name}")
                started = time.monotonic()
                source = directory / f"source{number}"
                break_source(mutation, source)
                noticed, last = is_noticed(mutation, source, services.lend(f"mutation{number}"))
                seconds = time.monotonic() - started
                print(
                    f"{'red  ' if noticed else 'GREEN'} {seconds:5.1f} s  {mutation.name}: {last}", flush=True
                )
                unnoticed += [] if noticed else [mutation.name]
        finally:
            services.remove()
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} mutations were noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
