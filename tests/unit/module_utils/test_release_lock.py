"""The lease: who gets it, who keeps it, and who may end it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from ansible.module_utils import release_lock
from ansible.module_utils.release_lock import LockBusy, acquire, expired, renew
from ansible.module_utils.release_store import ReleaseError

NOW = 1000.0


def run(holder: str) -> dict:
    """Return what a run writes into the lock."""
    return {
        "holder": holder,
        "user": holder.title(),
        "host": "desk",
        "pid": 7,
        "verb": "deploy",
        "phase": "lock",
    }


@pytest.fixture
def root(tmp_path):
    return str(tmp_path)


@pytest.mark.parametrize(("now", "over"), [(999.9, False), (1000.0, True), (1000.1, True)])
def test_expired(now, over):
    assert expired({"expires_at": 1000.0}, now) is over


def test_free_lock_is_taken(root):
    assert acquire(root, run("ann"), 60, now=NOW) is None
    found = release_lock.read(root)
    assert found["holder"] == "ann"
    assert found["expires_at"] == NOW + 60


def test_held_lock_is_busy_and_says_who_has_it(root):
    acquire(root, run("ann"), 60, now=NOW)
    words = r"held by Ann on desk \(pid 7\), deploy in phase lock, .* -e take_over=ann\."
    with pytest.raises(LockBusy, match=words) as busy:
        acquire(root, run("bob"), 60, now=NOW + 59.9)
    assert busy.value.holder["holder"] == "ann"
    assert release_lock.read(root)["holder"] == "ann"


def test_a_run_that_has_not_looked_gives_the_lock_back_to_the_one_that_died(root):
    acquire(root, run("ann"), 0, now=NOW)
    acquire(root, run("bob") | {"verb": "backup"}, 60, now=NOW)
    assert release_lock.hand_back(root, "bob")
    found = release_lock.read(root)
    assert (found["holder"], found["verb"], found["user"], found["followed"]) == ("ann", "deploy", "Ann", [])
    assert found["returned"]
    assert acquire(root, run("eve"), 60, now=NOW)["holder"] == "ann"
    assert [one["holder"] for one in release_lock.read(root)["followed"]] == ["ann"]
    assert "returned" not in release_lock.read(root)


@pytest.mark.parametrize("verb", ["backup", "restore", "setup"])
def test_the_lock_of_a_run_that_left_no_release_half_way_is_given_back_to_nobody(root, verb):
    acquire(root, run("ann") | {"verb": verb}, 0, now=NOW)
    acquire(root, run("bob"), 60, now=NOW)
    assert release_lock.hand_back(root, "bob")
    assert release_lock.read(root) is None


def test_who_has_no_lock_hands_none_back(root):
    acquire(root, run("ann"), 60, now=NOW)
    assert not release_lock.hand_back(root, "bob")
    assert release_lock.read(root)["holder"] == "ann"


def test_lease_that_is_over_is_taken_over(root):
    acquire(root, run("ann"), 60, now=NOW)
    assert acquire(root, run("bob"), 60, now=NOW + 60)["holder"] == "ann"
    assert release_lock.read(root)["holder"] == "bob"


def test_a_lock_tells_of_all_runs_that_died_before_it(root):
    acquire(root, {**run("ann"), "verb": "rollback"}, 60, now=NOW)
    acquire(root, run("bob"), 60, take_over="ann", now=NOW)
    found = acquire(root, run("cid"), 60, take_over="bob", now=NOW)
    died = release_lock.runs_of(found)
    assert [(one["holder"], one["verb"]) for one in died] == [("bob", "deploy"), ("ann", "rollback")]
    assert [set(one) & {"followed", "expires_at"} for one in died] == [set(), set()]
    acquire(root, run("cid"), 60, now=NOW)
    renew(root, "cid", "stage", 60, now=NOW)
    assert release_lock.read(root)["followed"] == died


def test_a_lock_that_was_given_back_tells_of_nobody(root):
    acquire(root, run("ann"), 60, now=NOW)
    acquire(root, run("bob"), 60, take_over="ann", now=NOW)
    release_lock.release(root, "bob")
    acquire(root, run("cid"), 60, now=NOW)
    assert release_lock.read(root)["followed"] == []


def test_named_holder_is_taken_over(root):
    acquire(root, run("ann"), 60, now=NOW)
    assert acquire(root, run("bob"), 60, take_over="ann", now=NOW)["holder"] == "ann"
    assert release_lock.read(root)["holder"] == "bob"


@pytest.mark.parametrize("take_over", ["", "cid", "bob", "Ann"])
def test_another_name_takes_nothing_over(root, take_over):
    acquire(root, run("ann"), 60, now=NOW)
    with pytest.raises(LockBusy):
        acquire(root, run("bob"), 60, take_over=take_over, now=NOW)


def test_holder_may_take_its_lock_again(root):
    acquire(root, run("ann"), 60, now=NOW)
    assert acquire(root, run("ann"), 60, now=NOW + 10) is None
    assert release_lock.read(root)["expires_at"] == NOW + 70


@pytest.mark.parametrize("lease_before", [None, 0], ids=["free", "expired"])
def test_exactly_one_of_many_wins_the_race(root, lease_before):
    def compete(name: str) -> None:
        start.wait()
        try:
            acquire(root, run(name), 60)
            winners.append(name)
        except LockBusy as busy:
            seen.append(busy.holder["holder"])

    for _round in range(25):
        winners, seen, start = [], [], threading.Barrier(4)
        if lease_before is not None:
            acquire(root, run("dead"), lease_before)
        threads = [threading.Thread(target=compete, args=(f"run{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == winners * 3
        assert release_lock.release(root, winners[0])


def test_renewal_extends_the_lease_and_notes_the_phase(root):
    acquire(root, run("ann"), 60, now=NOW)
    since = release_lock.read(root)["since"]
    renew(root, "ann", "migrate", 60, now=NOW + 59)
    found = release_lock.read(root)
    assert (found["phase"], found["expires_at"], found["since"]) == ("migrate", NOW + 119, since)


def test_renewal_within_a_phase_keeps_its_name(root):
    acquire(root, run("ann") | {"phase": "verify"}, 60, now=NOW)
    renew(root, "ann", "", 60, now=NOW + 30)
    found = release_lock.read(root)
    assert (found["phase"], found["expires_at"]) == ("verify", NOW + 90)


@pytest.mark.parametrize(("holder", "problem"), [("ann", "Ann on desk holds it"), (None, "nobody holds it")])
def test_renewal_without_the_lock_is_refused(root, holder, problem):
    if holder:
        acquire(root, run(holder), 60, now=NOW)
    before = release_lock.read(root)
    with pytest.raises(ReleaseError, match=f"does not hold the release lock: {problem}"):
        renew(root, "bob", "migrate", 60, now=NOW)
    assert release_lock.read(root) == before


def test_run_that_was_followed_by_another_cannot_renew(root):
    acquire(root, run("ann"), 60, now=NOW)
    acquire(root, run("bob"), 60, now=NOW + 60)
    with pytest.raises(ReleaseError, match="Bob on desk holds it"):
        renew(root, "ann", "switch", 60, now=NOW + 61)


def test_only_the_holder_gives_the_lock_back(root):
    acquire(root, run("ann"), 60)
    assert release_lock.release(root, "bob") is False
    assert release_lock.read(root)["holder"] == "ann"
    assert release_lock.release(root, "ann") is True
    assert release_lock.read(root) is None
    assert release_lock.release(root, "ann") is False


READY = "print(flush=True)"
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def work():
    """Start processes that work for a run; what is left of them is killed."""
    started = []

    def start(holder: str, program: str = SLEEP) -> subprocess.Popen:
        program = f"{READY}; {program}"
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, release_lock.RUN_VARIABLE: holder},
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        # A zombie has no environment any more; without a wait it would stay one.
        threading.Thread(target=process.wait, daemon=True).start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.stdout.close()


def test_lock_holds_beyond_its_lease_while_its_run_is_at_work(root, work):
    acquire(root, run("ann"), 60, now=NOW)
    process = work("ann")
    assert release_lock.processes_of("ann") == [process.pid]
    with pytest.raises(LockBusy):
        acquire(root, run("bob"), 60, now=NOW + 3600)
    process.kill()
    process.wait()
    # Seen at work, it may be between two tasks now.
    with pytest.raises(LockBusy):
        acquire(root, run("bob"), 60, now=NOW + 3600 + 59)
    assert acquire(root, run("bob"), 60, now=NOW + 3600 + 60)["holder"] == "ann"


def test_a_run_between_two_tasks_is_given_the_time_to_begin_the_next(root, work):
    acquire(root, run("ann"), 0)
    begins = threading.Timer(0.3, work, ("ann",))
    begins.start()
    release_lock.wait_for_work(root, "bob", 30)
    begins.join()
    with pytest.raises(LockBusy):
        acquire(root, run("bob"), 60)


@pytest.mark.parametrize("case", ["free", "own", "lease runs", "given back"])
def test_nobody_else_is_given_time(root, case):
    if case == "own":
        acquire(root, run("bob"), 0)
    elif case == "lease runs":
        acquire(root, run("ann"), 60)
    elif case == "given back":
        acquire(root, run("ann"), 0)
        acquire(root, run("eve") | {"verb": "backup"}, 60)
        release_lock.hand_back(root, "eve")
    begun = time.monotonic()
    release_lock.wait_for_work(root, "bob", 30)
    assert time.monotonic() - begun < 5


def test_another_run_s_work_does_not_hold_it(root, work):
    acquire(root, run("ann"), 60, now=NOW)
    work("anna")
    assert acquire(root, run("bob"), 60, now=NOW + 60)["holder"] == "ann"


def test_work_of_a_run_that_was_followed_does_not_hold_it(root, work):
    acquire(root, run("ann"), 60, now=NOW)
    acquire(root, run("bob"), 60, now=NOW + 60)
    work("ann")
    assert acquire(root, run("cid"), 60, now=NOW + 120)["holder"] == "bob"


def test_work_that_ends_by_itself_is_waited_for(work):
    work("ann", "import time; time.sleep(0.8)")
    begun = time.monotonic()
    assert release_lock.end_work(["ann"], 30) == 0
    assert 0.5 < time.monotonic() - begun < 20


def test_work_that_does_not_end_is_ended_however_deaf_it_is(work, monkeypatch):
    monkeypatch.setattr(release_lock, "TERMINATE_SECONDS", 1)
    polite, other = work("ann"), work("bob")
    deaf = work(
        "ann",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
    )
    deaf.stdout.readline()
    assert release_lock.end_work(["ann"], 0) == 2
    assert (polite.wait(5), deaf.wait(5)) == (-15, -9)
    assert other.poll() is None
