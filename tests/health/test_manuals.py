"""The manuals of the health modules: ansible-doc shows all there is, and the examples run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import healthy
import pytest
import session_health_info
import session_proof_info
import session_snapshot
import token_health_info
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = [token_health_info, session_health_info, session_snapshot, session_proof_info]
SHOP = """
DROP TABLE IF EXISTS session_token;
CREATE TABLE session_token (LIKE auth_refresh_token);
INSERT INTO session_token SELECT * FROM auth_refresh_token;
CREATE UNIQUE INDEX session_token_live_family ON session_token (family_id) WHERE revoked_at IS NULL;
"""


def ansible(command: str, *arguments: object) -> subprocess.CompletedProcess:
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(
        [Path(sys.executable).parent / command, *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_manual_shows_every_option_and_every_result(module: ModuleType):
    shown = ansible("ansible-doc", "-t", "module", "-M", "library", module.__name__)
    assert shown.returncode == 0, shown.stderr
    options, results = shown.stdout.split("RETURN VALUES:")
    assert names(module.ARGUMENT_SPEC, "options") <= set(re.findall(r"^ *[-=] (\w+) ", options, re.MULTILINE))
    returned = yaml.safe_load(module.RETURN)
    assert names(returned, "contains") <= set(re.findall(r"^ *- (\w+) ", results, re.MULTILINE))


def names(described: dict[str, dict[str, Any]], nested: str) -> set[str]:
    """Of all options or results, those within others too."""
    return set(described).union(*(names(one.get(nested) or {}, nested) for one in described.values()))


@pytest.fixture
def run_examples(tmp_path, login, redis_login):
    """Run the examples of modules one after another; where the services are, and nothing else, is changed in them."""

    def run(*tasks: dict[str, Any], **where: Any) -> subprocess.CompletedProcess:
        names = {module.__name__ for module in MODULES}
        placed = [
            {key: value | where if key in names else value for key, value in task.items()} for task in tasks
        ]
        variables = {
            "ansible_python_interpreter": sys.executable,
            "vault_shop_password": login["login_password"],
            "vault_redis_password": redis_login["login_password"],
        }
        play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": placed}
        playbook = tmp_path / "examples.yml"
        playbook.write_text(yaml.safe_dump([play]))
        done = ansible("ansible-playbook", "-vvvv", playbook)
        for password in (login["login_password"], redis_login["login_password"]):
            assert password not in done.stdout + done.stderr
        return done

    return run


def examples(module: ModuleType) -> list[dict[str, Any]]:
    return yaml.safe_load(module.EXAMPLES)


@pytest.fixture
def shop(database, login):
    """The table of the examples; returns where it is."""
    database(SHOP)
    yield {key: value for key, value in login.items() if key != "login_password"}
    database("DROP TABLE session_token")


def test_the_examples_of_tokens_run(run_examples, shop, database):
    done = run_examples(*examples(token_health_info), **shop)
    assert done.returncode == 0, done.stdout
    database("DROP INDEX session_token_live_family")
    refused = run_examples(*examples(token_health_info), **shop)
    assert "index session_token_live_family is missing; at most 0 is healthy" in refused.stdout
    assert refused.returncode == 2


def test_the_examples_of_sessions_run(run_examples, cache, redis_login):
    # A shared machine may take longer than the default for a PING.
    where = {
        "login_port": redis_login["login_port"],
        "thresholds": {"latency": {"warning": 5000, "critical": 5000}},
    }
    done = run_examples(*examples(session_health_info), **where)
    assert done.returncode == 0, done.stdout
    cache.set(healthy.KEY_FORMAT.replace("{session_key}", "odd"), "x")
    refused = run_examples(*examples(session_health_info), **where)
    assert refused.returncode == 2
    assert "1 session keys never expire; at most 0 is healthy" in refused.stdout


def test_the_examples_of_snapshot_and_proof_run(run_examples, shop, database):
    keep, remove = examples(session_snapshot)
    assert run_examples(keep, *examples(session_proof_info), **shop).returncode == 0
    database("DELETE FROM session_token WHERE family_id = md5('busy7')::uuid")
    refused = run_examples(*examples(session_proof_info), **shop)
    assert refused.returncode == 2
    assert f"1 of {healthy.LIVE} families that were live are lost (1 missing)" in refused.stdout
    assert run_examples(remove, **shop).returncode == 0
    assert database("SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_snapshot'") == [(0,)]
