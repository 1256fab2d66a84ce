"""The hosts of a play: the one app host, in a run that may go ahead."""

from __future__ import annotations

DOCUMENTATION = r"""
name: app_host
short_description: Return the hosts of a play, or refuse the run
description:
  - Meant for the keyword C(hosts), which is read before any task and is skipped by no option of the command line.
  - Refuses an inventory without exactly one host in the group C(app), and one where that host is not in C(edge).
options:
  _terms:
    description: Nothing.
  whole:
    description: Whether the play changes its host phase by phase and so must not run in part.
    type: bool
    default: false
author: Deployment team
"""

EXAMPLES = r"""
- name: Deploy
  hosts: "{{ query('app_host', whole=true) }}"
"""

RETURN = r"""
_raw:
  description: The group of the app host.
  type: list
  elements: str
"""

import re

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

#: Tags of this project's tasks, and Ansible's own. Others, which test tools skip by habit, leave nothing out.
TAGS = re.compile(r"guide_\w+|all|always|tagged|untagged")


def group_problem(groups: dict[str, list[str]]) -> str:
    """Return what is wrong with an inventory's groups, as one sentence; empty when nothing is."""
    app = groups.get("app", [])
    if len(app) != 1:
        found = ", ".join(app) or "none"
        return f"The group app of the inventory must have exactly one host; it has {len(app)}: {found}."
    if app[0] not in groups.get("edge", []):
        return f"The host {app[0]} is in the group app and must be in the group edge as well."
    return ""


def part_problem(arguments: dict) -> str:
    """Return by which options a run leaves phases out, as one sentence; empty when it runs whole."""
    start = arguments.get("start_at_task")
    given = [f"--start-at-task {start!r}"] if start else []
    given += [f"--tags {tag}" for tag in arguments.get("tags") or [] if tag != "all"]
    given += [f"--skip-tags {tag}" for tag in arguments.get("skip_tags") or [] if TAGS.fullmatch(tag)]
    if not given:
        return ""
    return (
        f"This playbook changes the host phase by phase, so it runs whole, without {' and '.join(given)}; "
        "playbooks/preflight.yml and playbooks/verify.yml may run in part."
    )


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list, variables: dict | None = None, **kwargs) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        problem = group_problem((variables or {}).get("groups", {}))
        if not problem and self.get_option("whole"):
            problem = part_problem(context.CLIARGS)
        if problem:
            raise AnsibleLookupError(f"{problem} Nothing was changed.")
        return ["app"]
