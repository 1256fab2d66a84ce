"""Asks Redis for the health of the sessions. Its only write is a probe key that expires; KEYS is never used."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils import session_health
from ansible.module_utils.health_checks import Check, HealthError, NotKnown, choose_checks, choose_limits

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError:
    redis = None

PINGS = 5
PING_NEEDED = "an answer to PING is needed: check host, port, tls, login_user and login_password"
TIMEOUT_SECONDS = 5
PROBE_SECONDS = 30
SCAN_BATCH = 1000
#: So many keys are asked for their lifetime; a key in some hundred thousand that never expires may be missed.
LIFETIME_SAMPLE = 5000
REDIS_SPEC: dict[str, dict[str, Any]] = {
    "login_host": {"type": "str", "default": "localhost"},
    "login_port": {"type": "int", "default": 6379},
    "login_user": {"type": "str"},
    "login_password": {"type": "str", "no_log": True},
    "db": {"type": "int", "default": 0},
    "tls": {"type": "bool", "default": False},
    "ca_certs": {"type": "path"},
    "key_format": {"type": "str", "no_log": False},
}


class SessionStore:
    """One connection to the database of the sessions. Use it in a `with`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if redis is None:
            raise HealthError("redis is not installed for this Python; it is needed to ask Redis")
        before, mark, after = (options["key_format"] or "").partition("{session_key}")
        if not mark or after:
            raise HealthError(
                f"key_format is {options['key_format']!r}; it must end with {{session_key}}, where the key goes"
            )
        self._prefix = before
        self.place = f"Redis at {options['login_host']}:{options['login_port']}, database {options['db']}"
        self._client = redis.Redis(**_client_options(options))

    def __enter__(self) -> SessionStore:
        self.asked(self._client.ping, PING_NEEDED)
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def asked(self, call: Callable[[], Any], needed: str) -> Any:
        """What Redis answered. Raises HealthError."""
        try:
            return call()
        except (redis.RedisError, OSError) as error:
            found = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise HealthError(f"{self.place}: {found}; {needed}") from error

    def latency_ms(self) -> float:
        """Median time of a PING."""
        times = []
        for _ in range(PINGS):
            begun = time.perf_counter()
            self.asked(self._client.ping, PING_NEEDED)
            times.append(time.perf_counter() - begun)
        return round(1000 * statistics.median(times), 3)

    def info(self) -> dict[str, Any] | None:
        """INFO; None where this login may not ask."""
        return self._allowed(self._client.info)

    def config(self) -> dict[str, Any] | None:
        """The setting of snapshots; None where CONFIG is refused."""
        return self._allowed(lambda: self._client.config_get("save"))

    def _allowed(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except redis.ResponseError:
            return None
        except (redis.RedisError, OSError) as error:
            raise HealthError(f"{self.place}: {error}; an answer is needed") from error

    def probe(self) -> str:
        """Write, read and remove a key of our own; returns what went wrong, or nothing."""
        key, value = f"health-probe:{secrets.token_hex(8)}", secrets.token_hex(8)
        try:
            self._client.set(key, value, ex=PROBE_SECONDS)
            found, lifetime = self._client.get(key), self._client.pttl(key)
            self._client.delete(key)
        except (redis.RedisError, OSError) as error:
            return (str(error).strip().splitlines() or [type(error).__name__])[0]
        if found != value.encode():
            return "another value came back"
        return (
            "" if 0 < lifetime <= 1000 * PROBE_SECONDS else f"it came back with a lifetime of {lifetime} ms"
        )

    def scan(self, seconds: float) -> Iterator[list[bytes]]:
        """The sessions' keys in batches, each with its prefix cut off; some may come twice. Raises NotKnown."""
        deadline = time.monotonic() + seconds
        cursor, pattern = 0, _escaped(self._prefix) + "*"
        while True:
            cursor, keys = self.asked(
                lambda at=cursor: self._client.scan(at, match=pattern, count=SCAN_BATCH),
                "SCAN must be allowed",
            )
            yield [key[len(self._prefix.encode()) :] for key in keys]
            if cursor == 0:
                return
            if time.monotonic() > deadline:
                raise NotKnown(
                    f"{self.place}: the keys could not be scanned within {seconds:g} s; raise scan_seconds"
                )

    def lifetimes(self, session_keys: list[bytes]) -> list[int]:
        """Milliseconds each key has left; -1 when it never expires, -2 when it is gone. Raises HealthError."""
        pipeline = self._client.pipeline(transaction=False)
        for session_key in session_keys:
            pipeline.pttl(self._prefix.encode() + session_key)
        return self.asked(pipeline.execute, "PTTL must be allowed")


def _escaped(prefix: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in prefix)


def _client_options(options: Mapping[str, Any]) -> dict[str, Any]:
    tls = {"ssl": True, "ssl_ca_certs": options["ca_certs"]} if options["tls"] else {}
    return {
        "host": options["login_host"],
        "port": options["login_port"],
        "username": options["login_user"],
        "password": options["login_password"],
        "db": options["db"],
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        # The client's own retries would hide a failure and multiply the timeouts.
        "retry": Retry(NoBackoff(), 0),
        **tls,
    }


def read_keys(store: SessionStore, seconds: float) -> dict[str, Any] | NotKnown:
    """Number of sessions, and what a sample of their lifetimes says.

    While Redis grows its table a scan may meet a key twice; remembering them all would cost more than it tells.
    """
    sessions, sample = 0, []
    try:
        for batch in store.scan(seconds):
            sessions += len(batch)
            if len(sample) < LIFETIME_SAMPLE:
                sample += store.lifetimes(batch)
    except NotKnown as reason:
        return reason
    ends = [lifetime for lifetime in sample if lifetime >= 0]
    return {
        "sessions": sessions,
        "sampled": len(sample),
        "endless": sample.count(-1),
        "longest_seconds": max(ends, default=0) / 1000,
    }


def read_health(options: Mapping[str, Any], check_mode: bool) -> tuple[list[Check], dict[str, Any]]:
    """The checks and the metrics. Raises HealthError."""
    rules = session_health.RULES
    limits = choose_limits({name: rule.limits for name, rule in rules.items()}, options["thresholds"] or {})
    names = choose_checks(rules, options["checks"], bool(options["baseline"]))
    baseline = _read_baseline(options["baseline"] or {})
    if options["scan_seconds"] <= 0:
        raise HealthError(f"scan_seconds is {options['scan_seconds']:g}; a number above 0 is needed")
    with SessionStore(options) as store:
        info, keys = store.info(), read_keys(store, options["scan_seconds"])
        metrics = {"latency_ms": store.latency_ms(), "pings": PINGS, **_figures(info, keys)}
        write = NotKnown("check mode writes nothing, not even the probe key") if check_mode else store.probe()
        facts = session_health.Facts(options, metrics, info, store.config(), keys, write, baseline)
        return session_health.assess(facts, limits, names), metrics


def _read_baseline(baseline: Mapping[str, Any]) -> Mapping[str, Any]:
    if baseline and "metrics" not in baseline:
        raise HealthError("baseline has no metrics; an earlier result of this module is needed")
    return baseline.get("metrics") or {}


def _figures(info: Mapping[str, Any] | None, keys: Mapping[str, Any] | NotKnown) -> dict[str, Any]:
    names = ("run_id", "redis_version", "uptime_in_seconds", "used_memory", "maxmemory", "maxmemory_policy")
    counters = ("evicted_keys", "rejected_connections", "connected_clients")
    figures = {name: (info or {}).get(name) for name in (*names, *counters)}
    counted = None if isinstance(keys, NotKnown) else keys
    return {
        **figures,
        "sessions": counted and counted["sessions"],
        "longest_lifetime_seconds": counted and counted["longest_seconds"],
    }
