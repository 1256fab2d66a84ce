"""Sequences of two databases of a real server that are swapped: an id is handed out once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.database_swap import Databases, SwapError

SERVES, RESTORED, REPLACED = "swap_serves", "swap_restored", "swap_replaced"
BACKED_UP = """
CREATE SCHEMA "Own space";
CREATE SEQUENCE users;
CREATE SEQUENCE "Own space"."of Notes" AS integer;
CREATE SEQUENCE untouched;
CREATE SEQUENCE downwards INCREMENT -1;
CREATE SEQUENCE again MAXVALUE 1000 CYCLE;
CREATE SEQUENCE small AS smallint;
CREATE SEQUENCE gone;
CREATE TABLE other_kind (id int);
SELECT setval('users', 500), setval('"Own space"."of Notes"', 7), setval('downwards', -3), setval('again', 3);
"""
SINCE = """
SELECT setval('users', 501), setval('"Own space"."of Notes"', 4), setval('downwards', -9), setval('again', 5);
ALTER SEQUENCE small AS bigint NO MAXVALUE;
SELECT setval('small', 100000);
DROP SEQUENCE gone;
CREATE SEQUENCE new;
DROP TABLE other_kind;
CREATE SEQUENCE other_kind;
SELECT setval('new', 5), setval('other_kind', 5);
"""
NEXT = """
SELECT nextval('users'), nextval('"Own space"."of Notes"'), nextval('untouched'), nextval('downwards'),
       nextval('again'), nextval('small'), nextval('gone')
"""


@pytest.fixture
def databases(login: dict[str, Any]) -> Iterator[Databases]:
    """The databases of the server, by a connection to another one."""
    found = Databases({"ssl_mode": "prefer", "ca_cert": None} | login)
    yield found
    found.close()


@pytest.fixture
def run(services: Any) -> Iterator[Callable[..., list[tuple]]]:
    """Run statements in a database of that name; there are one that serves, and one as it was backed up."""

    def call(name: str, statements: str) -> list[tuple]:
        with services.connect(name) as connection:
            cursor = connection.execute(statements)
            return cursor.fetchall() if cursor.description else []

    for name in (SERVES, RESTORED):
        services.sql(f"CREATE DATABASE {name}")
        call(name, BACKED_UP)
    call(SERVES, SINCE)
    yield call
    for name in (SERVES, RESTORED, REPLACED):
        services.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_ids_go_on_in_what_was_restored(databases, run):
    """Not further back, where a sequence has one to give and can, and only where both have it."""
    databases.swap(SERVES, RESTORED, REPLACED)
    assert run(SERVES, NEXT) == [(502, 8, 1, -10, 4, 1, 1)]


def test_ids_go_on_when_the_databases_are_swapped_back(databases, run):
    databases.swap(SERVES, RESTORED, REPLACED)
    run(SERVES, "SELECT setval('users', 600)")
    databases.swap(SERVES, REPLACED, RESTORED)
    assert run(SERVES, "SELECT nextval('users'), nextval('small')") == [(601, 100001)]


def test_a_database_that_has_handed_out_nothing_changes_nothing(databases, run):
    """An empty one is what an operator gives a restore to replace where the database is gone."""
    run(SERVES, 'DROP SCHEMA "Own space" CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    databases.swap(SERVES, RESTORED, REPLACED)
    assert run(SERVES, "SELECT nextval('users')") == [(501,)]


def test_databases_whose_sequences_cannot_be_read_stay(databases, run, services):
    services.sql(f"ALTER DATABASE {SERVES} ALLOW_CONNECTIONS false")
    with pytest.raises(
        SwapError, match=f"cannot have the sequences of {RESTORED} go on where those of {SERVES}"
    ):
        databases.swap(SERVES, RESTORED, REPLACED)
    assert databases.existing([SERVES, RESTORED, REPLACED]) == {SERVES, RESTORED}
