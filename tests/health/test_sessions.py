"""session_health_info on a real Redis: healthy is ok in every check, and each fault turns exactly its own check red."""

from __future__ import annotations

import secrets

import healthy
import pytest
import redis
import session_health_info
import yaml
from manual import results_in_manual, returned

from app_stack import free_port, wait_for

KEY = healthy.KEY_FORMAT.replace("{session_key}", "odd")


def statuses(result: dict) -> dict[str, str]:
    assert "checks" in result, result["msg"]
    return {check["name"]: check["status"] for check in result["checks"]}


def bad(result: dict) -> dict[str, str]:
    return {name: status for name, status in statuses(result).items() if status != "ok"}


def reason(result: dict, name: str) -> str:
    return next(check["reason"] for check in result["checks"] if check["name"] == name)


def fill_until_evicted(cache) -> None:
    """Write caches into a full Redis until keys had to go."""
    cache.config_set("maxmemory-policy", "volatile-ttl")
    cache.config_set("maxmemory", cache.info("memory")["used_memory"] + 300_000)
    for number in range(600):
        cache.set(f"cache-{number}", "x" * 1000, ex=60)
    cache.config_set("maxmemory", "268435456")
    assert cache.info("stats")["evicted_keys"] > 0


def nearly_fill(cache) -> None:
    """Leave 3 per cent of the memory, which is enough to write a probe."""
    cache.config_set("maxmemory-policy", "noeviction")
    for number in range(300):
        cache.set(f"cache-{number}", "x" * 100_000)
    cache.config_set("maxmemory", int(cache.info("memory")["used_memory"] * 1.03))


FAULTS = {
    "write": (lambda c: c.replicaof("127.0.0.1", 1), "critical", "read only replica", {}),
    "eviction_policy": (
        lambda c: c.config_set("maxmemory-policy", "allkeys-lru"), "critical", "evicts by allkeys-lru", {},
    ),
    "persistence": (
        lambda c: [c.config_set("appendonly", "no"), c.config_set("save", "")],
        "critical", "a restart ends every session", {},
    ),
    "evictions": (fill_until_evicted, "critical", "keys were evicted", {}),
    "memory": (nearly_fill, "critical", "are used", {}),
    "endless_keys": (lambda c: c.set(KEY, "x"), "critical", "1 session keys never expire", {}),
    "key_lifetime": (lambda c: c.set(KEY, "x", ex=9_999_999), "critical", "a session key lives 9999999 s", {}),
    "latency": (lambda _c: None, "critical", "PING takes", {"thresholds": {"latency": {"warning": 0, "critical": 0}}}),
}  # fmt: skip


@pytest.fixture
def repaired(cache):
    yield cache
    cache.replicaof("NO", "ONE")


def test_a_healthy_redis_is_ok_in_every_check(sessions):
    result = sessions()
    assert bad(result) == {}
    assert (result["status"], result["metrics"]["sessions"]) == ("ok", 40)
    assert returned(result) == results_in_manual(session_health_info)
    assert set(yaml.safe_load(session_health_info.RETURN)["metrics"]["contains"]) == set(result["metrics"])
    assert 1_690_000 < result["metrics"]["longest_lifetime_seconds"] <= 1_700_039


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_turns_exactly_its_check_red(sessions, repaired, name):
    inject, status, words, options = FAULTS[name]
    inject(repaired)
    result = sessions(**options)
    assert bad(result) == {name: status}
    assert words in reason(result, name)


def test_durability_is_a_warning_where_the_database_has_the_sessions_too(sessions, cache):
    cache.config_set("maxmemory-policy", "allkeys-lru")
    result = sessions(sessions_in_database=True)
    assert bad(result) == {"eviction_policy": "warning"}


def test_a_flush_is_a_drop_from_the_baseline(sessions, cache):
    baseline = sessions()
    assert bad(sessions(baseline=baseline)) == {}
    cache.flushdb()
    result = sessions(baseline=baseline)
    assert bad(result) == {"session_drop": "critical"}
    assert reason(result, "session_drop").startswith("0 sessions are in Redis; the baseline counted 40")


def test_another_server_is_a_restart(sessions, cache):
    baseline = sessions()
    baseline["metrics"]["run_id"] = "0" * 40
    assert bad(sessions(baseline=baseline)) == {"restart": "warning"}


def test_evictions_before_the_baseline_are_not_held_against_it(sessions, cache):
    fill_until_evicted(cache)
    baseline = sessions()
    assert bad(sessions(baseline=baseline)) == {}


