"""Dry runs on a deployed host: they say what would be done, end well, and change nothing."""

from __future__ import annotations

import os
import subprocess

import pytest
from playbook_run import NOISE, PROJECT

#: Everything that a deploy or a rollback could change.
STATE = """
find /data/app -not -type s -printf '%p %y %s %T@ %m %U %l\\n' | sort
docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}'
docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker network ls --format '{{.Name}}' | sort
curl --silent --head http://127.0.0.1/ | grep -i x-release
"""


def dry_run(playbook: str, *arguments: str) -> str:
    done = subprocess.run(
        ["ansible-playbook", f"playbooks/{playbook}.yml", "--check", "--diff", *arguments],
        cwd=PROJECT,
        env=os.environ | {"ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not NOISE.search(done.stdout)
    return done.stdout


@pytest.fixture
def untouched(host):
    """The host must be after the test as it was before it."""
    before = host.check_output(STATE)
    yield
    assert host.check_output(STATE) == before


def test_dry_deploy_of_another_version_shows_the_plan(app, untouched):
    said = dry_run("deploy", "-e", "igny8_version=next")
    assert f"{app.live()} -> next-" in said
    assert "files added: 1" in said
    assert "migrations: backend/" in said
    assert "+++ wanted/backend/" in said
    assert f"would switch the edge from {app.live()} to next-" in said


def test_dry_deploy_of_the_live_version_finds_nothing_to_do(untouched):
    assert "changed=0" in dry_run("deploy")


def test_dry_rollback_names_its_target(app, untouched):
    assert f"would switch the edge from {app.live()} to before-" in dry_run("rollback")


def test_the_list_names_the_live_release_and_the_target(app, untouched):
    said = dry_run("releases")
    assert f"{app.live()}: live, runs" in said
    assert "previous, a rollback goes here, stopped" in said
