"""A run whose lock may be another's by now asks for it before it switches, stops or drops anything."""

from __future__ import annotations

import pytest
from project_files import ROOT, imports_of

HOLD = "release:hold"
#: What each file of tasks does right after it has asked: for the last of them, what comes after that file.
ACTS = [
    ("finish.yml", "verify:use_canaries"),
    ("follow.yml", "tidy.yml"),
    ("keep_swapped_back.yml", ""),
    ("record.yml", "edge:switch"),
    ("restore.yml", "postgres:forget"),
    ("settle.yml", "postgres:settle"),
    ("swap_back.yml", "postgres:swap"),
    ("take_back.yml", "edge:switch"),
]


@pytest.mark.parametrize(("file", "act"), ACTS)
def test_it_holds_the_lock_before_it_acts(file: str, act: str):
    order = [what for what, _ in imports_of(ROOT / "playbooks/tasks" / file)] + [""]
    assert order[order.index(act) - 1] == HOLD
