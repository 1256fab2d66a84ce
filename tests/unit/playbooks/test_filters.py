"""The filters in a play, where no test has made module_utils importable for them."""

from __future__ import annotations

import re
from pathlib import Path

from local_play import begin
from project_files import ROOT


def test_each_file_of_filters_loads_in_a_play(tmp_path: Path):
    """Ansible looks into each file for a filter that there is none of, and warns of those that it skips."""
    going = begin(
        tmp_path, [{"name": "Filter", "ansible.builtin.debug": {"msg": "{{ 1 | no_such_filter }}"}}]
    )
    said = "".join(going.communicate())
    assert "no_such_filter" in said
    assert re.findall(rf"{ROOT}/filter_plugins/(\w+)", said) == []
