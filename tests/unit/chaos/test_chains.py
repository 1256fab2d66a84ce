"""At which tasks runs are killed, and in which order."""

from __future__ import annotations

import pytest
from chains import SWITCH, Case, Listed, Queue, acting_in_any, cases, parse, time_of

WHOLE = [
    Listed("lock", 1, 2.0),
    Listed("verify", 1, 3.0),
    Listed(SWITCH, 1, 1.0),
    Listed("read the settings", 1, 0.01, acts=False),
    Listed("verify", 2, 3.0),
    Listed("record", 1, 0.02),
]
FINISHING = [Listed("lock", 1, 2.0), Listed("verify", 1, 3.0), Listed("record", 1, 0.02)]


def found() -> dict[tuple[str, int, bool], Case]:
    return {(case.task, case.time, case.within): case for case in cases("deploy", WHOLE, FINISHING)}


def test_a_list_has_each_task_once_and_tells_those_of_one_name_apart():
    rows = ["lock\t1\t0.50", "verify\t1\t1.00", "verify\t1\t1.20", "verify\t2\t0.90"]
    text = "".join(f"{row}\tauth_flow\tchanged\n" for row in rows)
    assert parse(text) == [Listed("lock", 1, 0.5), Listed("verify", 1, 1.2), Listed("verify", 2, 0.9)]


@pytest.mark.parametrize(
    ("action", "word", "acts"),
    [
        ("ansible.builtin.assert", "changed", False),
        ("ansible.builtin.slurp", "changed", False),
        ("community.docker.docker_host_info", "changed", False),
        ("token_health_info", "changed", False),
        ("session_health_info", "ok", True),  # it writes a key of its own, and takes it away
        ("ansible.builtin.copy", "changed", True),
        ("ansible.builtin.copy", "ok", False),
    ],
)
def test_a_task_that_reads_decides_or_changes_nothing_does_not_act(action: str, word: str, acts: bool):
    assert [listed.acts for listed in parse(f"a task\t1\t0.50\t{action}\t{word}\n")] == [acts]


def test_what_a_run_finds_in_place_acted_in_the_run_that_put_it_there():
    run = [Listed("write", 1, 0.5, acts=False), Listed("read", 1, 0.5, acts=False)]
    found = acting_in_any(run, [Listed("write", 1, 0.5), Listed("read", 1, 0.5, acts=False)])
    assert [(listed.task, listed.acts) for listed in found] == [("write", True), ("read", False)]


def test_a_run_is_killed_at_the_start_of_each_task_and_within_those_that_take_their_time():
    starts = [(listed.task, listed.time) for listed in WHOLE]
    assert [(case.task, case.time) for case in found().values() if not case.within] == starts
    within = [case for case in found().values() if case.within]
    assert [(case.task, case.time) for case in within] == [
        ("lock", 1), ("verify", 1), (SWITCH, 1), ("verify", 2),
    ]  # fmt: skip
    assert all(0 <= case.after <= WHOLE[case.order].seconds for case in within)
    assert found() == found()


def test_a_case_is_telling_where_something_may_have_been_changed_since_the_one_before():
    silent = [key for key, case in found().items() if not case.telling]
    assert silent == [("verify", 2, False)]


def test_the_traffic_is_with_the_new_release_from_within_the_switch():
    switched = {key for key, case in found().items() if case.switched}
    assert switched == {
        (SWITCH, 1, True), ("read the settings", 1, False), ("verify", 2, False), ("verify", 2, True),
        ("record", 1, False),
    }  # fmt: skip


def test_a_run_that_finishes_meets_the_last_tasks_of_a_name():
    finishing = {key: case.finishing for key, case in found().items() if case.switched}
    assert finishing[("verify", 2, False)] == 1 and finishing[("record", 1, False)] == 1
    assert finishing[("read the settings", 1, False)] == finishing[(SWITCH, 1, True)] == 0


def test_a_task_is_looked_for_where_a_finishing_run_has_it_once_the_traffic_is_switched():
    verify = found()[("verify", 2, False)]
    assert time_of(verify, []) == 2
    assert time_of(verify, [found()[("lock", 1, False)]]) == 2
    assert time_of(verify, [found()[(SWITCH, 1, True)]]) == 1


def queue(length: int) -> Queue:
    waiting = Queue(length)
    for case in found().values():
        waiting.add(case)
    return waiting


def test_chains_have_every_case_once_and_at_most_one_that_a_finishing_run_does_not_meet():
    waiting = queue(3)
    chains = []
    while waiting:
        chains.append(waiting.take())
    assert sorted(case.order for chain in chains for case in chain) == sorted(
        c.order for c in found().values()
    )
    for chain in chains:
        assert sum(case.switched and not case.finishing for case in chain) <= 1
        assert [case.switched for case in chain] == sorted(case.switched for case in chain)


def test_a_case_whose_moment_did_not_come_is_tried_alone():
    """At the head of a chain it would end that one as well, before any other of its cases."""
    waiting = Queue(9)
    lock, verify = found()[("lock", 1, False)], found()[("verify", 2, False)]
    waiting.add(lock)
    waiting.missed(verify)
    assert (waiting.take(), waiting.take()) == ([verify], [lock])


def test_what_broke_is_tried_alone():
    waiting = queue(9)
    lock = found()[("lock", 1, False)]
    waiting.alone.append(lock)
    assert waiting.take() == [lock]
