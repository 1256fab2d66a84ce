#!/usr/bin/python
"""Logs in as a canary user, uses the session as a browser would, and logs out again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_flow
short_description: Prove that a release logs users in, keeps them logged in and logs them out
description:
  - Makes two canary sessions of one user, without and with remember-me, uses them as a browser client would, and
    judges every answer.
  - The canary sessions are always logged out, also after a failed check.
  - A release that fails a check is a result with RV(status=critical); the caller asserts. An application, PostgreSQL
    or Redis that cannot be reached, or an option that cannot be used, fails the module.
  - No token, no cookie value and no part of one is ever returned.
attributes:
  check_mode:
    support: full
    description: Returns the plan of the checks and sends nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: The module ends every session it makes.
options:
  base_url:
    description: Address of the application, without a trailing path unless it is served below one.
    type: str
    required: true
  headers:
    description: Headers sent with every request, such as the key that lets a run reach a release that is not live.
    type: dict
    default: {}
  user:
    description: Name the canary user logs in with. The application must answer it in O(identity_field).
    type: str
    required: true
  password:
    description: Password of O(user).
    type: str
    required: true
  paths:
    description: Paths of the application below O(base_url).
    type: dict
    required: true
    suboptions:
      login:
        description: Answers C(POST) with tokens and a session cookie.
        type: str
        required: true
      refresh:
        description: Answers C(POST) of a refresh token with an access token.
        type: str
        required: true
      logout:
        description: Ends the session and the tokens on C(POST).
        type: str
        required: true
      me:
        description: Answers C(GET) with the user that is logged in.
        type: str
        required: true
      web:
        description: First page of the frontend, which answers C(GET) to everyone. Without it the check is skipped.
        type: str
      forbidden:
        description: A page that answers 403 to the canary user. Without it the check is skipped.
        type: str
      payment_required:
        description: A page that answers 402 to the canary user. Without it the check is skipped.
        type: str
  rotate_header:
    description: Header by which a client says that it stores a new refresh token.
    type: dict
    default: {}
  login_fields:
    description: Names of the fields of the login request.
    type: dict
    suboptions:
      email:
        description: Field of the user's name.
        type: str
        default: email
      password:
        description: Field of the password.
        type: str
        default: password
      remember:
        description: Field that asks for a long session.
        type: str
        default: remember_me
  data_key:
    description: Key under which the application wraps its answers. A field that is not there is read unwrapped.
    type: str
    default: data
  access_field:
    description: Name of the access token in answers.
    type: str
    default: access
  refresh_field:
    description: Name of the refresh token in answers and in requests.
    type: str
    default: refresh
  identity_field:
    description: Field of the C(me) answer that names the user, dotted when it is nested.
    type: str
    default: user.email
  session_cookie:
    description: Name of the session cookie. When empty, the checks by cookie are skipped.
    type: str
    default: sessionid
  outcome_header:
    description: Header in which the application names the outcome of a refresh.
    type: str
    default: X-Refresh-Outcome
  expect:
    description:
      - Features this release must have. With an empty list only what every release must do is required.
      - V(remember_me) gives different refresh lifetimes. V(rotation) gives a new refresh token with each refresh and
        accepts the old one for a moment. V(redis_sessions) keeps sessions in Redis too.
        V(session_survives_errors) keeps session and token after 403 and 402.
      - V(cache_control) marks each login, refresh, logout and me answer as not to be stored.
        V(bearer_challenge) refuses a bad access token with 401 and C(WWW-Authenticate), not with 403.
        V(revocation) ends the refresh token at logout. V(access_revocation) ends the access token at logout.
    type: list
    elements: str
    choices:
      - remember_me
      - rotation
      - redis_sessions
      - session_survives_errors
      - cache_control
      - bearer_challenge
      - revocation
      - access_revocation
    default: []
  release:
    description: Value that O(release_header) must have in every answer.
    type: str
  release_header:
    description: Header that names the release that answered.
    type: str
    default: X-Release
  default_seconds:
    description: Lifetime of a refresh token without remember-me, compared when V(remember_me) is expected.
    type: int
  remember_seconds:
    description: Lifetime of a refresh token with remember-me, compared when V(remember_me) is expected.
    type: int
  timeout_seconds:
    description: Seconds to wait for each answer.
    type: float
    default: 10
  ca_certs:
    description: PEM file that an C(https) address is checked against. Without it the system's own is used.
    type: path
  postgres:
    description: Where the session rows are. When given, a login must make its row and a logout must remove it.
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
        description: Role that may read the session table.
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
  redis:
    description:
      - Where the session keys are. When given and V(redis_sessions) is expected, a login must make its key and a logout
        must remove it.
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
- name: Prove that the idle release logs users in
  auth_flow:
    base_url: http://127.0.0.1:8080
    headers:
      X-Prove: "{{ prove_key }}"
    user: canary@example.test
    password: "{{ vault_canary_password }}"
    paths:
      login: /session/login
      refresh: /session/refresh
      logout: /session/logout
      me: /session/me
    expect: [remember_me, rotation]
    release: v2-0123456789ab
  register: flow

- name: Refuse a release that fails a check
  ansible.builtin.assert:
    that: flow.status == 'ok'
    fail_msg: "{{ flow.checks | selectattr('status', 'eq', 'critical') | map(attribute='reason') | join('; ') }}"
"""

