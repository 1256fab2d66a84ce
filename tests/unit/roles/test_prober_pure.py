"""Tables for the pure parts of the prober: schedule, percentiles, verdicts, readers, sessions."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from prober_settings import settings
from prober_verdict import judge_run
from probing.config import ProberError, read_config
from probing.measure import Recorder, classify, percentile
from probing.reading import find_assets, find_chunks, read_cookie, read_expiry, read_field
from probing.run import describe_sessions
from probing.schedule import Rotation, due, mix
from probing.sessions import KINDS, Session, choose_kind, missing_slots, prune
from probing.traffic import ASSET_SETS_KEPT, Assets

PATTERN = r"[\w.-]+-[\w-]{8,}\.(?:js|css)"


def session(number: int, **changes) -> Session:
    given = {"id": str(number), "kind": "token", "user": "u", "release": "r", "slot": number}
    return Session(**given | changes)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.99, 0.0),
        ([7.0], 0.5, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        (list(map(float, range(1, 101))), 0.99, 99.0),
        (list(map(float, range(1, 101))), 1.0, 100.0),
        ([1.0, 2.0], 0.0, 1.0),
    ],
)
def test_percentile(values, share, expected):
    assert percentile(values, share) == expected


@pytest.mark.parametrize(
    ("elapsed", "rate", "done", "expected"),
    [
        (0, 20, 0, 1),
        (0.049, 20, 1, 0),
        (0.05, 20, 1, 1),
        (1, 20, 1, 20),
        (10, 20, 0, 201),
        (1, 20, 30, 0),
        (1.9, 0.5, 1, 0),
    ],
)
def test_due(elapsed, rate, done, expected):
    assert due(elapsed, rate, done) == expected


def test_mix_is_exact_and_evenly_spread():
    turns = list(islice(mix({"a": 3, "b": 1, "c": 0}), 8))
    assert turns == ["a", "b", "a", "a"] * 2 or turns == ["a", "a", "b", "a"] * 2


def test_rotation_takes_a_growing_list_in_turn():
    rotation, items = Rotation(), ["a", "b"]
    assert [rotation.take(items), rotation.take(items)] == ["a", "b"]
    items.append("c")
    assert rotation.take(items) == "c"
    assert Rotation().take([]) is None


@pytest.mark.parametrize(
    ("kind", "status", "error", "may_renew", "verdict"),
    [
        ("me_bearer", 200, "", False, "ok"),
        ("row", 201, "", False, "ok"),
        ("row", 409, "", False, "status 409"),
        ("index", 201, "", False, "status 201"),
        ("index", 304, "", False, "status 304"),
        ("me_bearer", 401, "", True, "renew"),
        ("me_bearer", 401, "", False, "status 401"),
        ("me_bearer", 403, "", True, "status 403"),
        ("refresh", 503, "", False, "status 503"),
        ("me_cookie", 200, "answered as another user", False, "answered as another user"),
        ("row", None, "ClientOSError", True, "ClientOSError"),
        ("row", None, "", True, "no answer"),
    ],
)
def test_classify(kind, status, error, may_renew, verdict):
    assert classify(kind, status, error, may_renew) == verdict


def test_recorder_counts_and_shows_the_first_failures():
    recorder = Recorder(started_at=100.0)
    recorder.record("row", "ok", "v1", 100.2, 5.0)
    recorder.record("row", "renew", "v1", 101.0, 7.0)
    for _failure in range(25):
        recorder.record("row", "status 502", "", 102.0, 9.0)
    recorder.record("row", "no answer within 10 seconds", "", 102.5, None)
    result = recorder.result()
    assert (result["sent"], result["ok"], result["failed"], result["access_renewed"]) == (28, 2, 26, 1)
    assert len(result["failures"]) == 20
    assert result["failures"][0] == {
        "at": "1970-01-01T00:01:42.000Z",
        "kind": "row",
        "status": 502,
        "release": "none",
    }
    assert result["by_release"] == {"v1": 2, "none": 25}
    assert result["latency_ms"] == {"p50": 9.0, "p99": 9.0, "max": 9.0}
    assert result["timeline"][2] == {"second": 2, "sent": 26, "failed": 26, "slowest_ms": 9.0}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["sessionid=abc; Path=/"], ("abc", None)),
        (["sessionid=abc; Max-Age=60"], ("abc", 1060.0)),
        (["other=1; Max-Age=60"], None),
        (["sessionid=; Max-Age=0"], ("", 1000.0)),
        (['sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT'], ("", 0.0)),
        (["sessionid=abc; expires=Thu, 01 Jan 1970 01:00:00 GMT"], ("abc", 3600.0)),
        (["sessionid=abc; Max-Age=soon"], ("abc", None)),
        ([], None),
    ],
)
def test_read_cookie(headers, expected):
    assert read_cookie(headers, "sessionid", now=1000.0) == expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [("e30.eyJleHAiOjV9.s", 5.0), ("e30.e30.s", None), ("opaque", None), ("a.!.c", None), ("", None)],
)
def test_read_expiry(token, expected):
    assert read_expiry(token) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": {"user": {"email": "e"}}}, "e"),
        ({"user": {"email": "e"}}, "e"),
        ({"data": None, "user": {"email": "e"}}, "e"),
        ({"data": "text"}, None),
        (["x"], None),
        (None, None),
    ],
)
def test_read_field(body, expected):
    assert read_field(body, "user.email", "data") == expected


def test_find_assets_and_chunks():
    index = '<link href="/assets/index-D4f_x-9Q.css"><script src="./assets/index-AAAAAAAA.js"></script><a href="/x.js">'
    assert find_assets(index, PATTERN) == ["/assets/index-D4f_x-9Q.css", "/assets/index-AAAAAAAA.js"]
    script = 'a("assets/Page-BBBBBBBB.js");import("./Page-BBBBBBBB.js");f`x`;"index-AAAAAAAA.js";"short-1.js"'
    assert find_chunks(script, "/assets/index-AAAAAAAA.js", PATTERN) == ["/assets/Page-BBBBBBBB.js"]


def test_assets_keep_the_oldest_and_the_newest_pages(tmp_path):
    assets = Assets(read_config(config_text(tmp_path)))
    for number in range(8):
        assets.add([f"/assets/a-{number:08d}.js"], [])
    taken = {assets.take() for _turn in range(20)}
    assert len(taken) == ASSET_SETS_KEPT
    assert {"/assets/a-00000000.js", "/assets/a-00000007.js"} <= taken
    assert assets.unknown('"/assets/a-00000007.js"') == []
    assert assets.unknown('"/assets/a-00000099.js"') == ["/assets/a-00000099.js"]


def test_choose_kind_gives_all_kinds_and_another_for_a_users_second_session():
    kinds = [choose_kind(slot, 200) for slot in range(300)]
    assert set(kinds) == set(KINDS)
    assert all(kinds[slot] != kinds[slot + 200] for slot in range(100))


def test_missing_slots():
    sessions = [
        session(0),
        session(1, ended="gone"),
        session(2, expires_at=104.0),
        session(3, expires_at=106.0),
    ]
    assert missing_slots(sessions, 5, now=100.0) == [1, 2, 4]


def test_prune_keeps_wanted_ended_and_a_fair_share_of_releases():
    wanted = [session(0), session(1)]
    old = [session(n, slot=None, release="old") for n in range(10, 15)]
    new = [session(n, slot=None, release="new") for n in range(20, 25)]
    over = [session(30, slot=None, ended="gone")]
    kept = [s.id for s in prune([*new, *old, *wanted, *over], keep=6)]
    assert sorted(kept) == ["0", "1", "10", "11", "20", "21", "30"]
    assert [s.id for s in prune(wanted, keep=1)] == ["0", "1"]


def test_describe_sessions_puts_each_in_one_place():
    sessions = [
        session(1),
        session(2, ended="why"),
        session(3, expires_at=50.0),
        session(4),
        session(5, expires_at=50.0),
    ]
    found = describe_sessions(sessions, alive={"1", "5"}, wanted=3, now=100.0)
    assert (found["total"], found["alive"], found["expired"], found["unproven"]) == (5, 2, 1, 1)
    assert found["ended"] == [{"id": "2", "kind": "token", "user": "u", "reason": "why"}]


def config_text(directory, **changes) -> str:
    return json.dumps(settings("http://host", directory) | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": 0}, "prober_rate is 0"),
        ({"max_in_flight": -1}, "prober_max_in_flight is -1"),
        ({"sessions": 3}, "3 sessions cannot cover 4 users"),
        ({"base_url": "nowhere"}, "an address with a host is needed"),
        ({"user_format": "user@example.test"}, "one %d is needed"),
        ({"weights": {"row": 4}, "paths": {"row": ""}}, "every weight"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path, changes, words):
    with pytest.raises(ProberError, match=words):
        read_config(config_text(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"directory": "x", "unknown": 1}'])
def test_settings_that_cannot_be_read(text):
    with pytest.raises(ProberError, match="cannot be read"):
        read_config(text)


def outcome(**changes) -> dict:
    sessions = {"total": 3, "wanted": 3, "alive": 3, "expired": 0, "unproven": 0, "ended": []}
    result = {"sent": 9, "failed": 0, "failures": [], "rows": {"acknowledged": 2}}
    return result | {"sessions": sessions | changes.pop("sessions", {})} | changes


FAILURE = {"at": "t", "kind": "row", "status": 502, "release": "v1"}
ENDED = {"id": "1", "kind": "token", "user": "u", "reason": "why"}
FOUND = {"checked": 2, "found": 2, "missing": [], "duplicated": []}


@pytest.mark.parametrize(
    ("result", "rows", "may_fail", "words"),
    [
        (outcome(), FOUND, False, ""),
        (outcome(failed=1, failures=[FAILURE]), FOUND, True, ""),
        (outcome(rows={"acknowledged": 0}), {"skipped": True}, False, ""),
        (outcome(sessions={"expired": 1, "alive": 2}), FOUND, False, ""),
        (outcome(sessions={"expired": 3, "alive": 0}), FOUND, False, "none of 3 sessions is alive"),
        (outcome(sent=0), FOUND, False, "sent no request"),
        (
            outcome(failed=1, failures=[FAILURE]),
            FOUND,
            False,
            "1 of 9 requests failed, none may; the first was row",
        ),
        (outcome(sessions={"ended": [ENDED]}), FOUND, True, "1 of 3 sessions were ended"),
        (outcome(sessions={"unproven": 2}), FOUND, True, "2 of 3 sessions could not be proven alive"),
        (outcome(sessions={"total": 2}), FOUND, False, "2 sessions were used; 3 are required"),
        (outcome(), FOUND | {"missing": ["a"]}, True, "1 of 2 acknowledged rows are not in the database"),
        (outcome(), FOUND | {"duplicated": ["a"]}, True, "more than once; the first is a"),
        (outcome(), {"skipped": True}, True, "0 of 2 acknowledged rows were looked for"),
    ],
)
def test_judge_run(result, rows, may_fail, words):
    judged = judge_run(result, rows, may_fail)
    assert judged["kept"] is (words == "")
    assert words in " ".join(judged["reasons"])
