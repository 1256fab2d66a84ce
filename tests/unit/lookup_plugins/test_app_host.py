"""On which hosts a play runs, and when it does not."""

from __future__ import annotations

import pytest
from app_host import group_problem, part_problem


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ({"app": ["one"], "edge": ["one", "two"]}, ""),
        (
            {"app": ["one"], "edge": ["two"]},
            "The host one is in the group app and must be in the group edge as well.",
        ),
        ({"app": ["one"]}, "The host one is in the group app and must be in the group edge as well."),
        ({"app": ["one", "two"], "edge": ["one", "two"]}, "must have exactly one host; it has 2: one, two."),
        ({"app": []}, "must have exactly one host; it has 0: none."),
        ({}, "must have exactly one host; it has 0: none."),
    ],
)
def test_there_is_one_app_host_which_is_the_edge_too(groups: dict, sentence: str):
    found = group_problem(groups)
    assert sentence in found
    assert bool(found) == bool(sentence)


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ({"tags": ("all",), "skip_tags": (), "start_at_task": None}, ""),
        ({}, ""),
        ({"tags": ("one", "two")}, "without --tags one and --tags two;"),
        ({"tags": ("all", "never")}, "without --tags never;"),
        ({"skip_tags": ("notest",)}, ""),
        (
            {"skip_tags": ("guide_step_1", "untagged")},
            "without --skip-tags guide_step_1 and --skip-tags untagged;",
        ),
        ({"start_at_task": "Switch"}, "without --start-at-task 'Switch';"),
    ],
)
def test_options_that_leave_phases_out_are_named(arguments: dict, given: str):
    found = part_problem(arguments)
    assert given in found
    assert bool(found) == bool(given)
