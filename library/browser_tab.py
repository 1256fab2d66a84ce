#!/usr/bin/python
"""Leaves a tab of a browser open while a release is changed, and goes on with it afterwards."""

from __future__ import annotations

DOCUMENTATION = r"""
module: browser_tab
short_description: Prove that a tab which was open during a change goes on
description:
  - Logs in as a canary user in Chromium on this machine, leaves the tab alone until the public address answers as
    O(release), then uses it as it is, with its access token over, and loaded anew. It logs out when O(ready) is gone.
  - It is meant to be started before a change with C(async) and C(poll=0), and asked after it.
  - Where the tab cannot be opened, or O(release) does not come, the result is RV(status=unknown) with a sentence in
    RV(problem).
requirements:
  - playwright
  - Chromium or Google Chrome
attributes:
  check_mode:
    support: full
    description: Sends nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: The module ends the session it makes.
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
  request_field:
    description: Name of the refresh token in the requests to refresh and to log out.
    type: str
    default: refresh
  headers:
    description: Headers that go with these requests where the module makes them itself.
    type: dict
    default: {}
  program:
    description: The browser's program. Empty looks for Chromium and Chrome in the C(PATH).
    type: str
    default: ""
  release:
    description: Id of the release to wait for.
    type: str
    required: true
  release_header:
    description: Header in which every answer of the public address names its release.
    type: str
    default: X-Release
  ready:
    description: >-
      File that is made as soon as the tab is open. When the caller removes it, the tab logs out and the module ends;
      until then the session lasts, so that a comparison of who was logged in finds it.
    type: path
    required: true
  process:
    description: Id of the process that makes the change; the tab is closed when that has ended.
    type: int
    required: true
  wait_seconds:
    description: Seconds to wait for O(release).
    type: int
    default: 900
"""

EXAMPLES = r"""
- name: Leave a tab open
  browser_tab:
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
    paths: {login: /v1/session, refresh: /v1/session/refresh, logout: /v1/session/end}
    release: v2-0123456789ab
    ready: /tmp/tab.ready
    process: 4711
  delegate_to: localhost
  async: 1000
  poll: 0
"""

RETURN = r"""
status:
  description: V(ok), V(critical) when the tab did not go on, V(unknown) when nothing was seen.
  returned: success
  type: str
  sample: ok
problem:
  description: Why nothing was seen; empty when it was.
  returned: success
  type: str
  sample: There is no browser on this machine
reason:
  description: What went wrong in the tab; empty when nothing did.
  returned: success
  type: str
  sample: the tab as it is shows no user any more
waited_seconds:
  description: How long the tab was open before it went on.
  returned: success
  type: float
  sample: 21.3
"""

import os
import time
from pathlib import Path
from typing import Any

from ansible.module_utils import browser_pages
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.browser_site import (
    BROWSER_SPEC,
    BrowserError,
    find_problem,
    find_program,
    read_site,
    sync_playwright,
)
from ansible.module_utils.browser_tab import OpenTab

#: The change comes first where the processors are few: a browser takes seconds of them to start.
NICENESS = 5
#: The result of a tab that nothing was seen of, without the `problem`.
NOTHING = {"status": "unknown", "reason": "", "waited_seconds": 0.0}
ARGUMENT_SPEC = BROWSER_SPEC | {
    "release": {"type": "str", "required": True},
    "release_header": {"type": "str", "default": "X-Release"},
    "ready": {"type": "path", "required": True},
    "process": {"type": "int", "required": True},
    "wait_seconds": {"type": "int", "default": 900},
}


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def is_needed(until: float, process: int) -> bool:
    """Whether the change may still come."""
    return time.monotonic() < until and os.path.exists(f"/proc/{process}")


def go_through(params: dict[str, Any], tab: OpenTab) -> dict[str, Any]:
    """Open the tab, wait for the change, and go on; a result without `changed`."""
    ready, begun = Path(params["ready"]), time.monotonic()
    until = begun + params["wait_seconds"]
    try:
        tab.log_in(params["user"], params["password"])
        if tab.live(params["release_header"]) == params["release"]:
            return NOTHING | {"problem": f"{params['release']} was live before the tab was open"}
        ready.parent.mkdir(parents=True, exist_ok=True)
        ready.touch(mode=0o600)
        came = tab.wait_for(
            lambda: tab.live(params["release_header"]) == params["release"],
            lambda: is_needed(until, params["process"]),
        )
    except BrowserError as error:
        return NOTHING | {
            "problem": f"no tab could be left open at {tab.path() or params['url']}: {first_line(error)}"
        }
    waited = round(time.monotonic() - begun, 1)
    if not came:
        return NOTHING | {"problem": f"{params['release']} did not become live", "waited_seconds": waited}
    try:
        reason = "; ".join(tab.use())
        tab.wait_for(lambda: not ready.exists(), lambda: is_needed(until, params["process"]))
    except BrowserError as error:
        reason = f"the tab at {tab.path()}: {first_line(error)}"
    status = "critical" if reason else "ok"
    return {"status": status, "problem": "", "reason": reason, "waited_seconds": waited}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    if sentence := find_problem(params["site"]):
        module.fail_json(msg=sentence)
    program, problem = find_program(params["program"])
    if problem or module.check_mode:
        module.exit_json(changed=False, problem=problem, **NOTHING)
    os.nice(NICENESS)
    try:
        with browser_pages.running(sync_playwright, program) as browser:
            tab = OpenTab(browser, *read_site(params))
            try:
                result = go_through(params, tab)
            finally:
                Path(params["ready"]).unlink(missing_ok=True)
                tab.close()
    except browser_pages.NotStarted as failure:
        module.exit_json(changed=False, problem=str(failure), **NOTHING)
    except BrowserError as error:
        module.fail_json(msg=f"{program} on {params['url']}: {first_line(error)}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
