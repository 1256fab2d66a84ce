"""Reading HAProxy's answers, and talking to an admin socket."""

from __future__ import annotations

import os
import time

import pytest
from ansible.module_utils import edge_runtime
from ansible.module_utils.edge_runtime import EdgeError, EdgeRuntime, not_ready, parse_map, wait_until
from edge_admin import LIVE, PROBE

STAT = """\
# pxname,svname,qcur,qmax,scur,smax,status,check_status,addr,
public,FRONTEND,,,7,9,OPEN,,,
api_blue,s1,0,0,2,3,UP,L7OK,172.18.0.5:8000,
api_blue,BACKEND,0,0,3,4,UP,,,
web_blue,s1,0,0,0,3,DOWN,L4CON,172.18.0.6:8080,
web_blue,BACKEND,0,0,4,4,DOWN,,,
web_green,s1,0,0,0,0,MAINT (resolution),,,
web_green,BACKEND,0,0,5,0,DOWN,,,

"""
ADDRESSES = {"api": "172.18.0.5", "web": "172.18.0.6"}


@pytest.mark.parametrize(
    ("text", "columns", "entries"),
    [
        ("", 2, {}),
        ("live blue\nblue v1-aaa\n", 2, {"live": "blue", "blue": "v1-aaa"}),
        ("# live green\n\nlive blue\nlone\n", 2, {"live": "blue"}),
        ("live\t blue", 2, {"live": "blue"}),
        ("0x5619 live blue\n0x561a blue v1\n\n", 3, {"live": "blue", "blue": "v1"}),
        ("0x5619 live\n", 3, {}),
    ],
)
def test_parse_map(text, columns, entries):
    assert parse_map(text, columns) == entries


def test_map_file_is_sorted_and_read_back(tmp_path):
    path, entries = str(tmp_path / "live.map"), {"live": "green", "blue": "v1", "green": "v2"}
    edge_runtime.write_map(path, entries)
    assert edge_runtime.read_map_file(path) == entries
    assert (tmp_path / "live.map").read_text() == "blue v1\ngreen v2\nlive green\n"
    assert os.stat(path).st_mode & 0o777 == 0o644


def test_missing_map_file_has_no_entries(tmp_path):
    assert edge_runtime.read_map_file(str(tmp_path / "live.map")) == {}


def test_map_file_is_whole_when_the_write_is_cut_short(tmp_path, monkeypatch):
    (tmp_path / "live.map").write_text("live blue\n")
    monkeypatch.setattr(os, "fsync", lambda _handle: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        edge_runtime.write_map(str(tmp_path / "live.map"), {"live": "green"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"live.map": "live blue\n"}


def test_servers_are_read_by_backend():
    servers = edge_runtime.parse_servers(STAT)
    assert {name: row["status"] for name, row in servers.items()} == {
        "api_blue": "UP",
        "web_blue": "DOWN",
        "web_green": "MAINT (resolution)",
    }


@pytest.mark.parametrize(
    ("backends", "sessions"),
    [(["api_blue"], 3), (["api_blue", "web_blue"], 7), (["web_green"], 5), (["public"], 0), ([], 0)],
)
def test_sessions_are_those_of_the_backend_lines(backends, sessions):
    assert edge_runtime.sum_sessions(STAT, backends) == sessions


@pytest.mark.parametrize("text", ["", "\n", "# pxname,svname,scur,\n"])
def test_empty_statistics(text):
    assert edge_runtime.parse_servers(text) == {}
    assert edge_runtime.sum_sessions(text, ["api_blue"]) == 0


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, []),
        ({"status": "UP 5/6"}, []),
        ({"check_status": ""}, ["api_blue is UP (check not run)"]),
        ({"check_status": "INI", "status": "UP 1/6"}, ["api_blue is UP 1/6 (check INI)"]),
        ({"check_status": "L7STS", "status": "DOWN"}, ["api_blue is DOWN (check L7STS)"]),
        ({"check_status": "L4CON"}, ["api_blue is UP (check L4CON)"]),
        ({"status": "DOWN 1/2"}, ["api_blue is DOWN 1/2 (check L7OK)"]),
        ({"addr": "172.18.0.9:8000"}, ["api_blue points to 172.18.0.9:8000, 172.18.0.5 is needed"]),
        ({"addr": "172.18.0.55:8000"}, ["api_blue points to 172.18.0.55:8000, 172.18.0.5 is needed"]),
        ({"addr": ""}, ["api_blue points to no address, 172.18.0.5 is needed"]),
    ],
)
def test_not_ready(changes, problems):
    row = {"status": "UP", "check_status": "L7OK"}
    servers = {"api_blue": row | {"addr": "172.18.0.5:8000"}, "web_blue": row | {"addr": "172.18.0.6:8080"}}
    servers["api_blue"] |= changes
    assert not_ready(servers, "blue", ADDRESSES) == problems


