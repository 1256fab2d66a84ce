#!/usr/bin/python
"""Reports whether Redis keeps the sessions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_health_info
short_description: Report whether Redis keeps the sessions
description:
  - Asks Redis for its latency, whether it can be written, how it evicts, persists and uses its memory, and for the
    sessions in it.
  - An unhealthy Redis is a result; one that cannot be asked, or an option that cannot be used, fails the module.
  - What Redis refuses to say is V(unknown), never V(ok).
attributes:
  check_mode:
    support: full
    description: The probe key is not written, and its check is V(unknown).
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: The only write is a probe key, which is removed and would expire by itself.
options:
  key_format:
    description: Name of a session's key, which ends with C({session_key}) where the value of the cookie goes.
    type: str
    required: true
  db:
    description: Number of the database that holds the sessions.
    type: int
    default: 0
  cookie_seconds:
    description: Lifetime of a session. Without it C(key_lifetime) is unknown.
    type: int
  sessions_in_database:
    description:
      - Whether every session is in the database of the application as well. Then Redis may lose them without anybody
        being logged out, and what concerns their durability is a warning at most.
    type: bool
    default: false
  scan_seconds:
    description:
      - Seconds that counting the keys may take. It is done in small steps, which let Redis serve others between.
    type: float
    default: 30
  checks:
    description: Checks to make; all when empty. They are listed under RV(checks).
    type: list
    elements: str
    default: []
  thresholds:
    description:
      - Other limits of checks, as C({check} {warning, critical}). A value above a limit is unhealthy; V(null) is no
        limit.
    type: dict
  baseline:
    description:
      - An earlier result of this module. Adds the checks C(restart) and C(session_drop), and counts evictions and
        rejections from there on.
    type: dict
  login_host:
    description: Host of Redis.
    type: str
    default: localhost
  login_port:
    description: Port of Redis.
    type: int
    default: 6379
  login_user:
    description: User of Redis.
    type: str
  login_password:
    description: Password of Redis.
    type: str
  tls:
    description: Whether to use TLS.
    type: bool
    default: false
  ca_certs:
    description: PEM file that Redis is checked against.
    type: path
requirements:
  - redis
author:
  - Deployment team
"""

EXAMPLES = r"""
- name: Read the health of the sessions
  session_health_info:
    login_host: 127.0.0.1
    login_password: "{{ vault_redis_password }}"
    db: 1
    key_format: ":1:django.contrib.sessions.cached_db{session_key}"
    cookie_seconds: 1728000
    sessions_in_database: true
  register: sessions

- name: Refuse a Redis that loses sessions
  ansible.builtin.assert:
    that: sessions.status != 'critical'
    fail_msg: "{{ sessions.checks | selectattr('status', 'eq', 'critical') | map(attribute='reason') | join('; ') }}"
"""

RETURN = r"""
status:
  description: The worst of the checks, V(ok), V(unknown), V(warning) or V(critical).
  returned: success
  type: str
  sample: ok
checks:
  description:
    - The verdicts, in a fixed order.
    - C(latency) median milliseconds of a PING; C(write) whether a probe key cannot be written, read and removed;
      C(eviction_policy) whether sessions can be evicted; C(persistence) whether a restart loses them; C(evictions)
      evicted keys; C(rejected_connections) refused connections; C(memory) share of the memory in use; C(endless_keys)
      session keys that never expire; C(key_lifetime) seconds that a session lives beyond O(cookie_seconds).
    - With O(baseline) C(restart) whether Redis was restarted; C(session_drop) share of the sessions that are gone.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
      sample: eviction_policy
    status:
      description: V(ok), V(unknown), V(warning) or V(critical).
      type: str
      sample: critical
    value:
      description: What was measured; null when it is not known.
      type: float
      sample: 1
    threshold:
      description: C(warning) and C(critical), the limits above which a value is unhealthy; null is no limit.
      type: dict
      sample: {warning: null, critical: 0}
    sample:
      description: How many were looked at.
      type: int
      sample: 40
    reason:
      description: What was found and what is healthy; empty when the check is ok.
      type: str
      sample: Redis evicts by allkeys-lru, which can throw out sessions; at most 0 is healthy
    next_step:
      description: What helps; empty when the check is ok.
      type: str
      sample: set maxmemory-policy to volatile-ttl or noeviction in redis.conf
metrics:
  description: Figures without a verdict; null where they cannot be known.
  returned: success
  type: dict
  contains:
    latency_ms:
      description: Median milliseconds of a PING.
      type: float
      sample: 0.21
    pings:
      description: Number of PINGs.
      type: int
      sample: 5
    sessions:
      description: Number of session keys.
      type: int
      sample: 40
    longest_lifetime_seconds:
      description: Longest time a session key of the sample has left.
      type: float
      sample: 1727998.1
    run_id:
      description: Identity of the server, which changes with a restart.
      type: str
      sample: 0e3fae2a0f3f0d1f4c1d7d2b8a2a7d39b8b0a4a1
    redis_version:
      description: Version of the server.
      type: str
      sample: 7.0.15
    uptime_in_seconds:
      description: Seconds since it was started.
      type: int
      sample: 86400
    used_memory:
      description: Bytes in use.
      type: int
      sample: 1048576
    maxmemory:
      description: Limit in bytes; 0 is none.
      type: int
      sample: 268435456
    maxmemory_policy:
      description: What is evicted at the limit.
      type: str
      sample: volatile-ttl
    evicted_keys:
      description: Keys evicted since the server was started.
      type: int
      sample: 0
    rejected_connections:
      description: Connections refused since the server was started.
      type: int
      sample: 0
    connected_clients:
      description: Clients.
      type: int
      sample: 12
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.health_checks import HealthError, as_result
from ansible.module_utils.session_health_read import REDIS_SPEC, read_health

ARGUMENT_SPEC = {
    **REDIS_SPEC,
    "key_format": {"type": "str", "required": True, "no_log": False},
    "cookie_seconds": {"type": "int"},
    "sessions_in_database": {"type": "bool", "default": False},
    "scan_seconds": {"type": "float", "default": 30},
    "checks": {"type": "list", "elements": "str", "default": []},
    "thresholds": {"type": "dict"},
    "baseline": {"type": "dict"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        checks, metrics = read_health(module.params, module.check_mode)
    except HealthError as error:
        module.fail_json(msg=str(error))
    result = as_result(checks)
    module.exit_json(changed=False, status=result["status"], checks=result["checks"], metrics=metrics)


if __name__ == "__main__":
    main()
