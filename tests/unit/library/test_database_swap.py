"""The swap of two databases, whole, and what is left of one that was cut off behind the page."""

from __future__ import annotations

import database_swap
import pytest
from docker_engine import NETWORK
from edge_admin import CONTAINER_MAPS, LIVE
from manual import results_in_manual, returned

BLUE = {"live": "blue", "blue": "v1"}
TO_DO, DONE = {"shop", "shop__restored"}, {"shop", "shop__replaced"}


class Databases:
    """A server with these databases; `renamed` counts its swaps."""

    def __init__(self, names: set[str]) -> None:
        self.names, self.renamed = names, 0

    def existing(self, _names: list[str]) -> set[str]:
        return self.names

    def swap(self, *_names: str) -> int:
        self.renamed += 1
        return 3

    def close(self) -> None:
        pass


class Cache:
    """A Redis; `pages` has, for each time that it was emptied, whether the edge showed its page."""

    def __init__(self, edge) -> None:
        self.edge, self.pages = edge, []

    def flushdb(self) -> None:
        self.pages.append("live" not in self.edge.memory[LIVE])

    def close(self) -> None:
        pass


@pytest.fixture
def cache(edge, monkeypatch) -> Cache:
    """The cache of the sessions."""
    found = Cache(edge)
    monkeypatch.setattr(database_swap.redis, "Redis", lambda **_options: found)
    return found


@pytest.fixture
def swap(run_module, edge, engine, cache, monkeypatch, tmp_path):
    """Swap on a host on which v1 is live in blue; returns the databases and the result."""
    edge.holds(BLUE)
    edge.servers = {
        f"{part}_blue": ("UP", "L7OK", f"172.18.0.{n}:80") for n, part in ((5, "api"), (6, "web"))
    }
    engine.run_both("v1", "blue", "172.18.0.5", "172.18.0.6")
    monkeypatch.setattr(database_swap.signal, "signal", lambda *_handler: None)

    def call(names: set[str], **more) -> tuple[Databases, dict]:
        databases = Databases(names)
        monkeypatch.setattr(database_swap, "Databases", lambda _params: databases)
        options = {"database": "shop", "incoming": "shop__restored", "outgoing": "shop__replaced"}
        options |= {"root": str(tmp_path), "release": "v1", "slot": "blue", "slot_network": NETWORK}
        options |= {"socket": edge.socket_path, "maps_dir": str(edge.maps_dir)}
        options |= {"container_maps_dir": CONTAINER_MAPS, "ready_seconds": 0, "login_db": "postgres"}
        return databases, run_module(database_swap, options | {"session_cache": {"db": 1}} | more)

    return call


def test_databases_are_swapped_behind_the_page(swap, edge, engine, cache):
    databases, result = swap(TO_DO)
    assert (databases.renamed, cache.pages, engine.restarted) == (1, [True], ["v1-api-1"])
    assert (result["changed"], result["ended_sessions"], edge.memory[LIVE]) == (True, 3, BLUE)
    assert returned(result) == results_in_manual(database_swap)


def test_one_that_was_cut_off_behind_the_page_is_done_to_its_end(swap, edge, engine, cache):
    del edge.memory[LIVE]["live"]
    pages = []
    engine.restart = lambda name, timeout: pages.append("live" not in edge.memory[LIVE])
    databases, result = swap(DONE)
    assert (databases.renamed, cache.pages, pages) == (0, [True], [True])
    assert (result["changed"], result["page_seconds"], edge.memory[LIVE]) == (True, 0.0, BLUE)


def test_users_whom_an_edge_that_restarted_has_let_in_are_not_sent_away_again(swap, edge, engine, cache):
    databases, result = swap(DONE)
    assert (databases.renamed, cache.pages, engine.restarted, edge.writes) == (0, [False], [], [])
    assert result["changed"] is False


def test_an_app_that_does_not_come_back_has_the_page_taken_away(swap, edge):
    del edge.memory[LIVE]["live"]
    edge.servers["api_blue"] = ("DOWN", "L4CON", "172.18.0.5:80")
    _, result = swap(DONE)
    assert "release v1 did not come back in 0 s" in result["msg"]
    assert edge.memory[LIVE] == BLUE
