"""Rows of two databases, merged in the order of their keys."""

from __future__ import annotations

import random

import pytest
from ansible.module_utils.database_difference import Difference, compare_rows


@pytest.mark.parametrize(
    ("now", "other", "counts"),
    [
        ([], [], (0, 0, 0)),
        (["a1"], [], (1, 0, 0)),
        ([], ["a1"], (0, 0, 1)),
        (["a1"], ["a1"], (0, 0, 0)),
        (["a1"], ["a2"], (0, 1, 0)),
        (["a1", "c1"], ["b1", "c2", "d1"], (1, 1, 2)),
        # Without a primary key the same row may be there more than once.
        (["a1", "a1", "a1"], ["a1"], (2, 0, 0)),
    ],
)
def test_rows_are_lost_changed_or_returned(now: list[str], other: list[str], counts: tuple[int, int, int]):
    assert compare_rows(map(tuple, now), map(tuple, other)) == counts


def test_merge_counts_what_sets_count():
    chance = random.Random(7)
    for _ in range(200):
        now, other = ({str(chance.randrange(40)): chance.choice("xy") for _ in range(20)} for _ in range(2))
        wanted = (
            len(now.keys() - other.keys()),
            sum(now[key] != other[key] for key in now.keys() & other.keys()),
            len(other.keys() - now.keys()),
        )
        assert compare_rows(sorted(now.items()), sorted(other.items())) == wanted


def test_a_table_differs_in_columns_alone():
    assert not Difference("a")
    assert Difference("a", columns_lost=["x"])
    assert Difference("a", only_in="other")
