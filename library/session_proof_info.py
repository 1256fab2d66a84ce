#!/usr/bin/python
"""Proves by identity that everybody in a snapshot is still logged in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_proof_info
short_description: Prove that everybody in a snapshot is still logged in
description:
  - Compares the snapshot that session_snapshot has taken with what is now, member by member, in the application's
    database.
  - Each member is live, or its end is explained by its own expiry or by a reason in O(explained_reasons), or it is
    lost.
  - A session whose row is gone does not say who removed it. So many of them are explained as there were logouts since
    the snapshot; the others are lost. Sessions that O(own_users) began after it count for none.
  - Lost sessions are a result; a database that cannot be asked, or that holds no whole snapshot, fails the module;
    that one alone with O(snapshot_needed).
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
  explained_reasons:
    description: Reasons in C(revoked_reason) for which a family may end.
    type: list
    elements: str
    default: [logout, logout_all, password, admin, canary]
  rotated_reason:
    description: Reason of a token that was superseded, which ends no family.
    type: str
    default: rotated
  lost_allowed:
    description: Number of lost families, and of lost sessions, that is not critical.
    type: int
    default: 0
  snapshot_needed:
    description: Whether the module fails where there is no whole snapshot; else nothing is known of who was logged in.
    type: bool
    default: true
  table:
    description: Table of the refresh tokens, with its schema if it is not on the search path. It may not exist yet.
    type: str
    required: true
  columns:
    description: Names of that table's columns, where they are not these.
    type: dict
    suboptions:
      token_id:
        description: Identity of the token.
        type: str
        default: token_id
      user_id:
        description: User the token belongs to.
        type: str
        default: user_id
      family_id:
        description: Session the token belongs to.
        type: str
        default: family_id
      expires_at:
        description: Time the token ends.
        type: str
        default: expires_at
      revoked_at:
        description: Time the token was superseded or ended.
        type: str
        default: revoked_at
      revoked_reason:
        description: Why it was.
        type: str
        default: revoked_reason
  own_users:
    description:
      - Users that only the run which asks logs in as. Where O(user_table) and O(user_name_column) do not name them, or
        families could not be told apart when the snapshot was taken, their logouts explain lost sessions, too.
    type: list
    elements: str
    default: []
  user_table:
    description: Table of the users, with its schema if it is not on the search path.
    type: str
  user_key_column:
    description: Column of O(user_table) that the table of tokens refers to.
    type: str
    default: id
  user_name_column:
    description: Column of O(user_table) that holds the names in O(own_users).
    type: str
  session_table:
    description: Table of the sessions, as Django makes it.
    type: str
    default: django_session
  schema:
    description: Schema of the snapshot, which holds nothing else.
    type: str
    default: deploy_snapshot
  sessions_in:
    description:
      - Where the application finds now a session that a cookie names, V(database) also when a cache is before it,
        V(redis) when Redis holds the only copy.
    type: str
    choices: [database, redis]
    default: database
  redis:
    description: Where Redis is. Needed when O(sessions_in=redis).
    type: dict
    suboptions:
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
      db:
        description: Number of the database that holds the sessions.
        type: int
        default: 0
      key_format:
        description: Name of a session's key, which ends with C({session_key}) where the value of the cookie goes.
        type: str
      tls:
        description: Whether to use TLS.
        type: bool
        default: false
      ca_certs:
        description: PEM file that Redis is checked against.
        type: path
  scan_seconds:
    description: Seconds that reading the keys of Redis may take.
    type: float
    default: 60
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
    description: Role that may read the tables and the snapshot.
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
  - redis, when O(sessions_in=redis)
author:
  - Deployment team
"""

EXAMPLES = r"""
- name: Compare who is logged in with the snapshot
  session_proof_info:
    table: session_token
    login_host: 127.0.0.1
    login_user: shop
    login_db: shop
    login_password: "{{ vault_shop_password }}"
  register: proof

- name: Refuse a change that logged somebody out
  ansible.builtin.assert:
    that: proof.status != 'critical'
    fail_msg: "{{ proof.checks | selectattr('status', 'eq', 'critical') | map(attribute='reason') | join('; ') }}"
"""

