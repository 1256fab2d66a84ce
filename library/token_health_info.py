#!/usr/bin/python
"""Reports whether the refresh tokens in PostgreSQL are healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: token_health_info
short_description: Report whether the refresh tokens in PostgreSQL are healthy
description:
  - Reads the table of refresh tokens in one read-only transaction on one connection, as a consistent snapshot, and
    judges what it finds. The rows stay in the database.
  - An unhealthy table is a result; a server that cannot be asked, or an option that cannot be used, fails the module.
  - A check whose columns the table lacks, or whose query takes too long, is V(unknown) with the reason.
  - A table that does not exist makes the check C(schema) critical, and all that read it unknown.
attributes:
  check_mode:
    support: full
    description: This module only reads and works the same in check mode.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: This module only reads.
options:
  table:
    description: Table of the refresh tokens, with its schema if it is not on the search path.
    type: str
    required: true
  columns:
    description: Names of the table's columns, where they are not these.
    type: dict
    suboptions:
      id:
        description: Number of the row, which grows.
        type: str
        default: id
      token_id:
        description: Identity of the token.
        type: str
        default: token_id
      user_id:
        description: User the token belongs to.
        type: str
        default: user_id
      family_id:
        description: Session the token belongs to. The tokens that follow each other by rotation are a family.
        type: str
        default: family_id
      parent_id:
        description: Row of the token that this one superseded.
        type: str
        default: parent_id
      created_at:
        description: Time the token was made.
        type: str
        default: created_at
      expires_at:
        description: Time the token ends.
        type: str
        default: expires_at
      revoked_at:
        description: Time the token was superseded or ended.
        type: str
        default: revoked_at
      revoked_reason:
        description: Why it was, in the words of O(reasons).
        type: str
        default: revoked_reason
      rotation_count:
        description: Number of rotations before this token.
        type: str
        default: rotation_count
      remember_me:
        description: Whether the user asked for a long session.
        type: str
        default: remember_me
      confirmed_at:
        description: Time the token was first used.
        type: str
        default: confirmed_at
      replay_count:
        description: How often the token was given out again.
        type: str
        default: replay_count
  reasons:
    description: Words that the application writes into C(revoked_reason).
    type: dict
    suboptions:
      rotated:
        description: The token was superseded by rotation.
        type: str
        default: rotated
      reuse:
        description: A superseded token was presented, and the family was ended.
        type: str
        default: reuse_detected
      canary:
        description: The token belonged to a test session.
        type: str
        default: canary
      bulk:
        description: Reasons that end many sessions of one user at once.
        type: list
        elements: str
        default: [logout_all, password, admin]
  indexes:
    description: Indexes that must exist and be valid.
    type: list
    elements: str
    default: []
  unique_indexes:
    description: Indexes that must exist, be valid and be unique.
    type: list
    elements: str
    default: []
  user_table:
    description: Table of the users. Without it C(inactive_users) is unknown.
    type: str
  user_key_column:
    description: Primary key of O(user_table).
    type: str
    default: id
  user_active_column:
    description: Column of O(user_table) that says whether the user may log in.
    type: str
    default: is_active
  user_name_column:
    description: Column of O(user_table) that holds the names in O(canary_users).
    type: str
  canary_users:
    description: Users of tests and probes, whose logins, logouts and refreshes say nothing about people.
    type: list
    elements: str
    default: []
  access_seconds:
    description: Lifetime of an access token.
    type: int
    default: 3600
  remember_seconds:
    description: Lifetime of a session with remember-me. Without it C(token_lifetime) is unknown.
    type: int
  default_seconds:
    description: Lifetime of a session without remember-me. Without it C(token_lifetime) is unknown.
    type: int
  retention_days:
    description: Days after which rotated tokens are purged.
    type: float
    default: 8
  window_days:
    description: Days that RV(metrics.avg_rotation_count) and RV(metrics.remember_me) look back.
    type: float
    default: 7
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
      - An earlier result of this module. Adds the checks C(table_kept), C(index_use) and C(reuse_since_baseline), and
        judges lifetimes only of sessions that began later, and the use of tokens only of those rotated later.
    type: dict
  now:
    description: Time to judge at, for tests. Without it the database's own.
    type: str
  statement_timeout_seconds:
    description: Seconds that each query may take.
    type: float
    default: 30
  login_host:
    description: Host of PostgreSQL.
    type: str
    default: localhost
  login_port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  login_user:
    description: Role that may read the table.
    type: str
    default: postgres
  login_password:
    description: Password of that role.
    type: str
  login_db:
    description: Database of the application.
    type: str
    required: true
  ssl_mode:
    description: How TLS is used with PostgreSQL.
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: PEM file that the server's certificate is checked against.
    type: path
requirements:
  - psycopg2
author:
  - Deployment team
"""

