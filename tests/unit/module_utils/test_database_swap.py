"""The page in front of the app while its database is swapped, and when a swap may begin."""

from __future__ import annotations

import pytest
from ansible.module_utils.database_swap import Page, SwapError, swap_is_done
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
