#!/usr/bin/python
"""Goes through the deployment guide's five tests in a real browser, as a canary user, and logs out again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: browser_flow
short_description: Prove in a browser that the application keeps its users logged in
description:
  - Logs in once as a canary user in Chromium on this machine, and meets what users meet - an access token that is
    over, denied pages, a proxy that answers in the application's place, no network, several tabs at once, a browser
    that was closed, and a logout.
  - The refusals, refreshes and logouts are the application's own; what the browser sends and gets is changed only
    to make them happen now and not in an hour.
  - The session is always ended, also after a failed check.
  - What O(seal) is given for names the sessions that were ended to the module M(session_end_info), which looks for
    what is left of them where PostgreSQL and Redis are reached from. Without it nothing names them.
  - An application that fails a check is a result with RV(status=critical); the caller asserts. Where no browser
    starts, or O(expect) is empty, the result is RV(status=unknown) with a sentence in RV(problem), and nothing was
    sent.
  - No token and no password is ever returned.
requirements:
  - playwright
  - Chromium or Google Chrome
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
  url:
    description: Public address of the application, as this machine reaches it.
    type: str
    required: true
  user:
    description: Name the canary user logs in with.
    type: str
    required: true
  password:
    description: Password of O(user).
    type: str
    required: true
  site:
    description: What the application calls things, for the eyes of a person and below O(url).
    type: dict
    required: true
    suboptions:
      login_path:
        description: Page with the login form.
        type: str
        required: true
      home:
        description: Page that users see after a login, and which asks the API for its data. It is one of O(site.links).
        type: str
        default: /
      home_call:
        description: Path of that request.
        type: str
        required: true
      forbidden:
        description: Page whose data is denied to the user with 403, one of O(site.links); empty where there is none.
        type: str
        default: ""
      payment_required:
        description: Page whose data must be paid for and answers 402, one of O(site.links); empty where there is none.
        type: str
        default: ""
      links:
        description: The names of links by the pages they lead to, at least two, on every page of the application.
        type: dict
        required: true
      away:
        description: >-
          Page that asks the API for nothing and that no link leads to, such as the one for addresses that do not
          exist. A tab goes there and comes back; empty leaves that out.
        type: str
        default: ""
      email_label:
        description: Label of the field for the user's name.
        type: str
        default: Email
      password_label:
        description: Label of the field for the password.
        type: str
        default: Password
      remember_label:
        description: Label of the box that asks for a long session; empty where there is none.
        type: str
        default: ""
      login_button:
        description: Name of the button that sends the form.
        type: str
        required: true
      logout_button:
        description: Name of the button that logs out, which every page shows to a user who is logged in.
        type: str
        required: true
      storage_key:
        description: Key of the browser's local storage under which the session is kept.
        type: str
        required: true
      refresh_field:
        description: Name of the refresh token below C(state) in that entry.
        type: str
        required: true
      api:
        description: What the paths of all requests to the API begin with.
        type: str
        default: /api/
  paths:
    description: Paths of the API, as the module M(auth_flow) takes them.
    type: dict
    required: true
    suboptions:
      login:
        description: Answers a login.
        type: str
        required: true
      refresh:
        description: Answers a refresh.
        type: str
        required: true
      logout:
        description: Ends the session and its tokens.
        type: str
        required: true
      me:
        description: >-
          Answers C(GET) with the user that is logged in. Asked with the cookie before a logout, which has to be good
          for something then. Without it nothing is asked.
        type: str
  request_field:
    description: Name of the refresh token in the requests to refresh and to log out.
    type: str
    default: refresh
  headers:
    description: Headers that go with these requests where the module makes them itself.
    type: dict
    default: {}
  session_cookie:
    description: Name of the session cookie. When empty, nothing is asked with it.
    type: str
    default: sessionid
  seal:
    description: >-
      A long random secret by which RV(ended) is to be read. Without it RV(ended) is empty.
    type: str
    default: ""
  expect:
    description: What the release must be good at; the checks of everything else are skipped.
    type: list
    elements: str
    choices: [browser_login, browser_refresh, browser_errors, browser_tabs, browser_logout]
    default: []
  full:
    description: Whether to take the time for a tab that sleeps and for a logout without BroadcastChannel as well.
    type: bool
    default: false
  program:
    description: The browser's program. Empty looks for Chromium and Chrome in the C(PATH).
    type: str
    default: ""
  pictures:
    description: Folder on this machine for a picture of each check; none are taken without it.
    type: path
"""

EXAMPLES = r"""
- name: Use the application as a person does
  browser_flow:
    url: https://app.example.com
    user: verify@example.com
    password: "{{ vault_verify_password }}"
    site:
      login_path: /hello
      home_call: /v1/orders
      api: /v1/
      links: {/: Orders, /settings: Settings}
      login_button: Go on
      logout_button: Leave
      storage_key: session
      refresh_field: refresh
    paths: {login: /v1/session, refresh: /v1/session/refresh, logout: /v1/session/end, me: /v1/user}
    expect: [browser_login, browser_refresh, browser_errors, browser_tabs, browser_logout]
  delegate_to: localhost
"""