RETURN = r"""
status:
  description: The worst of the checks, V(ok), V(unknown) or V(critical).
  returned: success
  type: str
  sample: ok
checks:
  description: C(families_kept) and C(sessions_kept), shaped as those of token_health_info.
  returned: success
  type: list
  elements: dict
  sample:
    - name: families_kept
      status: critical
      value: 1
      threshold: {warning: null, critical: 0}
      sample: 130000
      reason: 1 of 130000 families that were live are lost (1 reuse_detected); at most 0 is healthy
      next_step: go back to the release before, and look up what the lost have in common
families:
  description: What became of the families; null when they could not be told apart.
  returned: success
  type: dict
  contains: &outcome
    taken:
      description: Members of the snapshot.
      type: int
      sample: 130000
    live:
      description: Members that are live.
      type: int
      sample: 129990
    explained:
      description: Members whose end is explained, by what explains it.
      type: dict
      sample: {expired: 7, logout: 2}
    lost:
      description: The others.
      type: int
      sample: 1
    lost_by:
      description: The same by how they were lost.
      type: dict
      sample: {reuse_detected: 1}
sessions:
  description: What became of the sessions.
  returned: success
  type: dict
  contains: *outcome
lost:
  description: The first lost ones, by the beginning of the hash of their identity, and for families the user.
  returned: success
  type: list
  elements: dict
  sample: [{kind: family, fate: reuse_detected, who: 3f9ac11b02dd of user 17}]
name:
  description: Name of the snapshot.
  returned: success
  type: str
  sample: v2-0123456789ab
taken_at:
  description: Time it was taken.
  returned: success
  type: str
  sample: "2026-01-31T12:00:00.123456+00:00"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.health_checks import HealthError, as_result
from ansible.module_utils.health_postgres import POSTGRES_SPEC, Transaction
from ansible.module_utils.session_health_read import REDIS_SPEC
from ansible.module_utils.session_proof import prove
from ansible.module_utils.session_snapshot import FAMILY_COLUMNS

# Names of columns are no secrets, whatever they are called.
COLUMNS_SPEC = {
    name: {"type": "str", "default": name, "no_log": False} for name in (*FAMILY_COLUMNS, "revoked_reason")
}
ARGUMENT_SPEC = {
    "explained_reasons": {
        "type": "list",
        "elements": "str",
        "default": ["logout", "logout_all", "password", "admin", "canary"],
    },
    "rotated_reason": {"type": "str", "default": "rotated"},
    "lost_allowed": {"type": "int", "default": 0},
    "snapshot_needed": {"type": "bool", "default": True},
    "table": {"type": "str", "required": True},
    "columns": {"type": "dict", "apply_defaults": True, "options": COLUMNS_SPEC},
    "own_users": {"type": "list", "elements": "str", "default": []},
    "user_table": {"type": "str"},
    "user_key_column": {"type": "str", "default": "id", "no_log": False},
    "user_name_column": {"type": "str"},
    "session_table": {"type": "str", "default": "django_session"},
    "schema": {"type": "str", "default": "deploy_snapshot"},
    "sessions_in": {"type": "str", "choices": ["database", "redis"], "default": "database"},
    "redis": {"type": "dict", "options": REDIS_SPEC},
    "scan_seconds": {"type": "float", "default": 60},
    **POSTGRES_SPEC,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        with Transaction(module.params, "session_proof_info") as transaction:
            proof = prove(transaction, module.params)
    except HealthError as error:
        module.fail_json(msg=str(error))
    result = as_result(proof["checks"])
    module.exit_json(
        changed=False,
        status=result["status"],
        checks=result["checks"],
        families=proof["families"],
        sessions=proof["sessions"],
        lost=proof["lost"],
        name=proof["name"],
        taken_at=proof["taken_at"],
    )


if __name__ == "__main__":
    main()
