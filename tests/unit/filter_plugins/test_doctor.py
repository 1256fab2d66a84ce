"""Filters of the doctor."""

from __future__ import annotations

import base64

import pytest
from doctor import bundle_entries, switch_problems


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
