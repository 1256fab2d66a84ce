"""What Redis says about the health of the sessions it keeps. Pure: facts in, checks out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.health_checks import (
    Check,
    Limits,
    Measured,
    NotKnown,
    at_most_warning,
    judge,
    not_known,
)

#: Policies that evict what is not about to end anyway.
SAFE_POLICIES = ("noeviction", "volatile-ttl")


@dataclass(frozen=True)
class Facts:
    """info, config: what Redis answered, None where it refused to; keys: what a scan found; metrics: the result's."""

    options: Mapping[str, Any]
    metrics: Mapping[str, Any]
    info: Mapping[str, Any] | None = None
    config: Mapping[str, Any] | None = None
    keys: Mapping[str, Any] | NotKnown = field(default_factory=lambda: NotKnown("the keys were not scanned"))
    write: str | NotKnown = ""
    baseline: Mapping[str, Any] = field(default_factory=dict)

    def of_info(self, name: str) -> Any:
        """A field of INFO. Raises NotKnown."""
        if self.info is None or name not in self.info:
            raise NotKnown(f"INFO does not say {name}: this login may not ask, or the server is too old")
        return self.info[name]

    def of_keys(self, name: str) -> Any:
        """A figure of the scan. Raises NotKnown."""
        if isinstance(self.keys, NotKnown):
            raise self.keys
        return self.keys[name]

    def grown(self, name: str) -> int:
        """Growth of a counter since the baseline, or since the server started when there is none. Raises NotKnown."""
        count = self.of_info(name)
        same_server = self.baseline.get("run_id") == self.metrics["run_id"]
        return count - (self.baseline.get(name) or 0) if same_server else count


@dataclass(frozen=True)
class Rule:
    """only_copy: critical only where Redis holds the only copy of the sessions."""

    measure: Callable[[Facts], Measured]
    limits: Limits
    next_step: str
    only_copy: bool = False
    needs_baseline: bool = False


def _latency(facts: Facts) -> Measured:
    value = facts.metrics["latency_ms"]
    return Measured(
        value, facts.metrics["pings"], f"PING takes {value:g} ms, the median of {facts.metrics['pings']}"
    )


def _write(facts: Facts) -> Measured:
    if isinstance(facts.write, NotKnown):
        raise facts.write
    return Measured(
        float(bool(facts.write)), 1, f"a probe key could not be written and read back: {facts.write}"
    )


def _policy(facts: Facts) -> Measured:
    policy = facts.of_info("maxmemory_policy")
    unsafe = policy not in SAFE_POLICIES and facts.of_info("maxmemory") > 0
    return Measured(float(unsafe), None, f"Redis evicts by {policy}, which can throw out sessions")


def _persistence(facts: Facts) -> Measured:
    if facts.of_info("aof_enabled"):
        state = facts.of_info("aof_last_write_status")
        return Measured(
            float(state != "ok"), None, f"the last write of the append-only file ended with {state}"
        )
    if facts.config is None or "save" not in facts.config:
        raise NotKnown(
            "the append-only file is off, and CONFIG GET save is refused: snapshots may be on or off"
        )
    if not facts.config["save"]:
        return Measured(
            1.0, None, "neither the append-only file nor snapshots are on: a restart ends every session"
        )
    state = facts.of_info("rdb_last_bgsave_status")
    return Measured(float(state != "ok"), None, f"the last snapshot ended with {state}")


def _evictions(facts: Facts) -> Measured:
    return Measured(facts.grown("evicted_keys"), None, f"{facts.grown('evicted_keys')} keys were evicted")


def _rejections(facts: Facts) -> Measured:
    count = facts.grown("rejected_connections")
    return Measured(count, None, f"{count} connections were refused because maxclients was reached")


def _memory(facts: Facts) -> Measured:
    limit = facts.of_info("maxmemory") or facts.of_info("total_system_memory")
    ratio = round(facts.of_info("used_memory") / limit, 4)
    return Measured(ratio, None, f"{ratio:.0%} of {limit} bytes are used")


