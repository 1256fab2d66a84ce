#!/usr/bin/python
"""Says whether a browser starts on this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: browser_info
short_description: Say whether a browser starts on this machine
description:
  - Starts Chromium as the modules M(browser_flow) and M(browser_tab) do, and ends it. No page is opened.
requirements:
  - playwright
  - Chromium or Google Chrome
attributes:
  check_mode:
    support: full
    description: The module only reads.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: The module only reads.
options:
  program:
    description: The browser's program. Empty looks for Chromium and Chrome in the C(PATH).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Look for a browser before it is needed
  browser_info:
    program: /opt/chrome/chrome
  delegate_to: localhost
"""

RETURN = r"""
problem:
  description: Why no browser starts; empty when one does.
  returned: success
  type: str
  sample: There is no browser on this machine
"""

from ansible.module_utils import browser_pages
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.browser_site import BROWSER_SPEC, find_program, sync_playwright

ARGUMENT_SPEC = {"program": BROWSER_SPEC["program"]}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    program, problem = find_program(module.params["program"])
    if not problem:
        try:
            with browser_pages.running(sync_playwright, program):
                pass
        except browser_pages.NotStarted as failure:
            problem = str(failure)
    module.exit_json(changed=False, problem=problem)


if __name__ == "__main__":
    main()
