"""What the edge has answered for a slot."""

from __future__ import annotations

import edge_traffic_info
import pytest
from manual import results_in_manual, returned

STAT = """# pxname,svname,scur,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,
public,FRONTEND,9,0,900,0,0,90,0,
api_green,s1,1,0,50,0,4,3,0,
api_green,BACKEND,1,0,50,0,4,5,0,
web_green,BACKEND,0,1,20,2,0,1,0,
api_blue,BACKEND,0,0,7,0,0,7,,

"""


@pytest.fixture
def count(run_module, edge):
    """Count the answers of a slot; returns the result."""
    edge.canned["show stat"] = STAT
    return lambda slot="green", **more: run_module(
        edge_traffic_info, {"socket": edge.socket_path, "slot": slot} | more
    )


def test_both_backends_of_the_slot_count_and_their_servers_do_not(count):
    result = count()
    assert (result["requests"], result["errors"], result["changed"]) == (83, 6, False)
    assert count("blue")["total"] == {"requests": 14, "errors": 7}
    assert returned(result) == results_in_manual(edge_traffic_info)


def test_what_came_before_is_left_out(count):
    result = count(since={"requests": 80, "errors": 6})
    assert (result["requests"], result["errors"]) == (3, 0)


def test_an_edge_that_was_restarted_began_at_nothing(count):
    assert count(since={"requests": 5000, "errors": 2})["requests"] == 83


def test_an_edge_that_does_not_answer_is_a_sentence(run_module, tmp_path):
    result = run_module(edge_traffic_info, {"socket": str(tmp_path / "none"), "slot": "blue"})
    assert result["failed"] and "a running edge is needed" in result["msg"]
