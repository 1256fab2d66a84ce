#!/usr/bin/python
"""Keeps who is logged in before a change, so that session_proof_info can say who is not any more."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_snapshot
short_description: Keep who is logged in before a change
description:
  - Writes the families of refresh tokens and the sessions that are live now into tables of its own in the
    application's database, in one transaction. The rows do not leave the database; only counts are returned.
  - Of a session's key only a hash is kept.
  - A table of tokens that does not exist yet, or that knows no families, is no failure; RV(families) is null and
    RV(reason) says so. Tokens of a release that stores none are nowhere to be read; test sessions must prove those.
attributes:
  check_mode:
    support: full
    description: Counts who would be kept and writes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: A snapshot of the same O(name) is kept as it is, because it says who was logged in before.
options:
  state:
    description:
      - V(present) keeps who is logged in, in place of a snapshot of another name. V(absent) removes the snapshot.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: What the snapshot is for, such as the release to come. Needed when O(state=present).
    type: str
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
      - Where the application finds a session that a cookie names, V(database) also when a cache is before it,
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
    description: Role that may read the tables and make a schema.
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
- name: Keep who is logged in
  session_snapshot:
    name: v2-0123456789ab
    table: session_token
    login_host: 127.0.0.1
    login_user: shop
    login_db: shop
    login_password: "{{ vault_shop_password }}"

- name: Remove the snapshot
  session_snapshot:
    state: absent
    table: session_token
    login_db: shop
    login_password: "{{ vault_shop_password }}"
"""

RETURN = r"""
name:
  description: Name of the snapshot; empty when there is none.
  returned: success
  type: str
  sample: v2-0123456789ab
taken_at:
  description: Time it was taken, by the database's clock; empty when there is none.
  returned: success
  type: str
  sample: "2026-01-31T12:00:00.123456+00:00"
families:
  description: Families with a live token; null when they could not be told apart, or there is no snapshot.
  returned: success
  type: int
  sample: 130000
adopted:
  description: How many of the families began in a release without families.
  returned: success
  type: int
  sample: 12
sessions:
  description: Sessions that have not expired; null when there is no snapshot.
  returned: success
  type: int
  sample: 91000
reason:
  description: Why families could not be told apart; empty when they could.
  returned: success
  type: str
  sample: "there is no table session_token: no family is recorded before the migration that makes it"
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.health_checks import HealthError
from ansible.module_utils.health_postgres import POSTGRES_SPEC, Transaction
from ansible.module_utils.session_health_read import REDIS_SPEC
from ansible.module_utils.session_snapshot import FAMILY_COLUMNS, drop, existing, take

# Names of columns are no secrets, whatever they are called.
COLUMNS_SPEC = {
    name: {"type": "str", "default": name, "no_log": False} for name in (*FAMILY_COLUMNS, "revoked_reason")
}
ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "table": {"type": "str", "required": True},
    "columns": {"type": "dict", "apply_defaults": True, "options": COLUMNS_SPEC},
    "session_table": {"type": "str", "default": "django_session"},
    "schema": {"type": "str", "default": "deploy_snapshot"},
    "sessions_in": {"type": "str", "choices": ["database", "redis"], "default": "database"},
    "redis": {"type": "dict", "options": REDIS_SPEC},
    "scan_seconds": {"type": "float", "default": 60},
    **POSTGRES_SPEC,
}


def run(options: dict[str, Any], check_mode: bool) -> tuple[bool, dict[str, Any]]:
    """Whether something changes, and the snapshot that there is afterwards; empty for none. Raises HealthError."""
    with Transaction(options, "session_snapshot", read_only=check_mode) as transaction:
        found = existing(transaction, options)
        if options["state"] == "present" and found.get("name") == options["name"]:
            return False, found
        if found and not check_mode:
            drop(transaction, options)
        if options["state"] == "absent":
            return bool(found), {}
        return True, take(transaction, options, check_mode)


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["name"])], supports_check_mode=True
    )
    try:
        changed, snapshot = run(module.params, module.check_mode)
    except HealthError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=changed,
        name=snapshot.get("name", ""),
        taken_at=snapshot["taken_at"].isoformat() if snapshot else "",
        families=snapshot.get("families"),
        adopted=snapshot.get("adopted"),
        sessions=snapshot.get("sessions"),
        reason=snapshot.get("reason", ""),
    )


if __name__ == "__main__":
    main()