def test_rejected_connections_are_a_warning(sessions, services, cache):
    cache.config_set("maxclients", 1)
    with pytest.raises(Exception, match="max number of clients"):
        services.redis().ping()
    cache.config_set("maxclients", 10000)
    assert bad(sessions()) == {"rejected_connections": "warning"}


def test_what_is_forbidden_is_unknown(sessions, cache):
    cache.config_set("appendonly", "no")

    def seen_without(*refused: str) -> dict[str, str]:
        commands = ["+@all", *(f"-{command}" for command in refused)]
        cache.acl_setuser(
            "watcher", enabled=True, reset=True, passwords=["+secret"], keys=["*"], commands=commands
        )
        return bad(sessions(login_user="watcher", login_password="secret"))

    try:
        unknown, without_config = seen_without("config", "info"), seen_without("config")
    finally:
        cache.acl_deluser("watcher")
    wanted = ("eviction_policy", "persistence", "evictions", "rejected_connections", "memory")
    assert unknown == dict.fromkeys(wanted, "unknown")
    assert without_config == {"persistence": "unknown"}


def test_check_mode_writes_nothing(sessions, cache):
    written = cache.info("commandstats")["cmdstat_set"]["calls"]
    assert bad(sessions(check_mode=True)) == {"write": "unknown"}
    assert cache.info("commandstats")["cmdstat_set"]["calls"] == written


def test_the_only_write_is_a_probe_that_is_removed_and_keys_are_never_listed(sessions, cache):
    before = cache.dbsize()
    cache.config_resetstat()
    sessions()
    commands = {name.removeprefix("cmdstat_") for name in cache.info("commandstats")}
    assert commands & {"set", "del", "keys", "flushdb", "expire", "config|set"} == {"set", "del"}
    assert cache.dbsize() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"login_password": "wrong-one"}, "invalid username-password pair"),
        ({"login_password": None}, "authenticated"),
        ({"login_port": 1}, "Connection refused"),
        ({"tls": True}, "check host, port, tls"),
        ({"key_format": "no-key"}, "it must end with {session_key}"),
        (
            {"thresholds": {"memory": {"warning": -1}}},
            "thresholds.memory.warning is -1; a number of 0 or more",
        ),
        ({"thresholds": {"sessions": {}}}, "thresholds names sessions; these checks have thresholds: "),
        ({"checks": ["speed"]}, "checks names speed; the checks are latency"),
        ({"baseline": {"status": "ok"}}, "baseline has no metrics"),
    ],
)
def test_what_cannot_be_asked_fails_in_one_sentence(sessions, options, words):
    result = sessions(**options)
    assert result["failed"]
    assert words in result["msg"]
    assert "\n" not in result["msg"] and "wrong-one" not in str(result)


def test_a_server_that_hangs_fails(sessions, silent_port):
    message = sessions(login_port=silent_port)["msg"]
    assert message.startswith(f"Redis at 127.0.0.1:{silent_port}, database 1: Timeout")
    assert "an answer to PING is needed" in message


@pytest.fixture
def loading_redis(services):
    """The port of a Redis that takes half a second to read each of its keys back; removed at the end."""
    name, port = f"{services.name}-loading", free_port()
    start = ["run", "--detach", "--publish", f"127.0.0.1:{port}:6379"]
    config = ["--volume", f"{services.files['redis.conf']}:/etc/redis/redis.conf:ro"]
    image = ["igny8-sandbox-redis:7", "--appendonly", "no", "--save", "900 1"]
    slow = ["--key-load-delay", "500000", "--loading-process-events-interval-bytes", "1024"]
    try:
        services._docker(*start, "--name", name, *config, *image)
        client = redis.Redis(port=port, password=services.passwords["redis"])
        wait_for(client.ping, "Redis")
        for number in range(20):
            client.set(f"key-{number}", secrets.token_bytes(3000))
        services._docker("stop", name)
        services._docker(*start, "--name", f"{name}-slow", "--volumes-from", name, *image, *slow)
        yield port
    finally:
        services._docker("rm", "--force", "--volumes", f"{name}-slow", name)


def test_a_redis_that_still_loads_fails(sessions, loading_redis):
    def refusal() -> str:
        return sessions(login_port=loading_redis).get("msg", "it answered")

    wait_for(lambda: "oading" in refusal(), "a Redis that is loading")
    assert "Redis is loading the dataset in memory" in refusal()