RETURN = r"""
status:
  description: V(ok), V(critical) when a check failed, V(unknown) when nothing was looked at.
  returned: success
  type: str
  sample: ok
problem:
  description: Why nothing was looked at; empty when it was.
  returned: success
  type: str
  sample: There is no Chromium on this machine
checks:
  description: Every check with its verdict, in a fixed order, as the module M(auth_flow) returns them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
      sample: browser_tabs
    status:
      description: V(ok), V(critical) or V(skipped).
      type: str
      sample: ok
    reason:
      description: What was found and what is required; empty when the check is ok.
      type: str
      sample: tab 2 shows no user any more after 403
    guide:
      description: Test of the deployment guide that the check stands for.
      type: str
      sample: Test 3
features:
  description: Which of O(expect) the release has shown.
  returned: success
  type: list
  elements: str
  sample: [browser_login, browser_tabs]
ended:
  description: >-
    Names the session and the tokens that each logout had to end, for the filter P(unsealed#filter) with the same
    O(seal). Empty where nobody logged out, or O(seal) is not given.
  returned: success
  type: str
  sample: gAAAAABqGc1c
pictures:
  description: File names in the folder O(pictures) by the names of checks.
  returned: success
  type: dict
  sample: {browser_login: browser_login.jpg}
folder:
  description: The folder O(pictures).
  returned: success
  type: str
  sample: /srv/reports/pictures/v2-0123456789ab-20260101T100000Z
seconds:
  description: How long it took, the browser's start within.
  returned: success
  type: float
  sample: 14.2
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils import browser_pages
from ansible.module_utils.auth_flow import Ledger
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.browser_flow import FEATURES, PLAN, BrowserFlow
from ansible.module_utils.browser_site import (
    BROWSER_SPEC,
    PATHS_SPEC,
    BrowserError,
    find_problem,
    find_program,
    read_site,
    sync_playwright,
)
from ansible.module_utils.sealing import seal

ARGUMENT_SPEC = BROWSER_SPEC | {
    "paths": {"type": "dict", "required": True, "options": PATHS_SPEC | {"me": {"type": "str"}}},
    "session_cookie": {"type": "str", "default": "sessionid"},
    "seal": {"type": "str", "default": "", "no_log": True},
    "expect": {"type": "list", "elements": "str", "choices": list(FEATURES), "default": []},
    "full": {"type": "bool", "default": False},
    "pictures": {"type": "path"},
}


def run_flow(params: dict[str, Any], program: str, ledger: Ledger) -> BrowserFlow:
    """Start the browser, and go through the checks."""
    folder = Path(params["pictures"]) if params["pictures"] else None
    with browser_pages.running(sync_playwright, program) as browser:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        flow = BrowserFlow(browser, *read_site(params), ledger, BrowserError, folder)
        flow.run(params["user"], params["password"])
    return flow


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    if sentence := find_problem(params["site"]):
        module.fail_json(msg=sentence)
    ledger = Ledger(params["expect"], {"full"} if params["full"] else set(), PLAN)
    nothing = {
        "changed": False,
        "status": "unknown",
        "features": [],
        "ended": "",
        "pictures": {},
        "seconds": 0.0,
        "folder": params["pictures"] or "",
    }
    if module.check_mode:
        module.exit_json(problem="", checks=ledger.plan(), **nothing)
    program, problem = find_program(params["program"])
    if problem:
        module.exit_json(problem=problem, checks=[], **nothing)
    if not params["expect"]:
        module.exit_json(
            problem="Nothing in a browser is expected of this release.", checks=ledger.plan(), **nothing
        )
    begun = time.monotonic()
    try:
        flow = run_flow(params, program, ledger)
    except browser_pages.NotStarted as failure:
        module.exit_json(problem=str(failure), checks=[], **nothing)
    except browser_pages.Ended as failure:
        # What failed before that counts all the same.
        failed = [
            f"{check['name']}: {check['reason']}"
            for check in ledger.checks()
            if check["status"] == "critical"
        ]
        if failed:
            module.fail_json(msg=f"{program} {failure}, after checks had failed: {'; '.join(failed)}")
        module.exit_json(problem=f"{program} {failure}, by itself", checks=[], **nothing)
    except BrowserError as error:
        module.fail_json(msg=f"{program} on {params['url']}: {str(error).splitlines()[0]}")
    module.exit_json(
        changed=False,
        status=ledger.status(),
        problem="",
        checks=ledger.checks(),
        features=ledger.features(),
        ended=seal(flow.ended, params["seal"]) if flow.ended and params["seal"] else "",
        pictures=flow.pictures,
        folder=params["pictures"] or "",
        seconds=round(time.monotonic() - begun, 1),
    )


if __name__ == "__main__":
    main()
