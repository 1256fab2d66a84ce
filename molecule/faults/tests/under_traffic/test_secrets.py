"""No secret is in what runs print at their most talkative, nor anywhere on the host outside the files of secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from app_host import ROOT
from playbook_run import PROJECT, Case, run

VAULT = PROJECT / "inventory/sandbox/group_vars/all/vault.yml"
TALKATIVE = ("-vvvv", "--diff")
#: Header, claims and signature of a JWT; the marks of the tests have no claims.
JWT = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")


def secrets() -> dict[str, str]:
    """The secrets of the inventory by their names."""
    return {name: str(value) for name, value in yaml.safe_load(VAULT.read_text()).items()}


def talk(playbook: str, jobs: Path, version: str = "") -> Case:
    given = {"prober_enabled": False, "release_keep": 50, "verify_level": "browser"}
    given |= {"igny8_version": version} if version else {}
    arguments = (*TALKATIVE, f"--extra-vars={json.dumps(given)}")
    return Case(version or playbook, playbook, "", arguments, environment={"ANSIBLE_ASYNC_DIR": str(jobs)})


@pytest.fixture(scope="module")
def jobs(tmp_path_factory) -> Path:
    """Where Ansible keeps what browsers in the background say."""
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def outputs(inventory, jobs) -> dict[str, str]:
    """What a deploy that fails, one that succeeds, a look, a backup and a rollback print."""
    cases = [
        talk("deploy", jobs, "broken-login"),
        talk("deploy", jobs, "next"),
        talk("verify", jobs),
        talk("backup", jobs),
        talk("rollback", jobs),
    ]
    answers = {case.name: run(case, inventory) for case in cases}
    assert {name: answer.code == 0 for name, answer in answers.items()} == {
        case.name: case.name != "broken-login" for case in cases
    }, {name: answer.text[-1500:] for name, answer in answers.items() if answer.code}
    return {name: answer.text for name, answer in answers.items()}


def test_secrets_are_secret_enough_to_be_searched_for():
    assert len(secrets()) >= 3
    assert [name for name, value in secrets().items() if len(value) < 10] == []


@pytest.mark.parametrize("name", secrets())
def test_no_run_prints_a_secret(outputs, name: str):
    assert [run_name for run_name, text in outputs.items() if secrets()[name] in text] == []


def test_browsers_were_used_and_their_jobs_are_forgotten(outputs, jobs):
    """What a run leaves there that dies: `tests/browser/test_browser_tab.py`."""
    assert [name for name, text in outputs.items() if "verified by the API alone" in text] == []
    assert {"browser_flow", "browser_tab"} <= set(re.findall(r"browser_\w+", outputs["next"]))
    assert [path for path in jobs.rglob("*") if path.is_file()] == []
    assert list((PROJECT / "reports/pictures").rglob("*.jpg")) != []


def test_no_run_prints_a_token(outputs):
    assert {name: found[:3] for name, text in outputs.items() if (found := JWT.findall(text))} == {}


@pytest.mark.parametrize("name", secrets())
def test_no_report_has_a_secret(outputs, name: str):
    files = [path for path in (PROJECT / "reports").rglob("*") if path.is_file()]
    hits = [path.name for path in files if secrets()[name].encode() in path.read_bytes()]
    assert hits == []


@pytest.mark.parametrize("name", secrets())
def test_no_file_of_the_host_has_a_secret_but_those_of_secrets(outputs, app, name: str):
    """Neither files and temporary files, nor the environment and the arguments of a process."""
    places = f"{ROOT} /data/app /root /home /tmp /var/tmp /var/log /etc"
    found = app.run(f"grep -rlsF -e '{secrets()[name]}' {places} | grep -v /secrets/ || true").split()
    assert found == []
    # An expression that does not match itself: sudo has this command in its environment.
    secret = f"[{secrets()[name][0]}]{secrets()[name][1:]}"
    assert app.run(f"grep -ls '{secret}' /proc/[0-9]*/environ || true") == ""
    assert app.run(f"ps -eo args | grep '{secret}' || true") == ""


@pytest.mark.parametrize("name", secrets())
def test_no_image_and_no_container_has_a_secret(outputs, app, name: str):
    told = (
        "docker ps --all --quiet | xargs docker inspect; docker images --quiet | xargs docker inspect; "
        "docker images --quiet | xargs --max-args=1 docker history --no-trunc; "
        "docker ps --quiet | xargs --max-args=1 docker logs 2>&1"
    )
    assert app.run(f"({told}) | grep -cF -e '{secrets()[name]}' || true").strip() == "0"
