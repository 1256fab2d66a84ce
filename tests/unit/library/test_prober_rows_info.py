"""The module with a connection that answers as PostgreSQL would, and its manual."""

from __future__ import annotations

import prober_rows_info
import pytest
import yaml

OPTIONS = {"ids": ["B", "a"], "table": "shop.order", "column": "public_id", "login_db": "shop"}


class Connection:
    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("counts", "found", "missing", "duplicated"),
    [({}, 2, [], []), ({"a": 0}, 1, ["a"], []), ({"a": 2, "b": 0}, 0, ["b"], ["a"])],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_rows_are_reported(monkeypatch, run_module, counts, found, missing, duplicated, check_mode):
    connection = Connection()
    monkeypatch.setattr(prober_rows_info, "connect", lambda _options: connection)
    monkeypatch.setattr(prober_rows_info, "read_counts", lambda _connection, _ids, _options: counts)
    result = run_module(prober_rows_info, OPTIONS, check_mode)
    assert (result["checked"], result["found"]) == (2, found)
    assert (result["missing"], result["duplicated"]) == (missing, duplicated)
    assert result["changed"] is False
    assert connection.closed
    assert set(yaml.safe_load(prober_rows_info.RETURN)) == set(result) - {"changed", "invocation"}


def test_unreachable_database_fails(run_module):
    result = run_module(prober_rows_info, OPTIONS | {"login_host": "127.0.0.1", "login_port": 1})
    assert result["failed"]
    assert result["msg"].startswith("PostgreSQL at 127.0.0.1:1, table shop.order: ")


def test_empty_list_fails(run_module):
    assert "at least one" in run_module(prober_rows_info, OPTIONS | {"ids": []})["msg"]


def test_documentation_says_what_the_spec_says():
    documented = yaml.safe_load(prober_rows_info.DOCUMENTATION)["options"]
    keys = ("type", "default", "required", "choices", "elements")
    assert {name: {k: option.get(k) for k in keys} for name, option in documented.items()} == {
        name: {k: option.get(k) for k in keys} for name, option in prober_rows_info.ARGUMENT_SPEC.items()
    }
