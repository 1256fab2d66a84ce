"""Filters of the doctor."""

from __future__ import annotations

import base64

import pytest
from doctor import bundle_entries, own_containers, switch_problems, vault_problems


@pytest.mark.parametrize("value", [True, False, "true", "false", "True"])
def test_a_switch_is_true_or_false(value: object):
    assert switch_problems({"doctor_fix": value}) == []


@pytest.mark.parametrize("value", ["yes please", 1, "", None, ["true"]])
def test_what_is_no_switch_is_named(value: object):
    assert switch_problems({"a": True, "doctor_fix": value}) == [
        f"doctor_fix is {value!r}; true or false is needed."
    ]


def test_entries_are_named_by_what_was_asked():
    entries = bundle_entries(
        [{"item": ["docker", "ps"], "stdout": "a", "stderr": "b", "rc": 0, "msg": "x"}],
        [{"item": "web-1", "msg": "no docker"}],
        [
            {"item": "/srv/a.json", "content": base64.b64encode(b"{}").decode()},
            {"item": "/srv/b.json", "msg": "file not found"},
        ],
        "[]",
    )
    assert entries == {
        "findings.json": "[]",
        "host/docker-ps.txt": "a\nb\n",
        "logs/web-1.txt": "no docker\n",
        "files/srv/a.json": "{}",
        "files/srv/b.json": "file not found\n",
    }


def test_no_name_leads_out_of_the_bundle():
    [*_, name] = bundle_entries([{"item": ["cat", "/etc/x"], "rc": 0}], [], [], "")
    assert name == "host/cat-_etc_x.txt"


def test_containers_of_other_apps_are_none_of_ours():
    containers = [
        {"Names": ["/v1-api-1"], "Labels": {"release.id": "v1", "com.docker.compose.project": "v1"}},
        {"Names": ["/by-hand-1"], "Labels": {"com.docker.compose.project": "by-hand"}},
        {"Names": ["/data-redis-1"], "Labels": {"com.docker.compose.project": "data"}},
        {"Names": ["/shop-redis-1"], "Labels": {"com.docker.compose.project": "shop"}},
        {"Names": ["/alone"], "Labels": None},
        {"Names": []},
    ]
    releases = {"v0": {"containers": [{"name": "by-hand-1"}]}, "v1": {"containers": []}}
    assert own_containers(containers, releases, ["data", "edge"]) == ["v1-api-1", "by-hand-1", "data-redis-1"]


@pytest.mark.parametrize("option", ["--ask-vault-pass", "--vault-id prod@prompt"])
def test_a_repair_is_not_begun_that_would_have_to_ask_for_a_password(option: str):
    command = f"ansible-playbook {option} playbooks/doctor.yml"
    [said] = vault_problems(command, "true")
    assert "--vault-password-file" in said
    assert vault_problems(command, False) == []
    assert vault_problems("ansible-playbook --vault-password-file /pass playbooks/doctor.yml", True) == []
