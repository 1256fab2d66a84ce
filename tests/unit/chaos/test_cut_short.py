"""How the callback that kills runs calls their tasks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import yaml
from callback_plugins.cut_short import DOCUMENTATION, name_of


def test_ansible_can_read_its_options():
    assert yaml.safe_load(DOCUMENTATION)["name"] == "cut_short"


@pytest.mark.parametrize(
    ("name", "called"),
    [
        (
            "release : stop | Stop the containers of fix-c0ab0f13598c",
            "stop | Stop the containers of a release",
        ),
        ("release : lock | Take the release lock", "lock | Take the release lock"),
    ],
)
def test_a_task_is_called_the_same_in_runs_of_all_releases(name: str, called: str):
    assert name_of(SimpleNamespace(get_name=lambda: name)) == f"release : {called}"