RETURN = r"""
status:
  description: V(ok), V(critical) when a check failed, V(unknown) in check mode.
  returned: success
  type: str
  sample: ok
checks:
  description: Every check with its verdict, in a fixed order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
      sample: replay_grace
    status:
      description: V(ok), V(critical) or V(skipped).
      type: str
      sample: ok
    reason:
      description: What was found and what is required; empty when the check is ok.
      type: str
      sample: POST /session/refresh answered 401 (token_invalid); 200 is required
    guide:
      description: Test of the deployment guide that the check stands for.
      type: str
      sample: Test 3
features:
  description: Features the release has shown, expected or not.
  returned: success
  type: list
  elements: str
  sample: [remember_me, rotation]
outcomes:
  description: What the application said in O(outcome_header) of each refresh, in order.
  returned: success
  type: list
  elements: str
  sample: [rotated, replayed]
metrics:
  description: Number of requests, and the slowest answer of each page in milliseconds.
  returned: success
  type: dict
  sample: {requests: 17, login_ms: 312.4, me_ms: 9.1}
"""

import time
from typing import Any

from ansible.module_utils.auth_flow import Ledger
from ansible.module_utils.auth_flow_app import (
    APP_SPEC,
    PAGES_SPEC,
    App,
    Settings,
    read_durations,
    read_outcomes,
)
from ansible.module_utils.auth_flow_http import AuthFlowError, Client
from ansible.module_utils.auth_flow_plan import FEATURES
from ansible.module_utils.auth_flow_run import Flow
from ansible.module_utils.auth_flow_stores import POSTGRES_SPEC, REDIS_SPEC, PostgresSessions, RedisSessions
from ansible.module_utils.basic import AnsibleModule

PATHS_SPEC = PAGES_SPEC | {page: {"type": "str"} for page in ("web", "forbidden", "payment_required")}
ARGUMENT_SPEC = APP_SPEC | {
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "paths": {"type": "dict", "required": True, "options": PATHS_SPEC},
    "outcome_header": {"type": "str", "default": "X-Refresh-Outcome"},
    "expect": {"type": "list", "elements": "str", "choices": list(FEATURES), "default": []},
    "default_seconds": {"type": "int"},
    "remember_seconds": {"type": "int"},
    "postgres": {"type": "dict", "options": POSTGRES_SPEC},
    "redis": {"type": "dict", "options": REDIS_SPEC},
}


def read_given(params: dict[str, Any]) -> set[str]:
    """Names of the inputs that some checks need."""
    given = {name for name in ("postgres", "redis", "session_cookie", "release") if params[name]}
    return given | {page for page, path in params["paths"].items() if path}


def run_flow(params: dict[str, Any], ledger: Ledger, now: int) -> App:
    """Open the stores, make and end the canary sessions, close the stores."""
    settings = Settings.of(params)
    client = Client(params["base_url"], params["headers"], params["timeout_seconds"], params["ca_certs"])
    app = App(client, settings)
    stores: dict[str, Any] = {}
    try:
        if params["postgres"]:
            stores["postgres"] = PostgresSessions(params["postgres"])
        if params["redis"]:
            stores["redis"] = RedisSessions(params["redis"])
        Flow(app, settings, ledger, stores, now).run()
    finally:
        for store in stores.values():
            store.close()
    return app


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    ledger = Ledger(module.params["expect"], read_given(module.params))
    if module.check_mode:
        module.exit_json(
            changed=False, status="unknown", checks=ledger.plan(), features=[], outcomes=[], metrics={}
        )
    try:
        app = run_flow(module.params, ledger, now=int(time.time()))
    except AuthFlowError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        status=ledger.status(),
        checks=ledger.checks(),
        features=ledger.features(),
        outcomes=read_outcomes(app.answers, module.params["outcome_header"]),
        metrics=read_durations(app.answers),
    )


if __name__ == "__main__":
    main()
