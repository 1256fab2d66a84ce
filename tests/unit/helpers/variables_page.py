"""Writes docs/variables.md from the argument specs: what the documentation says of a variable is what a run checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from project_files import ROLES, ROOT, Role, dicts, load, yaml_files

PAGE = ROOT / "docs" / "variables.md"
#: What an operator gives on the command line with -e, and what it does.
OPERATOR = {
    "igny8_version": "Version to deploy, in place of the inventory's.",
    "release": "Release that a rollback goes to; without it, the nearest good one before the live release.",
    "deploy_wait_seconds": "Seconds to wait for another run to end before giving up; 0 without it.",
    "deploy_watch_minutes": "Minutes, 10 at most, for which a deploy watches what it has brought live; 0 without it.",
    "restore": "Backup that a restore is about, to see what it would change; without it, the confirmed or newest one.",
    "confirm_restore": "Backup to restore, although what is newer is lost: the id of a release, or a file's name.",
    "take_over": "Holder, known to be dead, whose release lock is taken over; the refusal names it.",
    "reviewed": "Id of the release whose changes somebody has reviewed, where `require_review` asks for it.",
    "monitoring_state": "`absent` has `setup.yml` remove the monitoring, with all that it measured.",
    "prober_enabled": "`false` leaves the prober out of a run, such as a deploy that mends a broken app.",
    "confirm_takeover": "Name of the host whose public port the setup may take.",
    "doctor_fix": "`true` has the doctor repair what needs no person.",
    "doctor_bundle": "`true` has the doctor write a support bundle, without secrets and tokens.",
}
#: What an inventory gives that is no variable of a role: read by the wiring or by other variables of the inventory.
INVENTORY = {
    "igny8_root": "Folder on the app host of releases, secrets, assets and backups.",
    "igny8_version": "Version that a deploy brings live when none is named.",
    "igny8_domain": "Public name of the app.",
    "require_review": "Whether a deploy waits until its release is named by `-e reviewed=<id>`.",
    "require_verified_on": "Inventory on which the same source and images must be live and verified; empty for none.",
    "monitoring_enabled": "Whether `setup.yml` installs the monitoring.",
    "prober_enabled": "Whether deploys and rollbacks run under the prober's traffic.",
    "igny8_redis_host": "Host of Redis as a container reaches it.",
    "backend_service": "Service of the release that runs the backend and has `manage.py`.",
    "backend_source_folder": "Folder of the source that the backend's image is built from.",
    "frontend_source_folder": "Folder of the source that the frontend's image is built from.",
    "postgres_password_name": "Which of `release_secrets` is the database's password.",
    "redis_password_name": "Which of `release_secrets` is the password of Redis; without it that is not compared.",
    "backend_signing_key_name": "Which of `release_secrets` signs sessions and tokens.",
    "vault_*": "Secrets, in `vault.yml` alone; the other files hand them on.",
}
HEAD = """# Variables

<!-- Written by tests/bin/variables from the roles' argument specs: change those, then run it again. -->

What is written here is what a run checks: every role validates its variables before its first task. *wiring* marks what
`playbooks/group_vars/all/wiring.yml` hands from role to role and no inventory sets, *run* what tasks set.

## Given on the command line

`ansible-playbook playbooks/<verb>.yml -e <name>=<value>`; a boolean is `true` or `false`.

| name | what it does |
|---|---|
"""
ROLE_HEAD = """
| name | type | default | what it is | entry points |
|---|---|---|---|---|
"""


def render() -> str:
    """Return the whole page."""
    given = [row(f"`{name}`", text) for name, text in OPERATOR.items()]
    inventory = [row(f"`{name}`", text) for name, text in INVENTORY.items()]
    parts = [
        HEAD,
        *given,
        "\n## Set in an inventory, for no single role\n\n| name | what it is |\n|---|---|\n",
        *inventory,
    ]
    return "".join([*parts, *(section(role) for role in ROLES)])


def section(role: Role) -> str:
    """Return the part of one role."""
    manual = f"`ansible-doc -t role -r roles {role.name}`"
    first_words = f"\n## Role {role.name}\n\nThe same, by entry point: {manual}.\n"
    wiring = load(ROOT / "playbooks/group_vars/all/wiring.yml")
    rows = []
    for name, (option, entries) in sorted(variables(role).items()):
        default = shown_default(role, name, option, wiring)
        rows.append(row(f"`{name}`", kind(option), default, described(option), ", ".join(entries)))
        rows += [row(f"`{name}.{part}`", kind(o), need(o), described(o), "") for part, o in nested(option)]
    return "".join([first_words, ROLE_HEAD, *rows])


def variables(role: Role) -> dict[str, tuple[dict, list[str]]]:
    """{variable: (its option, the entry points that take it)}."""
    return {
        name: (option, [entry for entry, spec in role.specs.items() if name in spec["options"]])
        for name, option in role.options.items()
    }


def nested(option: dict, prefix: str = "") -> Iterator[tuple[str, dict]]:
    """The parts of a dictionary or list of dictionaries, dotted."""
    for name, part in (option.get("options") or {}).items():
        yield f"{prefix}{name}", part
        yield from nested(part, f"{prefix}{name}.")


def shown_default(role: Role, name: str, option: dict, wiring: dict) -> str:
    """Return the default, or who gives the value."""
    if name in wiring:
        return "*wiring*"
    if name in role.defaults:
        return f"`{as_text(role.defaults[name])}`"
    return "*run*" if name in set_by_tasks() else need(option)


def as_text(default: Any) -> str:
    """Return a default on one line: text as it is, everything else as YAML."""
    if isinstance(default, str) and default:
        return default
    text = yaml.safe_dump(default, default_flow_style=True, width=1000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").strip()


@cache
def set_by_tasks() -> frozenset[str]:
    """Variables that the tasks of playbooks and roles set."""
    nodes = [node for path in yaml_files("playbooks", "roles") for node in dicts(load(path))]
    sources = [node.get(keyword) for node in nodes for keyword in ("ansible.builtin.set_fact", "vars")]
    return frozenset(name for source in sources if isinstance(source, dict) for name in source)


def need(option: dict) -> str:
    """Say whether a value has to be given."""
    return "**required**" if option.get("required") else "none"


def kind(option: dict) -> str:
    """Return the type with what a list holds, and the choices."""
    of = f" of {option['elements']}" if "elements" in option else ""
    choices = ": " + ", ".join(f"`{choice}`" for choice in option["choices"]) if "choices" in option else ""
    return f"{option['type']}{of}{choices}"


def described(option: dict) -> str:
    """Return the description in Markdown."""
    text = " ".join(str(option["description"]).split())
    return re.sub(r"[CVOI]\(([^)]*)\)", r"`\1`", text)


def row(*cells: Any) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |\n"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(render())
