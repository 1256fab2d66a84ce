#!/usr/bin/python
"""Leaves a tab of a browser open while a release is changed, and goes on with it afterwards."""

from __future__ import annotations

DOCUMENTATION = r"""
module: browser_tab
short_description: Prove that a tab which was open during a change goes on
description:
  - Logs in as a canary user in Chromium on this machine, leaves the tab alone until the public address answers as
    O(release), then uses it as it is, with its access token over, and loaded anew. What it has seen is in O(told) then,
    and the tab stays open until O(ready) is gone.
  - Where another release answers by then, because the change was taken back or O(release) never became live, it uses
    the tab once more, on that one. At the end it logs out.
  - Until the tab is open, an error means that nothing can be seen. What the public address refuses afterwards is
    critical, and the tab goes on waiting.
  - It is meant to be started before a change with C(async) and C(poll=0), and asked after it.
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
      File that is made as soon as the tab is open. The caller removes it to have the tab go on where a change was taken
      back, log out, and the module end. Until then the session lasts: a comparison of who was logged in finds it.
    type: path
    required: true
  told:
    description: >-
      File that is made when the tab has gone on with O(release), and is gone when the module ends. It holds the result
      until then as JSON, for a caller who decides by it whether the change is taken back.
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
    told: /tmp/tab.json
    process: 4711
  delegate_to: localhost
  async: 1000
  poll: 0
"""

RETURN = r"""
status:
  description: The worst of RV(checks); V(unknown) when nothing was seen.
  returned: success
  type: str
  sample: ok
problem:
  description: Why nothing was seen of O(release); empty when it was.
  returned: success
  type: str
  sample: There is no browser on this machine
checks:
  description: What was seen.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: >-
        V(browser_tab_left_open) is the tab on O(release), V(browser_tab_left_open_again) the same tab on the release
        that was live once the change had failed, V(public_address) what was refused from the
        switch on; what was refused before it is told, and is not critical.
      type: str
      sample: browser_tab_left_open
    status:
      description: V(ok), V(critical), or V(skipped) when nothing was seen.
      type: str
      sample: ok
    reason:
      description: What went wrong, or why nothing was seen.
      type: str
      sample: the tab as it is shows no user any more
    guide:
      description: Test of the deployment guide that this is a part of.
      type: str
      sample: Test 2
waited_seconds:
  description: How long the tab was open before it went on.
  returned: success
  type: float
  sample: 21.3
"""

import json
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
from ansible.module_utils.browser_tab import Address, OpenTab, Refused, check, first_line

#: The change comes first where the processors are few: a browser takes seconds of them to start.
NICENESS = 5
LEFT_OPEN = "browser_tab_left_open"
ARGUMENT_SPEC = BROWSER_SPEC | {
    "release": {"type": "str", "required": True},
    "release_header": {"type": "str", "default": "X-Release"},
    "ready": {"type": "path", "required": True},
    "told": {"type": "path", "required": True},
    "process": {"type": "int", "required": True},
    "wait_seconds": {"type": "int", "default": 900},
}


def is_needed(until: float, process: int) -> bool:
    """Whether the change may still come."""
    return time.monotonic() < until and os.path.exists(f"/proc/{process}")


def seen(checks: list[dict[str, str]], problem: str = "", waited: float = 0.0) -> dict[str, Any]:
    """A result without `changed`."""
    states = {one["status"] for one in checks}
    status = next((state for state in ("critical", "ok") if state in states), "unknown")
    return {"status": status, "problem": problem, "checks": checks, "waited_seconds": round(waited, 1)}


def nothing(problem: str) -> dict[str, Any]:
    """The result of a tab that nothing was seen of."""
    return seen([check(LEFT_OPEN, [], problem)], problem)


def leave_open(params: dict[str, Any], tab: OpenTab) -> str:
    """Open the tab; a sentence where there is none to be left open."""
    try:
        tab.log_in(params["user"], params["password"])
        if tab.live(params["release_header"]) == params["release"]:
            return f"{params['release']} was live before the tab was open"
    except (BrowserError, Refused) as error:
        return f"no tab could be left open at {tab.path() or params['url']}: {first_line(error)}"
    ready = Path(params["ready"])
    ready.parent.mkdir(parents=True, exist_ok=True)
    ready.touch(mode=0o600)
    return ""


def go_on(tab: OpenTab) -> list[str]:
    """What is wrong with the tab when its user goes on with it."""
    try:
        return tab.use()
    except BrowserError as error:
        return [f"the tab at {tab.path()}: {first_line(error)}"]


def go_through(params: dict[str, Any], tab: OpenTab) -> dict[str, Any]:
    """Open the tab, wait for the change, and go on, also where it is taken back; a result without `changed`."""
    begun = time.monotonic()
    if problem := leave_open(params, tab):
        return nothing(problem)
    ready, release, until = Path(params["ready"]), params["release"], begun + params["wait_seconds"]
    address = Address(lambda: tab.live(params["release_header"]), (BrowserError, Refused), release)

    def is_waited_for() -> bool:
        return ready.exists() and is_needed(until, params["process"])

    came = tab.wait_for(lambda: address.live() == release, is_waited_for)
    waited = time.monotonic() - begun
    if came:
        checks, problem = [check(LEFT_OPEN, go_on(tab))], ""
        tell(params["told"], seen([*checks, address.check()], waited=waited))
    else:
        problem = f"{release} did not become live"
        checks = [check(LEFT_OPEN, [], problem)]
    # Where the time is over, or the run is dead, nobody has taken anything back.
    if (came or not ready.exists()) and tab.wait_for(
        lambda: address.live() not in ("", release), is_waited_for
    ):
        checks.append(check(f"{LEFT_OPEN}_again", go_on(tab)))
    return seen([*checks, address.check()], problem, waited)


def tell(path: str, result: dict[str, Any]) -> None:
    """Write a result that is whole as soon as it is there."""
    part = Path(f"{path}.part")
    part.write_text(json.dumps(result), encoding="utf-8")
    part.replace(path)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    if sentence := find_problem(params["site"]):
        module.fail_json(msg=sentence)
    program, problem = find_program(params["program"])
    if problem or module.check_mode:
        module.exit_json(changed=False, **(nothing(problem) if problem else seen([])))
    os.nice(NICENESS)
    try:
        with browser_pages.running(sync_playwright, program) as browser:
            tab = OpenTab(browser, *read_site(params))
            try:
                result = go_through(params, tab)
            finally:
                for file in ("ready", "told"):
                    Path(params[file]).unlink(missing_ok=True)
                tab.close()
    except browser_pages.NotStarted as failure:
        module.exit_json(changed=False, **nothing(str(failure)))
    except BrowserError as error:
        module.fail_json(msg=f"{program} on {params['url']}: {first_line(error)}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