def _restart(facts: Facts) -> Measured:
    if not facts.baseline.get("run_id"):
        raise NotKnown("the baseline has no run_id")
    other = facts.baseline["run_id"] != facts.of_info("run_id")
    return Measured(float(other), None, f"Redis was restarted {facts.of_info('uptime_in_seconds')} s ago")


def _endless(facts: Facts) -> Measured:
    endless = facts.of_keys("endless")
    return Measured(endless, facts.of_keys("sampled"), f"{endless} session keys never expire")


def _lifetime(facts: Facts) -> Measured:
    wanted, longest = facts.options["cookie_seconds"], facts.of_keys("longest_seconds")
    if wanted is None:
        raise NotKnown("cookie_seconds does not say how long sessions live")
    beyond = max(0.0, longest - wanted)
    found = f"a session key lives {longest:.0f} s; the application's sessions live {wanted} s"
    return Measured(round(beyond, 3), facts.of_keys("sampled"), found)


def _drop(facts: Facts) -> Measured:
    before, now = facts.baseline.get("sessions"), facts.of_keys("sessions")
    if before is None:
        raise NotKnown("the baseline could not count the sessions")
    lost = max(0, before - now)
    found = f"{now} sessions are in Redis; the baseline counted {before}"
    return Measured(round(lost / before, 4) if before else 0.0, now, found)


#: In the order of the report.
RULES: dict[str, Rule] = {
    "latency": Rule(_latency, Limits(20, 200), "look at SLOWLOG GET, and at the load of the Redis host"),
    "write": Rule(
        _write,
        Limits(None, 0),
        "check the role, the memory and the rights of the login: INFO replication, INFO memory",
    ),
    "eviction_policy": Rule(
        _policy,
        Limits(None, 0),
        "set maxmemory-policy to volatile-ttl or noeviction in redis.conf",
        only_copy=True,
    ),
    "persistence": Rule(
        _persistence, Limits(None, 0), "set appendonly yes, and check the disk of Redis", only_copy=True
    ),
    "evictions": Rule(
        _evictions,
        Limits(None, 0),
        "raise maxmemory, or move other caches to a Redis of their own",
        only_copy=True,
    ),
    "rejected_connections": Rule(
        _rejections, Limits(0, None), "raise maxclients, or find who opens so many connections: CLIENT LIST"
    ),
    "memory": Rule(_memory, Limits(0.8, 0.95), "raise maxmemory, or find what grows: MEMORY STATS"),
    "restart": Rule(
        _restart,
        Limits(0, None),
        "find who restarted Redis, and prove that the sessions are there",
        needs_baseline=True,
    ),
    "endless_keys": Rule(
        _endless,
        Limits(None, 0),
        "something else writes under the sessions' prefix: give it a database of its own",
    ),
    "key_lifetime": Rule(
        _lifetime, Limits(None, 60), "compare SESSION_COOKIE_AGE in the running container with cookie_seconds"
    ),
    "session_drop": Rule(
        _drop,
        Limits(0.1, 0.5),
        "look for a flush, an eviction, or another session engine, key prefix or database in the live release",
        only_copy=True,
        needs_baseline=True,
    ),
}


def assess(facts: Facts, limits: Mapping[str, Limits], names: list[str]) -> list[Check]:
    """The verdicts of the named checks."""
    return [_assess(name, RULES[name], facts, limits[name]) for name in names]


def _assess(name: str, rule: Rule, facts: Facts, limits: Limits) -> Check:
    try:
        check = judge(name, rule.measure(facts), limits, rule.next_step)
    except NotKnown as reason:
        return not_known(name, limits, str(reason))
    if rule.only_copy and facts.options["sessions_in_database"]:
        return at_most_warning(check, "the sessions are in the database as well")
    return check
