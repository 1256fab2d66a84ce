"""The command line that starts a playbook of this project as this run was started, for messages to the operator."""

from __future__ import annotations

DOCUMENTATION = r"""
name: playbook_command
short_description: Return the command line that an operator types for a playbook
description:
  - Names the inventory of this run, unless it is the default one, and the option by which it was given the password of
    the vault. Paths are those of the project's folder, in which its commands are typed.
options:
  _terms:
    description: Names of playbooks, without folder and ending.
    required: true
  extra_vars:
    description: Variables that are given with C(-e); what is no text, as JSON.
    type: dict
    default: {}
  inventory:
    description: Another inventory than the one of this run, as it is typed; empty for this one.
    type: str
    default: ""
author: Deployment team
"""

EXAMPLES = r"""
- name: Say what comes next
  ansible.builtin.debug:
    msg: "Next: {{ lookup('playbook_command', 'rollback', extra_vars={'release': 'v1-0123456789ab'}) }}"
"""

RETURN = r"""
_raw:
  description: One command line for each playbook.
  type: list
  elements: str
"""

import json
import os
import shlex

from ansible import constants as C
from ansible import context
from ansible.plugins.lookup import LookupBase


def project_path(path: str, folder: str) -> str:
    """Return a path as it is typed in the project's folder; one outside of it stays absolute."""
    inside = os.path.isabs(path) and os.path.commonpath([path, folder]) == folder
    return os.path.relpath(path, folder) if inside else path


def given_options(arguments: dict, folder: str, default_inventory: list[str], inventory: str) -> list[str]:
    """Return the options by which a run was told its inventory and its vault's password."""
    sources = [inventory] if inventory else list(arguments.get("inventory") or [])
    given = [] if sources == default_inventory else [part for source in sources for part in ("-i", source)]
    given += ["--ask-vault-pass"] if arguments.get("ask_vault_pass") else []
    for name in ("vault_id", "vault_password_file"):
        for value in arguments.get(f"{name}s") or []:
            given += [f"--{name.replace('_', '-')}", value]
    return [project_path(part, folder) for part in given]


def command_line(playbook: str, options: list[str], extra_vars: dict) -> str:
    """Return the command line of a playbook, quoted for a shell."""
    given = [part for name, value in extra_vars.items() for part in ("-e", _variable(name, value))]
    return shlex.join(["ansible-playbook", *options, f"playbooks/{playbook}.yml", *given])


def _variable(name: str, value: object) -> str:
    """A variable as the command line takes it: text by its name, anything else as JSON."""
    return f"{name}={value}" if isinstance(value, str) else json.dumps({name: value})


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list, variables: dict | None = None, **kwargs) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        folder = os.path.dirname(C.CONFIG_FILE) if C.CONFIG_FILE else os.getcwd()
        options = given_options(
            context.CLIARGS, folder, list(C.DEFAULT_HOST_LIST), self.get_option("inventory")
        )
        return [command_line(playbook, options, self.get_option("extra_vars")) for playbook in terms]
