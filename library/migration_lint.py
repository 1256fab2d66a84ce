#!/usr/bin/python
"""Say which of the migrations that a deploy would apply the release that serves could not bear."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_lint
short_description: Judge the migrations that a deploy would apply
description:
  - Has squawk read the SQL of the migrations, and joins what it finds to what django-migration-linter has found.
  - A migration may only add. What drops, renames, or asks more of code that is not there yet is refused, and so is what
    locks a large table for long, what is not listed as harmless, and Python. A table that is made in the same deploy,
    or by an earlier try of it that users have not met, may be changed at will.
  - On a database without any migration nothing is refused, because there is no earlier code.
options:
  plan:
    description: What C(python -m migrating plan) has printed in the new image.
    type: dict
    required: true
  allow:
    description: Migrations that are applied although they are refused, as C(app.name).
    type: list
    elements: str
    default: []
  large_table_mb:
    description: Size from which a table must not be locked for long, and from which what goes through it takes long.
    type: int
    default: 10
  squawk:
    description: The program.
    type: path
    default: squawk
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Judge the migrations
  migration_lint:
    plan: "{{ plan.stdout | from_json }}"
    allow: [shop.0007_drop_colour]
  delegate_to: localhost
"""

RETURN = r"""
problems:
  description: One sentence for each thing that is refused.
  returned: success
  type: list
  elements: str
contracting:
  description: Migrations that are allowed although code of before can not bear them.
  returned: success
  type: list
  elements: str
"""

import json
import os
import subprocess
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.migration_rules import (
    Deploy,
    Refusal,
    judge,
    linter_findings,
    migration_file,
    own_findings,
    refusals,
    squawk_findings,
)

ARGUMENT_SPEC = dict(
    plan=dict(type="dict", required=True),
    allow=dict(type="list", elements="str", default=[]),
    large_table_mb=dict(type="int", default=10),
    squawk=dict(type="path", default="squawk"),
)
TIMEOUT_SECONDS = 120


class LintError(Exception):
    """Squawk cannot be asked; the text is one sentence for the operator."""


def run_squawk(squawk: str, migrations: list[dict], version: str) -> dict[str, list[dict]]:
    """Return what squawk reports of each migration, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {os.path.join(folder, f"{one['name']}.sql"): one for one in migrations if one["statements"]}
        for path, one in paths.items():
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(migration_file(one))
        found = _ask(squawk, sorted(paths), version, folder) if paths else []
    reported: dict[str, list[dict]] = {}
    for one in found:
        reported.setdefault(paths[os.path.join(folder, os.path.basename(one["file"]))]["name"], []).append(
            one
        )
    return reported


def _ask(squawk: str, paths: list[str], version: str, folder: str) -> list[dict]:
    # In a folder of its own: a configuration file of squawk's would be taken from the folder that it is started in.
    argv = [squawk, "--reporter", "json", "--pg-version", version, *paths]
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        return json.loads(done.stdout)
    except FileNotFoundError as error:
        raise LintError(
            f"{squawk} is not on the control node; it comes with requirements.txt: make a new environment, or set "
            "migration_squawk."
        ) from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise LintError(f"{squawk} gives no answer that can be read: {error}") from error


def lint(params: dict) -> dict:
    """Return the module's result."""
    plan = params["plan"]
    refused: list[Refusal] = []
    if plan["applied"]:
        reported = run_squawk(params["squawk"], plan["pending"], plan["server_version"])
        deploy = Deploy.of(plan, params["large_table_mb"] * 1024 * 1024)
        for migration in plan["pending"]:
            findings = [
                *own_findings(migration, deploy),
                *squawk_findings(migration, reported.get(migration["name"], [])),
                *linter_findings(migration),
            ]
            refused += refusals(migration, findings, deploy)
    problems, contracting = judge(refused, params["allow"], plan["known"])
    return dict(problems=problems, contracting=contracting)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(changed=False, **lint(module.params))
    except LintError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
