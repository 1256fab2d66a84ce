"""Rows of two databases of a real server, one of them changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import postgres_difference_info
import pytest

TABLES = """
CREATE SCHEMA difference;
CREATE TABLE difference.text_key (id text PRIMARY KEY, value int, extra int);
CREATE TABLE difference.two_keys (a int, b text, value int, PRIMARY KEY (b, a));
CREATE TABLE difference.no_key (value text);
CREATE TABLE difference.gone (id int PRIMARY KEY);
INSERT INTO difference.text_key
SELECT chr(n), n FROM generate_series(33, 60000) AS n WHERE n NOT BETWEEN 55296 AND 57343;
INSERT INTO difference.text_key VALUES (U&'\\+01F600', 1), ('"', 2) ON CONFLICT DO NOTHING;
INSERT INTO difference.two_keys SELECT mod(n, 10), n::text, n FROM generate_series(1, 1000) AS n;
INSERT INTO difference.no_key VALUES ('x'), ('x'), ('x'), (NULL), ('y');
INSERT INTO difference.gone VALUES (1), (2);
"""
CHANGES = """
DELETE FROM difference.text_key WHERE id IN ('Z', 'é', U&'\\+01F600');
UPDATE difference.text_key SET value = -1 WHERE id IN ('a', 'ß');
INSERT INTO difference.text_key VALUES ('newer than the other', 1);
ALTER TABLE difference.text_key DROP COLUMN extra;
DELETE FROM difference.two_keys WHERE a = 3 AND b = '13';
DELETE FROM difference.no_key WHERE ctid = (SELECT min(ctid) FROM difference.no_key WHERE value = 'x');
INSERT INTO difference.no_key VALUES (NULL);
DROP TABLE difference.gone;
CREATE TABLE difference.new (id int);
INSERT INTO difference.new VALUES (1);
"""


@pytest.fixture(scope="module")
def other(services: Any) -> Iterator[str]:
    """Name of a database as it was before the changes."""
    services.sql(TABLES)
    services.sql(f"CREATE DATABASE difference_other TEMPLATE {services.database}")
    services.sql(CHANGES)
    yield "difference_other"
    services.sql("DROP SCHEMA difference CASCADE")
    services.sql("DROP DATABASE difference_other WITH (FORCE)")


def test_each_difference_is_counted(run_module, login, other: str):
    result = run_module(postgres_difference_info, login | {"other_db": other})
    same = {"lost": 0, "changed": 0, "returned": 0, "only_in": "", "columns_lost": [], "columns_returned": []}
    assert {table.pop("name"): table for table in result["tables"]} == {
        "difference.gone": same | {"returned": 2, "only_in": "other"},
        "difference.new": same | {"lost": 1, "only_in": "now"},
        "difference.no_key": same | {"lost": 1, "returned": 1},
        "difference.text_key": same | {"lost": 1, "changed": 2, "returned": 3, "columns_returned": ["extra"]},
        "difference.two_keys": same | {"returned": 1},
    }
    assert (result["changed"], result["lost"]) == (False, 3)


def test_a_database_does_not_differ_from_itself(run_module, login):
    result = run_module(postgres_difference_info, login | {"other_db": login["login_db"]})
    assert (result["tables"], result["lost"]) == ([], 0)


def test_a_database_that_is_not_there_is_a_sentence(run_module, login):
    result = run_module(postgres_difference_info, login | {"other_db": "nothing"})
    assert result["failed"]
    assert "database nothing cannot be compared: " in result["msg"]
