"""The command line that messages give an operator to type."""

from __future__ import annotations

import re

import pytest
from ansible import constants, context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.plugins.loader import lookup_loader
from playbook_command import command_line, given_options
from project_files import ROOT

FOLDER = "/project"
DEFAULT = ["/project/inventory/sandbox"]


@pytest.mark.parametrize(
    ("arguments", "inventory", "options"),
    [
        ({}, "", []),
        ({"inventory": DEFAULT}, "", []),
        ({"inventory": ["/project/inventory/production"]}, "", ["-i", "inventory/production"]),
        ({"inventory": ["/project-2/hosts"]}, "", ["-i", "/project-2/hosts"]),
        ({"inventory": ["app1,"]}, "", ["-i", "app1,"]),
        ({"inventory": ["/project/a", "/project/b"]}, "", ["-i", "a", "-i", "b"]),
        ({"inventory": ["/project/inventory/production"]}, "inventory/staging", ["-i", "inventory/staging"]),
        ({"ask_vault_pass": True}, "", ["--ask-vault-pass"]),
        ({"vault_password_files": ("/home/me/pass",)}, "", ["--vault-password-file", "/home/me/pass"]),
        ({"vault_ids": ("prod@prompt",)}, "", ["--vault-id", "prod@prompt"]),
        (
            {"inventory": ["/project/inventory/production"], "ask_vault_pass": True},
            "inventory/staging",
            ["-i", "inventory/staging", "--ask-vault-pass"],
        ),
    ],
)
def test_inventory_and_vault_are_given_as_to_this_run(arguments, inventory, options):
    assert given_options(arguments, FOLDER, DEFAULT, inventory) == options


def test_command_line_is_what_a_shell_takes():
    line = command_line("setup", ["-i", "my hosts"], {"confirm_takeover": "app1", "release": "$(x)"})
    assert line == (
        "ansible-playbook -i 'my hosts' playbooks/setup.yml -e confirm_takeover=app1 -e 'release=$(x)'"
    )


def test_lookup_reads_the_command_line_of_this_run(monkeypatch):
    lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
    monkeypatch.setattr(constants, "CONFIG_FILE", str(ROOT / "ansible.cfg"))
    given = {"inventory": (str(ROOT / "inventory/production"),), "vault_password_files": (), "vault_ids": ()}
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(given, ask_vault_pass=True))
    found = lookup_loader.get("playbook_command").run(["deploy", "verify"], {}, extra_vars={"reviewed": "v2"})
    assert found == [
        f"ansible-playbook -i inventory/production --ask-vault-pass playbooks/{name}.yml -e reviewed=v2"
        for name in ("deploy", "verify")
    ]


def test_no_message_writes_such_a_command_by_hand():
    paths = [
        path
        for folder in ("roles", "playbooks", "filter_plugins", "lookup_plugins", "library", "module_utils")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".yml", ".py", ".j2")
    ]
    by_hand = re.compile(r"ansible-playbook\s[^\n]*\n?\s*playbooks/\w+\.yml|NAME_OF_THE_HOST")
    assert [str(path) for path in paths if by_hand.search(path.read_text())] == []


def test_what_is_no_text_is_given_as_json():
    command = command_line("deploy", [], {"reviewed": "v1", "require_review": True})
    assert command == "ansible-playbook playbooks/deploy.yml -e reviewed=v1 -e '{\"require_review\": true}'"