def test_every_backend_that_is_missing_is_named():
    assert not_ready({}, "green", ADDRESSES) == [
        "edge has no backend api_green",
        "edge has no backend web_green",
    ]


@pytest.mark.parametrize(
    ("slot", "other"), [("blue", "green"), ("green", "blue"), (None, "blue"), ("", "blue")]
)
def test_other_slot(slot, other):
    assert edge_runtime.other_slot(slot) == other


def test_waiting_ends_when_nothing_is_left():
    answers = [["a", "b"], ["b"], []]
    assert wait_until(lambda: answers.pop(0), timeout_seconds=5, pause_seconds=0) == []
    assert answers == []


@pytest.mark.parametrize("timeout_seconds", [0, 0.03])
def test_waiting_ends_when_the_time_is_over(timeout_seconds):
    begun = time.monotonic()
    assert wait_until(lambda: ["a"], timeout_seconds, pause_seconds=0.01) == ["a"]
    assert timeout_seconds <= time.monotonic() - begun < timeout_seconds + 0.5


def test_entries_are_added_set_and_deleted(edge):
    runtime = EdgeRuntime(edge.socket_path)
    runtime.set_entry(LIVE, "live", "blue")
    runtime.set_entry(LIVE, "live", "green")
    runtime.set_entry(LIVE, "green", "v2")
    assert runtime.read_map(LIVE) == {"live": "green", "green": "v2"}
    runtime.delete_entry(LIVE, "live")
    runtime.delete_entry(LIVE, "live")
    assert edge.memory == {LIVE: {"green": "v2"}, PROBE: {}}
    runtime.clear(LIVE)
    assert edge.memory[LIVE] == {}


def test_answer_longer_than_one_read_is_read_whole(edge):
    edge.memory[LIVE] = {f"key{number}": "x" * 100 for number in range(2000)}
    assert EdgeRuntime(edge.socket_path).read_map(LIVE) == edge.memory[LIVE]


@pytest.mark.parametrize("call", ["read_map", "clear"])
def test_unknown_map_is_refused(edge, call):
    with pytest.raises(EdgeError, match="/nowhere.map"):
        getattr(EdgeRuntime(edge.socket_path), call)("/nowhere.map")


def test_refusal_names_the_map_and_never_the_key(edge):
    edge.canned["add map"] = "Permission denied\n\n"
    with pytest.raises(EdgeError) as caught:
        EdgeRuntime(edge.socket_path).set_entry(PROBE, "prove-key-of-tests", "green")
    assert str(caught.value) == f"edge refused `add map {PROBE}`: Permission denied"


def test_dead_socket_is_named(tmp_path):
    with pytest.raises(EdgeError, match=r"edge admin socket .*/admin\.sock does not answer \(No such file"):
        EdgeRuntime(str(tmp_path / "admin.sock")).servers()


def test_silent_socket_is_not_waited_for_forever(edge):
    edge.hears = lambda _command: time.sleep(0.3)
    with pytest.raises(EdgeError, match="does not answer .timed out."):
        EdgeRuntime(edge.socket_path, timeout_seconds=0.05).servers()
