"""Sorting of acknowledged ids, without a database."""

from __future__ import annotations

import pytest
from ansible.module_utils.prober_rows import Rows, RowsError, normalize, sort_rows


@pytest.mark.parametrize(
    ("ids", "counts", "rows"),
    [
        (["a", "b"], {}, Rows(2, 2, [], [])),
        (["a", "b"], {"b": 0}, Rows(2, 1, ["b"], [])),
        (["a", "b"], {"a": 2, "b": 0}, Rows(2, 0, ["b"], ["a"])),
        (["c", "b", "a"], {"c": 0, "b": 0, "a": 3}, Rows(3, 0, ["b", "c"], ["a"])),
    ],
)
def test_sort_rows(ids, counts, rows):
    assert sort_rows(ids, counts) == rows


@pytest.mark.parametrize(("ids", "known"), [(["B", "a", "b "], ["b", "a"]), (["a", "", " "], ["a"])])
def test_normalize(ids, known):
    assert normalize(ids) == known


@pytest.mark.parametrize("ids", [[], [""], [" "]])
def test_no_ids_are_refused(ids):
    with pytest.raises(RowsError, match="at least one acknowledged id is needed"):
        normalize(ids)
