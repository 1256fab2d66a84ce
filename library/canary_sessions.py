#!/usr/bin/python
"""Makes sessions of a canary user before a change, and uses them after it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: canary_sessions
short_description: Prove that sessions which were made before a change go on after it
description:
  - Logs in once for every combination of a short or a long session, a client that stores the refresh tokens it is
    given or one that does not, and a client that was idle or whose refresh lost its answer. After the change each of
    them goes on as its client would, without a login.
  - The sessions are kept in O(path) meanwhile, a file that its owner alone can read, until they are ended. They can be
    used more than once, as on the release that gets the traffic back where one did not go on.
  - A session that does not go on is a result with RV(status=critical); the caller asserts. Where none could be made,
    the result is RV(status=unknown) with a sentence in RV(problem) - the release that is left may be the broken one.
  - No token, no cookie value and no part of one is ever returned.
attributes:
  check_mode:
    support: full
    description: Sends and writes nothing.
  diff_mode:
    support: none
    description: The file holds secrets.
  idempotent:
    support: full
    description: >-
      O(state=made) logs out what an earlier run has left and makes anew. The others do nothing without such a file.
options:
  state:
    description: V(made) makes the sessions, V(used) goes on with them, V(ended) logs them out and removes O(path).
    type: str
    choices: [made, used, ended]
    required: true
  path:
    description: Where the sessions are kept meanwhile, on this machine.
    type: path
    required: true
  base_url:
    description: Address of the application, without a trailing path unless it is served below one.
    type: str
    required: true
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
  retry_seconds:
    description: >-
      Seconds within which a client repeats a refresh whose answer was lost; sessions that wait for longer are not
      judged by it. An application need not take a token twice for longer, and where it does not do so at all there are
      no such sessions.
    type: float
    default: 30
  rotate_header:
    description: >-
      Header by which a client says that it stores a new refresh token. Without it there are no canaries of clients
      that do not.
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
    description: Name of the session cookie. When empty, sessions are used by their tokens alone.
    type: str
    default: sessionid
  release:
    description: Id of the release that the sessions are used on, for the reason of a failure.
    type: str
  release_header:
    description: Header that names the release that answered.
    type: str
    default: X-Release
  timeout_seconds:
    description: Seconds to wait for each answer.
    type: float
    default: 10
  ca_certs:
    description: PEM file that an C(https) address is checked against. Without it the system's own is used.
    type: path
author:
  - Deployment team
"""

EXAMPLES = r"""
- name: Make sessions on the live release
  canary_sessions: &canaries
    state: made
    path: /srv/app/canaries.json
    base_url: http://127.0.0.1:8080
    user: canary@example.test
    password: "{{ vault_canary_password }}"
    paths: {login: /session/login, refresh: /session/refresh, logout: /session/logout, me: /session/me}

- name: Use them on the next one
  canary_sessions:
    <<: *canaries
    state: used

- name: Log them out
  canary_sessions:
    <<: *canaries
    state: ended
"""

RETURN = r"""
status:
  description: V(ok), V(critical) when a session did not go on, V(unknown) when there was none to use.
  returned: success
  type: str
  sample: ok
problem:
  description: Why not all sessions could be made, or why there was none to use; empty otherwise.
  returned: success
  type: str
  sample: POST /session/login answered 500; 200 or 201 or 204 or 205 is required
checks:
  description: A check for each session that was used, as the module M(auth_flow) returns them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Which session it is.
      type: str
      sample: canary_remember_refreshing
    status:
      description: V(ok), V(critical) or V(skipped).
      type: str
      sample: ok
    reason:
      description: What was found and what is required; empty when the check is ok.
      type: str
      sample: "made on v1-0123456789ab: POST /session/refresh answered 401; 200 is required"
    guide:
      description: Test of the deployment guide that the check stands for.
      type: str
      sample: Test 2
made_on:
  description: The releases that the sessions were made on.
  returned: success
  type: list
  elements: str
  sample: [v1-0123456789ab]
"""

import time
from dataclasses import asdict
from typing import Any

from ansible.module_utils.auth_flow import Check
from ansible.module_utils.auth_flow_app import APP_SPEC, PAGES_SPEC, Settings
from ansible.module_utils.auth_flow_http import AuthFlowError, Client
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.canary_sessions import Canaries, Flock

ARGUMENT_SPEC = APP_SPEC | {
    "state": {"type": "str", "choices": ["made", "used", "ended"], "required": True},
    "path": {"type": "path", "required": True},
    "paths": {"type": "dict", "required": True, "options": PAGES_SPEC},
    "retry_seconds": {"type": "float", "default": 30},
}


def make(canaries: Canaries) -> dict[str, Any]:
    """Make them, after those that a run has left which was cut short."""
    canaries.end(canaries.read())
    flock = canaries.make()
    return told(flock, [], "ok" if flock.canaries else "unknown", flock.problem)


def use(canaries: Canaries) -> dict[str, Any]:
    """Go on with them."""
    flock = canaries.read()
    checks = canaries.judge(flock, time.time())
    bad = any(check.status == "critical" for check in checks)
    problem = flock.problem or ("" if checks else "no session was made before the change")
    return told(flock, checks, "critical" if bad else "ok" if checks else "unknown", problem)


def end(canaries: Canaries) -> dict[str, Any]:
    """Log them out."""
    flock = canaries.read()
    canaries.end(flock)
    return told(flock, [], "ok", "")


def told(flock: Flock, checks: list[Check], status: str, problem: str) -> dict[str, Any]:
    """Return the module's result."""
    return {
        "changed": bool(flock.canaries),
        "status": status,
        "problem": problem,
        "checks": [asdict(check) for check in checks],
        "made_on": flock.made_on(),
    }


STATES = {"made": make, "used": use, "ended": end}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    nothing = {"changed": False, "status": "unknown", "problem": "", "checks": [], "made_on": []}
    if module.check_mode:
        module.exit_json(**nothing)
    try:
        client = Client(params["base_url"], {}, params["timeout_seconds"], params["ca_certs"])
        canaries = Canaries(client, Settings.of(params), params["path"], params["retry_seconds"])
        result = STATES[params["state"]](canaries)
    except AuthFlowError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
