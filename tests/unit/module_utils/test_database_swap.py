"""The page in front of the app while its database is swapped, when a swap may begin, and what it does in which order.

What its statements do on a real server: tests/health/test_swap.py.
"""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from ansible.module_utils import database_swap
from ansible.module_utils.database_swap import (
    MOVE_ON,
    SEQUENCES,
    TERMINATE,
    Databases,
    Page,
    SwapError,
    swap_is_done,
)
from ansible.module_utils.edge_runtime import EdgeError, read_map_file
from edge_admin import CONTAINER_MAPS, LIVE

BLUE = {"live": "blue", "blue": "v1"}


@pytest.fixture
def page(edge) -> Page:
    """The page of an edge on which v1 is live in blue."""
    edge.holds(BLUE)
    return Page(edge.socket_path, str(edge.maps_dir), CONTAINER_MAPS)


def test_page_is_shown_and_taken_away(page, edge):
    with page.shown():
        assert edge.memory[LIVE] == {"blue": "v1"}
        # An edge that restarts now shows the app.
        assert read_map_file(str(edge.live_file)) == BLUE
    assert edge.memory[LIVE] == BLUE


def test_page_is_taken_away_whatever_happens(page, edge):
    with pytest.raises(KeyError), page.shown():
        raise KeyError
    assert edge.memory[LIVE] == BLUE


def test_page_that_was_left_is_taken_away_once(page, edge):
    del edge.memory[LIVE]["live"]
    assert [page.take_away(), page.take_away()] == [True, False]
    assert edge.memory[LIVE] == BLUE


def test_an_edge_without_a_live_slot_stays_so(page, edge):
    edge.holds({})
    with pytest.raises(EdgeError, match="edge has no live slot in .*; a deploy or rollback brings it"):
        page.take_away()


def test_drain_waits_for_the_requests_of_both_slots(page, edge):
    edge.servers = {
        name: ("UP", "L7OK", "172.18.0.5:80") for name in ("api_blue", "web_blue", "api_green", "web_green")
    }
    edge.sessions = {"api_blue": [2, 0], "web_green": [1, 1, 0]}
    assert page.drain(5) == 0
    edge.sessions = {"api_blue": [2]}
    assert page.drain(0) == 2


@pytest.mark.parametrize(
    ("existing", "done"), [({"shop", "shop__restored"}, False), ({"shop", "shop__replaced"}, True)]
)
def test_swap_is_to_be_done_or_done(existing: set[str], done: bool):
    assert swap_is_done(existing, "shop", "shop__restored", "shop__replaced") is done


@pytest.mark.parametrize(
    ("existing", "found"),
    [
        (set(), "none"),
        ({"shop"}, "shop"),
        ({"shop__restored", "shop__replaced"}, "shop__replaced, shop__restored"),
        ({"shop", "shop__restored", "shop__replaced"}, "shop, shop__replaced, shop__restored"),
    ],
)
def test_anything_else_is_refused(existing: set[str], found: str):
    with pytest.raises(
        SwapError, match=f"shop and shop__restored are needed and no shop__replaced; there is {found}"
    ):
        swap_is_done(existing, "shop", "shop__restored", "shop__replaced")


LOGIN = {"login_host": "db", "login_port": 5432, "login_user": "app", "login_password": "x"}
LOGIN |= {"login_db": "postgres", "ssl_mode": "prefer", "ca_cert": None}
#: What is said of a statement that is none of these.
SAID = {TERMINATE: "end sessions", SEQUENCES: "read sequences", MOVE_ON: "move sequences on"}
BEFORE = [
    "postgres: end sessions",
    "shop: read sequences",
    "shop: log out",
    "shop__restored: move sequences on",
    "shop__restored: log out",
    "postgres: end sessions",
]
RENAMED = ["postgres: rename", "postgres: rename"]


class Server:
    """A PostgreSQL that answers nothing but what the swap asks; `log` has what was done in which database.

    `fails` has what fails there, and how often.
    """

    def __init__(self) -> None:
        self.log: list[str] = []
        self.fails: dict[str, list[Exception]] = {}

    def connect(self, dbname: str, **_login: object) -> Login:
        self.may_fail(f"{dbname}: log in")
        return Login(self, dbname)

    def may_fail(self, what: str) -> None:
        if self.fails.get(what):
            raise self.fails[what].pop()


class Login:
    """A connection, and its own cursor."""

    def __init__(self, server: Server, database: str) -> None:
        self.server, self.database = server, database

    def __enter__(self) -> Login:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def cursor(self) -> Login:
        return self

    def execute(self, statement: Any, values: Any = None) -> None:
        what = f"{self.database}: {SAID.get(statement, 'rename') if isinstance(statement, str) else 'rename'}"
        self.server.log.append(what)
        self.server.may_fail(what)
        self.answer = (["public"], ["a_id_seq"], [7]) if statement == SEQUENCES else (2,)
        if statement == MOVE_ON:
            assert values == (["public"], ["a_id_seq"], [7])

    def fetchone(self) -> tuple:
        return self.answer

    def close(self) -> None:
        self.server.log.append(f"{self.database}: log out")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server that is logged in to."""
    found = Server()
    monkeypatch.setattr(database_swap.psycopg2, "connect", found.connect)
    return found


def swap() -> int:
    return Databases(LOGIN).swap("shop", "shop__restored", "shop__replaced", pause_seconds=0)


def test_sequences_are_moved_on_once_nobody_is_in_and_before_anything_is_renamed(server):
    assert swap() == 2
    assert server.log == BEFORE + RENAMED


def test_what_somebody_has_taken_who_came_back_in_time_counts_too(server):
    server.fails["postgres: rename"] = [psycopg2.errors.ObjectInUse("is being accessed")]
    assert swap() == 4
    assert server.log == [*BEFORE, "postgres: rename", *BEFORE, *RENAMED]


@pytest.mark.parametrize(
    "what", ["shop: log in", "shop: read sequences", "shop__restored: move sequences on"]
)
def test_without_the_sequences_nothing_is_renamed(server, what: str):
    server.fails[what] = [psycopg2.OperationalError("no more\nconnections")]
    sentence = (
        "databases are not swapped, since app cannot have the sequences of shop__restored go on where those of shop "
        "are: no more. Mend that, and run this again."
    )
    with pytest.raises(SwapError) as raised:
        swap()
    assert str(raised.value) == sentence
    assert "postgres: rename" not in server.log
