"""Each check of Redis just within and just beyond its limit, without a server."""

from __future__ import annotations

import pytest
from ansible.module_utils.health_checks import NotKnown
from ansible.module_utils.session_health import RULES, Facts, assess
from ansible.module_utils.session_health_read import SessionStore

OPTIONS = {"cookie_seconds": 1000, "sessions_in_database": False}
METRICS = {"latency_ms": 1.0, "pings": 5, "run_id": "now"}
INFO = {
    "run_id": "now",
    "uptime_in_seconds": 3,
    "maxmemory_policy": "volatile-ttl",
    "maxmemory": 1000,
    "used_memory": 100,
    "total_system_memory": 9000,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "evicted_keys": 0,
    "rejected_connections": 0,
}
KEYS = {"sessions": 100, "sampled": 100, "endless": 0, "longest_seconds": 900.0}


def verdict(name: str, **changed) -> str:
    parts = {"options": OPTIONS, "metrics": METRICS, "info": INFO, "config": {"save": "900 1"}, "keys": KEYS}
    limits = {name: rule.limits for name, rule in RULES.items()}
    [check] = assess(Facts(**(parts | changed)), limits, [name])
    return check.status


def of_info(**changed) -> dict:
    return {"info": INFO | changed}


NO_AOF = of_info(aof_enabled=0)
EDGES = [
    ("latency", {"metrics": METRICS | {"latency_ms": 20.0}}, "ok"),
    ("latency", {"metrics": METRICS | {"latency_ms": 20.1}}, "warning"),
    ("latency", {"metrics": METRICS | {"latency_ms": 200.1}}, "critical"),
    ("write", {"write": ""}, "ok"),
    ("write", {"write": "READONLY"}, "critical"),
    ("write", {"write": NotKnown("check mode")}, "unknown"),
    ("eviction_policy", {}, "ok"),
    ("eviction_policy", of_info(maxmemory_policy="noeviction"), "ok"),
    ("eviction_policy", of_info(maxmemory_policy="allkeys-lru"), "critical"),
    ("eviction_policy", of_info(maxmemory_policy="volatile-random"), "critical"),
    ("eviction_policy", of_info(maxmemory_policy="allkeys-lru", maxmemory=0), "ok"),
    ("eviction_policy", {"info": None}, "unknown"),
    ("persistence", {}, "ok"),
    ("persistence", of_info(aof_last_write_status="err"), "critical"),
    ("persistence", NO_AOF, "ok"),
    ("persistence", NO_AOF | {"config": {"save": ""}}, "critical"),
    ("persistence", of_info(aof_enabled=0, rdb_last_bgsave_status="err"), "critical"),
    ("persistence", NO_AOF | {"config": None}, "unknown"),
    ("evictions", {}, "ok"),
    ("evictions", of_info(evicted_keys=1), "critical"),
    ("evictions", of_info(evicted_keys=7) | {"baseline": {"run_id": "now", "evicted_keys": 7}}, "ok"),
    ("evictions", of_info(evicted_keys=8) | {"baseline": {"run_id": "now", "evicted_keys": 7}}, "critical"),
    (
        "evictions",
        of_info(evicted_keys=1) | {"baseline": {"run_id": "before", "evicted_keys": 7}},
        "critical",
    ),
    ("rejected_connections", of_info(rejected_connections=1), "warning"),
    ("memory", of_info(used_memory=800), "ok"),
    ("memory", of_info(used_memory=801), "warning"),
    ("memory", of_info(used_memory=951), "critical"),
    ("memory", of_info(used_memory=951, maxmemory=0), "ok"),
    ("restart", {"baseline": {"run_id": "now"}}, "ok"),
    ("restart", {"baseline": {"run_id": "before"}}, "warning"),
    ("restart", {}, "unknown"),
    ("endless_keys", {}, "ok"),
    ("endless_keys", {"keys": KEYS | {"endless": 1}}, "critical"),
    ("endless_keys", {"keys": NotKnown("too many")}, "unknown"),
    ("key_lifetime", {"keys": KEYS | {"longest_seconds": 1060.0}}, "ok"),
    ("key_lifetime", {"keys": KEYS | {"longest_seconds": 1060.1}}, "critical"),
    ("key_lifetime", {"options": OPTIONS | {"cookie_seconds": None}}, "unknown"),
    ("session_drop", {"baseline": {"sessions": 111}}, "ok"),
    ("session_drop", {"baseline": {"sessions": 112}}, "warning"),
    ("session_drop", {"baseline": {"sessions": 201}}, "critical"),
    ("session_drop", {"baseline": {"sessions": 0}}, "ok"),
    ("session_drop", {}, "unknown"),
]


@pytest.mark.parametrize(("name", "changed", "status"), EDGES)
def test_a_check_at_its_edge(name, changed, status):
    assert verdict(name, **changed) == status


def test_every_check_has_its_edges():
    assert {name for name, _, _ in EDGES} == set(RULES)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.only_copy])
def test_where_the_database_has_the_sessions_too_durability_only_warns(name):
    [changed] = [c for n, c, status in EDGES if n == name and status == "critical"][:1]
    assert verdict(name, **changed, options=OPTIONS | {"sessions_in_database": True}) == "warning"


@pytest.mark.parametrize(
    ("prefix", "pattern"), [("a:b*[c]?", r"a:b\*\[c\]\?*"), ("back\\slash", r"back\\slash*"), ("", "*")]
)
def test_the_prefix_is_scanned_for_as_it_is(monkeypatch, prefix, pattern):
    options = {
        "key_format": prefix + "{session_key}",
        "login_host": "x",
        "login_port": 1,
        "db": 0,
        "tls": False,
    }
    options |= {"login_user": None, "login_password": None, "ca_certs": None}
    store, asked = SessionStore(options), []
    monkeypatch.setattr(store._client, "scan", lambda _at, match, count: asked.append(match) or (0, []))
    assert list(store.scan(1)) == [[]]
    assert asked == [pattern]
