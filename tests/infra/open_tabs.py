"""Browsers with open tabs on the public address of a scenario's host, which are used while its releases change."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import ansible.module_utils
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from playbook_run import PROJECT

ansible.module_utils.__path__.append(str(PROJECT / "module_utils"))

from ansible.module_utils import browser_pages as pages
from ansible.module_utils.browser_flow import VIEWPORT, Wire
from ansible.module_utils.browser_site import BROWSER_SPEC, read_site

#: The machine is busy with the run as well.
pages.WAIT_MS = 30_000
#: The version before the fix gives the same text for two access tokens of one second: the second would be over as well.
SECOND_MS = 1100
#: The options of a browser's module, as the inventory has them.
WANTED = (
    "{{ {'url': verify_browser_url, 'user': verify_user, 'password': verify_password, 'site': verify_browser_site,"
    " 'paths': {'login': verify_paths.login, 'refresh': verify_paths.refresh, 'logout': verify_paths.logout},"
    " 'headers': verify_rotate_header} | to_json }}"
)


def read_options() -> dict[str, Any]:
    """What the inventory of the scenario says of the application and of the user of its verification."""
    answer = subprocess.run(
        ["ansible", "sandbox", "--one-line", "--module-name=ansible.builtin.debug", f"--args=msg={WANTED}"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"},
    )
    given = json.loads(json.loads(answer.stdout.partition("=>")[2])["msg"])
    read = ArgumentSpecValidator(BROWSER_SPEC).validate(given)
    assert not read.error_messages, read.error_messages
    return read.validated_parameters


class Seat:
    """One browser of one user, whose tabs share what it stores. A tab keeps the client that it was loaded with."""

    def __init__(self, chromium: Any, options: dict[str, Any]) -> None:
        self._options = options
        self._site, self._names = read_site(options)
        self._context = chromium.new_context(viewport=VIEWPORT)
        self._wire = Wire(self._context, self._site, self._names)
        self._traffic = pages.watch(self._context, self._site)
        self._tabs: list[Any] = []

    def log_in(self) -> Seat:
        """Open a tab and log in; the record of requests begins after it."""
        page = pages.open_page(self._context, self._site, self._site.login_path)
        with page.expect_response(self._has_data):
            pages.log_in(page, self._site, self._options["user"], self._options["password"])
        self._tabs.append(page)
        self._traffic.clear()
        return self

    def open(self) -> None:
        """Open another tab, which loads the client of the release that is live."""
        page = self._context.new_page()
        page.set_default_timeout(pages.WAIT_MS)
        with page.expect_response(self._has_data):
            page.goto(self._site.url + self._names.home)
        self._tabs.append(page)

    def go_on(self) -> None:
        """Have each tab, as it is, ask for its data with an access token that is over, and wait until it has it."""
        for page in self._tabs:
            pages.route_to(page, self._names.away)
            pages.settle(page, self._traffic)
            page.wait_for_timeout(SECOND_MS)
            self._wire.expire()
            with page.expect_response(self._has_data):
                pages.go(page, self._site, self._names.home)

    def problems(self) -> list[str]:
        """Tabs without a user, and logins that nobody should have needed."""
        gone = sum(not pages.is_signed_in(page, self._site) for page in self._tabs)
        logins = self._traffic.count(self._site.login_api)
        return [
            *([f"{gone} of {len(self._tabs)} tabs show no user any more"] if gone else []),
            *([f"{logins} logins were asked for"] if logins else []),
        ]

    def close(self) -> None:
        """Log out, and close the browser."""
        try:
            if self._tabs and pages.is_signed_in(self._tabs[-1], self._site):
                pages.log_out(self._tabs[-1], self._site)
                pages.settle(self._tabs[-1], self._traffic)
        finally:
            self._context.close()

    def _has_data(self, response: Any) -> bool:
        return response.ok and response.url.partition("?")[0] == self._site.url + self._names.home_call