EXAMPLES = r"""
- name: Read the health of the tokens
  token_health_info:
    table: session_token
    login_host: 127.0.0.1
    login_user: shop
    login_db: shop
    login_password: "{{ vault_shop_password }}"
    unique_indexes: [session_token_live_family]
    remember_seconds: 1728000
    default_seconds: 86400
    thresholds:
      tips_per_user: {warning: 20, critical: 100}
  register: tokens

- name: Refuse tokens that are not healthy
  ansible.builtin.assert:
    that: tokens.status != 'critical'
    fail_msg: "{{ tokens.checks | selectattr('status', 'eq', 'critical') | map(attribute='reason') | join('; ') }}"

- name: Compare with what it was before the change
  token_health_info:
    table: session_token
    login_db: shop
    login_password: "{{ vault_shop_password }}"
    baseline: "{{ tokens }}"
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
    - C(schema) the table and its columns exist; C(metrics) the figures could be read; C(indexes) the indexes named
      exist, are valid and unique; C(single_live_tip) families with more than one live token; C(token_chain) tokens of
      the last day that do not follow from their parent; C(revocation_rate) sessions ended in 5 minutes against the
      same hour last week; C(reuse_ratio) families ended for reuse to rotations, in an hour; C(revocation_burst) most
      sessions of one user ended within a millisecond; C(involuntary_logouts) logins of the last day by users who were
      logged in and left that session behind, to 1000 live sessions; C(unconfirmed_tips) tokens rotated in the last
      hour that were not used; C(replay_ratio) repeated refreshes to rotations; C(rotation_stuck) families in use if
      none was ever rotated; C(token_lifetime) seconds between wanted and found lifetime of new sessions; C(clock)
      rows from the future and columns without time zone; C(purge_lag) hours that rotated tokens are overdue to be
      purged; C(dead_rows) dead to live rows; C(tips_per_user) most live sessions of one user; C(inactive_users) live
      sessions of deactivated users; C(revivable_tokens) revoked tokens that a stateless release would accept, always
      ok.
    - With O(baseline) C(table_kept) the table is the same and has lost no new row; C(index_use) share of scans that
      read the whole table; C(reuse_since_baseline) families ended for reuse beyond those in the hour before the
      baseline.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
      sample: single_live_tip
    status:
      description: V(ok), V(unknown), V(warning) or V(critical).
      type: str
      sample: critical
    value:
      description: What was measured; null when it is not known.
      type: float
      sample: 2
    threshold:
      description: C(warning) and C(critical), the limits above which a value is unhealthy; null is no limit.
      type: dict
      sample: {warning: null, critical: 0}
    sample:
      description: How many were looked at.
      type: int
      sample: 130000
    reason:
      description: What was found and what is healthy; empty when the check is ok.
      type: str
      sample: 2 families have more than one live token; at most 0 is healthy
    next_step:
      description: What helps; empty when the check is ok.
      type: str
      sample: check that the job that purges rotated tokens runs
metrics:
  description: Figures without a verdict; null where they cannot be known.
  returned: success
  type: dict
  contains:
    active_tokens:
      description: Tokens that are neither revoked nor expired.
      type: int
      sample: 130000
    avg_rotation_count:
      description: Mean number of rotations of tokens made in the last O(window_days) days.
      type: float
      sample: 11.9
    remember_me:
      description: Number and mean lifetime in days of tokens made in the last O(window_days) days, by remember-me.
      type: list
      elements: dict
      sample: [{remember_me: true, count: 1000, avg_days: 20.0}]
    newest_id:
      description: Number of the newest row.
      type: int
      sample: 10000000
    table_oid:
      description: Identity of the table, which changes when it is made anew.
      type: int
      sample: 16410
    scans:
      description: Counters of PostgreSQL, C(sequential), C(index), C(live_rows), C(dead_rows), C(vacuumed_at).
      type: dict
      sample: {sequential: 2, index: 91822, live_rows: 10000000, dead_rows: 110, vacuumed_at: 1766000000.5}
    reused_per_hour:
      description: Families ended for reuse in the last hour.
      type: int
      sample: 0
taken_at:
  description: Time the result holds for, by the database's clock.
  returned: success
  type: str
  sample: "2026-01-31T12:00:00.123456+00:00"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.health_checks import HealthError, as_result
from ansible.module_utils.health_postgres import POSTGRES_SPEC, Transaction
from ansible.module_utils.token_health_read import check_options, read_health
from ansible.module_utils.token_health_sql import COLUMNS

REASONS_SPEC = {
    "rotated": {"type": "str", "default": "rotated"},
    "reuse": {"type": "str", "default": "reuse_detected"},
    "canary": {"type": "str", "default": "canary"},
    "bulk": {"type": "list", "elements": "str", "default": ["logout_all", "password", "admin"]},
}
# Names of columns are no secrets, whatever they are called.
COLUMNS_SPEC = {name: {"type": "str", "default": name, "no_log": False} for name in COLUMNS}
ARGUMENT_SPEC = {
    "table": {"type": "str", "required": True},
    "columns": {"type": "dict", "apply_defaults": True, "options": COLUMNS_SPEC},
    "reasons": {"type": "dict", "apply_defaults": True, "options": REASONS_SPEC},
    "indexes": {"type": "list", "elements": "str", "default": []},
    "unique_indexes": {"type": "list", "elements": "str", "default": []},
    "user_table": {"type": "str"},
    "user_key_column": {"type": "str", "default": "id", "no_log": False},
    "user_active_column": {"type": "str", "default": "is_active"},
    "user_name_column": {"type": "str"},
    "canary_users": {"type": "list", "elements": "str", "default": []},
    "access_seconds": {"type": "int", "default": 3600},
    "remember_seconds": {"type": "int"},
    "default_seconds": {"type": "int"},
    "retention_days": {"type": "float", "default": 8},
    "window_days": {"type": "float", "default": 7},
    "checks": {"type": "list", "elements": "str", "default": []},
    "thresholds": {"type": "dict"},
    "baseline": {"type": "dict"},
    "now": {"type": "str"},
    **POSTGRES_SPEC,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        options = check_options(module.params)
        with Transaction(options, "token_health_info") as transaction:
            checks, metrics, taken_at = read_health(transaction, options)
    except HealthError as error:
        module.fail_json(msg=str(error))
    result = as_result(checks)
    module.exit_json(
        changed=False, status=result["status"], checks=result["checks"], metrics=metrics, taken_at=taken_at
    )


if __name__ == "__main__":
    main()
