"""Fixtures of the tests that look at a sandbox host: over one SSH connection, as root."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import testinfra
from app_host import AppHost
from playbook_run import PROJECT

WANTED = "{{ {'port': sandbox_ssh_port, 'key': sandbox_ssh_key} | to_json }}"


def connect():
    """The sandbox's host, as root. The inventory is asked once; a connection by Ansible costs a second a command."""
    answer = subprocess.run(
        ["ansible", "sandbox", "--one-line", "--module-name=ansible.builtin.debug", f"--args=msg={WANTED}"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"},
    )
    ssh = json.loads(json.loads(answer.stdout.partition("=>")[2])["msg"])
    options = f"ssh_identity_file={ssh['key']}&sudo=true&controlpersist=60"
    extra = (
        "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes"
    )
    return testinfra.get_host(f"ssh://deploy@127.0.0.1:{ssh['port']}?{options}", ssh_extra_args=extra)


@pytest.fixture(scope="session")
def host():
    """The scenario's host."""
    return connect()


@pytest.fixture(scope="session")
def inventory() -> Path:
    """The inventory that the scenario runs with."""
    return PROJECT / "inventory" / "sandbox"


@pytest.fixture(scope="session")
def app(host) -> AppHost:
    """The app host of the scenario."""
    return AppHost(host)
