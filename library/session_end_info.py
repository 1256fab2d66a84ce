#!/usr/bin/python
"""Looks for what the logout of a browser has left on the server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_end_info
short_description: Prove that a session which was ended in a browser is gone from the server
description:
  - Looks up the sessions and refresh tokens that the module M(browser_flow) has ended, by their exact names, on a
    machine that reaches PostgreSQL and Redis. The browser's machine may not.
  - Then comes to the application with the session's cookie, as somebody might who has kept it.
  - What is left is a result with RV(status=critical); the caller asserts. An application, PostgreSQL or Redis that
    cannot be reached fails the module.
  - No session, no token and no part of one is ever returned.
attributes:
  check_mode:
    support: full
    description: Reads alone, with it and without.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: Reads alone.
options:
  ended:
    description: >-
      What names them, as the filter P(unsealed#filter) reads it from what the module M(browser_flow) returns in
      C(ended).
    type: list
    elements: dict
    required: true
    suboptions:
      session:
        description: Value of the session cookie; empty where there was none.
        type: str
        required: true
      token:
        description: What the table of tokens calls the refresh token; empty where there was none.
        type: str
        required: true
      access:
        description: The C(Authorization) header that was sent last; empty where there was none.
        type: str
        required: true
  base_url:
    description: Address of the application, without a trailing path unless it is served below one.
    type: str
    required: true
  me:
    description: Path below O(base_url) that answers C(GET) with the user that is logged in.
    type: str
    required: true
  session_cookie:
    description: Name of the session cookie.
    type: str
    default: sessionid
  timeout_seconds:
    description: Seconds to wait for each answer.
    type: float
    default: 10
  ca_certs:
    description: PEM file that an C(https) address is checked against. Without it the system's own is used.
    type: path
  expect:
    description: >-
      Features the release must have, as the module M(auth_flow) takes them. Session keys are looked for where
      V(redis_sessions) is one of them, and the access token is used where V(access_revocation) is.
    type: list
    elements: str
    default: []
  postgres:
    description: Where the session rows are. Without it neither these nor the tokens are looked for.
    type: dict
    suboptions:
      login_host:
        description: Host of PostgreSQL.
        type: str
        default: localhost
      login_port:
        description: Port of PostgreSQL.
        type: int
        default: 5432
      login_user:
        description: Role that may read both tables.
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
        description: PEM file that PostgreSQL is checked against. Without it libpq's own default is used.
        type: path
      session_table:
        description: Table of the sessions, with its schema if it is not on the search path.
        type: str
        default: django_session
  token_table:
    description: Table of the refresh tokens. When empty, they are not looked for.
    type: str
    default: ""
  token_columns:
    description: What its columns are called.
    type: dict
    suboptions:
      token_id:
        description: Holds what a refresh token says in its claim C(jti).
        type: str
        default: token_id
      family_id:
        description: >-
          The same for all tokens that came from one login. None of them may be left, since one that was rotated is
          revoked too.
        type: str
        default: family_id
      revoked_at:
        description: When the token was revoked; null while it is not.
        type: str
        default: revoked_at
  redis:
    description: Where the session keys are. Without it they are not looked for.
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
        description: Name of a session's key, with C({session_key}) where the value of the cookie goes.
        type: str
        required: true
      tls:
        description: Whether to use TLS.
        type: bool
        default: false
      ca_certs:
        description: PEM file that Redis is checked against.
        type: path
requirements:
  - psycopg2, when O(postgres) is given
  - redis, when O(redis) is given
author:
  - Deployment team
"""

EXAMPLES = r"""
- name: Look for what the browser's logout has left
  session_end_info:
    ended: "{{ browser.ended | unsealed(seal) }}"
    base_url: http://127.0.0.1:8080
    me: /v1/user
    expect: [redis_sessions]
    postgres:
      login_db: shop
      login_user: verify
      login_password: "{{ vault_postgres_password }}"
    token_table: shop_refresh_token
    redis:
      key_format: ":1:django.contrib.sessions.cached_db{session_key}"
"""

RETURN = r"""
status:
  description: V(ok), or V(critical) when something is left.
  returned: success
  type: str
  sample: ok
checks:
  description: Every check with its verdict, in a fixed order, as the module M(auth_flow) returns them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
      sample: browser_logout_key
    status:
      description: V(ok), V(critical) or V(skipped).
      type: str
      sample: critical
    reason:
      description: What was found and what is required; empty when the check is ok.
      type: str
      sample: the browser's session is still in redis after its logout
    guide:
      description: Test of the deployment guide that the check stands for.
      type: str
      sample: Test 5
"""

from typing import Any

from ansible.module_utils import session_end
from ansible.module_utils.auth_flow import Ledger
from ansible.module_utils.auth_flow_http import AuthFlowError, Client
from ansible.module_utils.auth_flow_stores import (
    POSTGRES_SPEC,
    REDIS_SPEC,
    PostgresSessions,
    PostgresTokens,
    RedisSessions,
)
from ansible.module_utils.basic import AnsibleModule

COLUMNS_SPEC = {name: {"type": "str", "default": name} for name in ("token_id", "family_id", "revoked_at")}
ENDED_SPEC = {
    name: {"type": "str", "required": True, "no_log": True} for name in ("session", "token", "access")
}
ARGUMENT_SPEC = {
    "ended": {"type": "list", "elements": "dict", "required": True, "no_log": True, "options": ENDED_SPEC},
    "base_url": {"type": "str", "required": True},
    "me": {"type": "str", "required": True},
    "session_cookie": {"type": "str", "default": "sessionid"},
    "timeout_seconds": {"type": "float", "default": 10},
    "ca_certs": {"type": "path"},
    "expect": {"type": "list", "elements": "str", "default": []},
    "postgres": {"type": "dict", "options": POSTGRES_SPEC},
    "token_table": {"type": "str", "default": "", "no_log": False},
    "token_columns": {"type": "dict", "options": COLUMNS_SPEC, "apply_defaults": True, "no_log": False},
    "redis": {"type": "dict", "options": REDIS_SPEC},
}


def stores_of(params: dict[str, Any], ended: list[session_end.Ended]) -> dict[str, Any]:
    """Open what is given, as far as there is a name to look up there."""
    postgres, redis, table = params["postgres"], params["redis"], params["token_table"]
    opened: dict[str, Any] = {}
    if postgres and session_end.has_all(ended, "session"):
        opened[session_end.POSTGRES] = PostgresSessions(postgres)
    if redis and session_end.has_all(ended, "session"):
        opened[session_end.REDIS] = RedisSessions(redis)
    if postgres and table and session_end.has_all(ended, "token"):
        opened[session_end.TABLE] = PostgresTokens(postgres, table, params["token_columns"])
    return opened


def judge(params: dict[str, Any], ended: list[session_end.Ended]) -> Ledger:
    """Look them up, then use them."""
    stores = stores_of(params, ended)
    usable = {name for name in ("session", "access") if session_end.has_all(ended, name)}
    ledger = Ledger(params["expect"], {*stores, *usable}, session_end.PLAN)
    client = Client(params["base_url"], {}, params["timeout_seconds"], params["ca_certs"])
    try:
        session_end.judge_stores(ended, ledger, stores)
    finally:
        for store in stores.values():
            store.close()
    session_end.judge_uses(ended, ledger, client, params["me"], params["session_cookie"])
    return ledger


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        ledger = judge(params, params["ended"])
    except AuthFlowError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, status=ledger.status(), checks=ledger.checks())


if __name__ == "__main__":
    main()
