"""Whatever breaks around a run, it ends in one of three states, and users notice none of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from app_host import EDGE, ROOT
from faulty_runs import begun, deploy, noted, rollback, serves, wait_for_phase, wait_until
from left_over import left_over
from playbook_run import Case, check_refusal, run

REDIS = "igny8-data-redis-1"
RELEASES = f"{ROOT}/releases"
CUT_SECONDS = 4


@contextmanager
def redis_stopped(app) -> Iterator[None]:
    """Redis away, and healthy again afterwards."""
    app.run(f"docker stop --time 1 {REDIS}")
    try:
        yield
    finally:
        start_redis(app)


def start_redis(app) -> None:
    app.run(f"docker start {REDIS}")
    healthy = f"docker inspect --format '{{{{.State.Health.Status}}}}' {REDIS}"
    wait_until(lambda: app.run(healthy).strip() == "healthy", 60, "a healthy Redis")


@contextmanager
def full_disk(app) -> Iterator[None]:
    """The releases on a disk of their own that is full but for what a record needs."""
    app.run(
        f"mkdir /root/small && mount -t tmpfs -o size=4m tmpfs /root/small && cp -a {RELEASES}/. /root/small/"
    )
    app.run(f"mount --bind /root/small {RELEASES}")
    app.run(f"fallocate -l $(( $(df --output=avail -B1 {RELEASES} | tail -1) - 65536 )) {RELEASES}/.filler")
    try:
        yield
    finally:
        app.run(f"umount {RELEASES} && umount /root/small && rmdir /root/small")


def cut_ssh(app) -> None:
    """End every SSH session on the host for some seconds, without a word to either side.

    Not once: a run that was between two tasks would open another one, and notice nothing. It begins when this test's
    own connection has ended.
    """
    cut = 'sleep 1; while :; do pkill -KILL --full "[s]shd: deploy"; sleep 0.1; done'
    app.run(f"setsid --fork timeout {CUT_SECONDS + 1} sh -c '{cut}' >/dev/null 2>&1 </dev/null")


@pytest.fixture(autouse=True)
def nothing_left(app):
    """After each of them."""
    yield
    assert left_over(app) == ""


def test_a_release_that_drops_a_cookie_does_not_go_live(app, inventory):
    case = deploy("drops-cookie", r"answered 403.* and deletes the cookie sessionid.* serves as before")
    with noted("release that drops a cookie", "old release serves"):
        check_refusal(case, run(case, inventory))
    assert serves(app, "before")
    assert app.releases()["drops-cookie"]["state"] == "failed"


def test_redis_stopped_before_a_run_is_found_by_its_preflight(app, inventory):
    case = deploy("fix", r"Redis on 127.0.0.1:6379 does not answer this login: .* Nothing was changed")
    with redis_stopped(app), noted("Redis stopped before the run", "nothing touched"):
        check_refusal(case, run(case, inventory))
    assert serves(app, "before")


def test_a_disk_that_is_full_fails_the_stage(app, inventory):
    case = deploy("fix", r"No space left on device", release_min_free_mb=0)
    with full_disk(app), noted("disk full at stage", "old release serves"):
        check_refusal(case, run(case, inventory))
        assert serves(app, "before")
    assert serves(app, "before")


def test_of_two_deploys_at_once_one_is_refused(app, inventory):
    with noted("two deploys at once", "one deploys, one is refused"), begun(deploy("fix"), inventory) as one:
        answers = [run(deploy("fix"), inventory), one.result()]
    assert sorted(answer.code > 0 for answer in answers) == [False, True], [a.text[-2000:] for a in answers]
    [refused] = [answer for answer in answers if answer.code]
    case = Case("refused", "deploy", r"release lock is held by ")
    check_refusal(case, refused)
    assert serves(app, "fix")


def test_of_a_deploy_and_a_rollback_one_waits_for_the_other(app, inventory):
    """The rollback waits, and then goes back from what the deploy has made live."""
    with begun(deploy("next"), inventory) as first:
        wait_for_phase(app, "stage", first)
        with noted("deploy and rollback at once, one waits", "both are done, one after the other"):
            second = run(rollback(deploy_wait_seconds=900), inventory)
    assert (first.result().code, second.code) == (0, 0), first.result().text + second.text
    assert serves(app, "fix")
    assert app.releases()["next"]["state"] == "good"


def test_redis_stopped_before_the_switch(app, inventory):
    """The new release never says that it is ready; the one that serves goes on with the sessions in PostgreSQL."""
    case = deploy("next", r"serves as before", frontend_build_arguments={"TRY": "1"})
    with begun(case, inventory) as going:
        wait_for_phase(app, "start", going)
        with redis_stopped(app), noted("Redis stopped before the switch", "old release serves"):
            check_refusal(case, going.result())
            assert serves(app, "fix")
    assert serves(app, "fix")


def test_redis_stopped_during_the_switch(app, inventory):
    """The verification finds sessions missing in Redis, and the traffic goes back."""
    case = deploy("next", r"serves again|serves as before", frontend_build_arguments={"TRY": "2"})
    with begun(case, inventory) as going:
        wait_for_phase(app, "switch", going)
        with redis_stopped(app), noted("Redis stopped during the switch", "old release serves"):
            check_refusal(case, going.result())
            assert serves(app, "fix")
    assert serves(app, "fix")


def test_redis_stopped_after_the_switch(app, inventory):
    """What the verification has still to look at in Redis decides: the traffic goes back, or the deploy is done."""
    case = deploy("next", r"serves again|serves as before", frontend_build_arguments={"TRY": "3"})
    with begun(case, inventory) as going:
        wait_for_phase(app, "verify", going)
        with redis_stopped(app), noted("Redis stopped after the switch", "one release serves"):
            answer = going.result()
            assert serves(app, "fix" if answer.code else "next")
    if answer.code:
        check_refusal(case, answer)
    else:
        assert run(rollback(), inventory).code == 0
    assert serves(app, "fix")


@pytest.mark.parametrize("phase", ["stage", "start", "verify"])
def test_a_connection_that_is_cut_is_taken_up_by_the_next_run(app, inventory, phase: str):
    variables = {"frontend_build_arguments": {"CUT": phase}}
    with begun(deploy("next", **variables), inventory) as going:
        wait_for_phase(app, phase, going)
        cut_ssh(app)
        cut = going.result()
    # The run may see the first cut, and end before the last one.
    time.sleep(CUT_SECONDS + 2)
    assert cut.code != 0, cut.text
    with noted(f"SSH cut in phase {phase}", "the next run completes the deploy"):
        answer = run(deploy("next", **variables), inventory)
    assert answer.code == 0, answer.text
    assert serves(app, "next")
    assert run(rollback(), inventory).code == 0


def test_an_edge_that_refuses_its_configuration_goes_on_with_the_one_it_has(app, inventory):
    before = app.run(f"sha256sum {EDGE}/etc/haproxy.cfg")
    wrong = ("--extra-vars=edge_tls_certificate=/etc/haproxy/tls/none.pem",)
    case = Case("setup", "setup", r"none.pem", wrong)
    with noted("edge refuses its configuration", "nothing touched"):
        check_refusal(case, run(case, inventory))
    assert app.run(f"sha256sum {EDGE}/etc/haproxy.cfg") == before
    assert serves(app, "fix")


@pytest.mark.parametrize(
    ("playbook", "said"),
    [("backup", "would back up"), ("restore", r"would restore .* beside igny8.* would verify")],
)
def test_a_dry_run_says_what_would_be_done_and_does_nothing(app, inventory, playbook: str, said: str):
    backups = app.run(f"ls -l {ROOT}/backups")
    variables = {"prober_enabled": False, "confirm_restore": app.live()} if playbook == "restore" else {}
    arguments = ("--check", "--diff", f"--extra-vars={json.dumps(variables)}")
    answer = run(Case("dry", playbook, "", arguments), inventory)
    assert answer.code == 0, answer.text
    assert re.search(said, answer.text), answer.text
    assert app.run(f"ls -l {ROOT}/backups") == backups
