"""Restores whose control process is killed: one database is whole and serves, and the next run ends what was begun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from faulty_runs import noted
from left_over import left_over
from playbook_run import PROJECT, Case, run

CALM = os.environ | {"ANSIBLE_FORCE_COLOR": "false", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def restore(inventory, backups):
    """Start a restore, of the backup that was made by hand if none is named, in a process group of its own."""

    def start(backup: str = "", **variables: object) -> subprocess.Popen:
        return begin("restore", inventory, confirm_restore=backup or backups.by_hand(), **variables)

    return start


def begin(playbook: str, inventory: Path, **variables: object) -> subprocess.Popen:
    """Start a playbook without traffic, in a process group of its own."""
    given = json.dumps({"prober_enabled": False} | variables)
    return subprocess.Popen(
        ["ansible-playbook", f"playbooks/{playbook}.yml", f"--inventory={inventory}", f"--extra-vars={given}"],
        cwd=PROJECT, env=CALM, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def kill_at(run: subprocess.Popen, task: str, seconds: float) -> None:
    """Kill the control process and all that it started, some time after a task begins."""
    for line in run.stdout:
        if task in line:
            break
    else:
        pytest.fail(f"the run ended before {task!r}")
    time.sleep(seconds)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def kill_on_host(app) -> None:
    """Kill what the run still does on the host; its processes have the run's id in their environment."""
    pids = app.run("grep -lzs '^RELEASE_RUN=.' /proc/[0-9]*/environ | cut -d/ -f3").split()
    assert pids
    app.run(f"kill -KILL {' '.join(pids)}")


def finished(run: subprocess.Popen, after: str) -> str:
    """Wait until the run after a death ends well, and return what it said on one line."""
    with noted(f"restore after {after}", "the restored database serves"):
        text = " ".join(run.communicate(timeout=600)[0].split())
        assert run.returncode == 0, text
    return text


@pytest.fixture(autouse=True)
def loss(app):
    """Rows are lost again before each restore, and are back after it."""
    app.sql(
        "DELETE FROM igny8_note WHERE id IN (SELECT id FROM igny8_note WHERE text = 'in the backup' LIMIT 10)"
    )
    yield
    assert app.sql("SELECT count(*) FROM igny8_note WHERE text = 'in the backup'") == "20"


def test_killed_while_it_restores_beside(restore, backups, app):
    kill_at(restore(), "server's own image, restore.sh", 2)
    assert "igny8" in backups.databases()
    assert app.get("/").status == 200
    finished(restore(), "one that was killed while it restored")
    backups.assert_clean()


def test_killed_while_it_swaps(restore, backups, app):
    """The host goes on by itself; the next run verifies, and does not restore a second time.

    Where the host was cut off as well, between its renaming and the restart of the app, the page is still up: the next
    run restarts the app behind it.
    """
    kill_at(restore(), "Put in place, behind the edge's page", 1.5)
    deadline = time.monotonic() + 120
    while "igny8__replaced" not in backups.databases() or app.get("/").status != 200:
        assert time.monotonic() < deadline
        time.sleep(1)
    app.sql(
        "INSERT INTO igny8_note (client_id, user_id, text, created_at) "
        "SELECT gen_random_uuid(), min(id), 'after', now() FROM igny8_user"
    )
    started = backups.backend_started()
    backups.show_page()
    assert app.get("/").status == 503
    said = finished(restore(), "one that was killed after its swap")
    assert backups.backend_started() > started
    assert "was cut short after its swap: it is verified and finished now" in said
    assert app.sql("SELECT count(*) FROM igny8_note WHERE text = 'after'") == "1"
    backups.assert_clean()


def test_killed_on_both_sides_while_users_meet_the_page(restore, backups, app):
    """A session that cannot be ended keeps the swap waiting: the page is up, and nobody is left to take it away."""
    backups.hold_session(300)
    try:
        kill_at(restore(), "Put in place, behind the edge's page", 12)
        page = app.get("/")
        assert (page.status, page.headers["retry-after"]) == (503, "5")
        kill_on_host(app)
        time.sleep(8)
        assert app.get("/").status == 503
        assert "igny8" in backups.databases()
    finally:
        backups.end_sessions()
    finished(restore(), "one that was killed on both sides while it swapped")
    backups.assert_clean()


def test_killed_between_the_swap_back_and_its_backup(restore, backups, app):
    """What users wrote while the restored database served is in a backup before the next run drops that database.

    Without the check of its migrations, a backup that the live release cannot serve is found out behind the page.
    """
    kill_at(
        restore(app.live(), migration_enabled=False),
        "behind the edge's page, the database that was replaced",
        1.5,
    )
    deadline = time.monotonic() + 120
    while backups.databases() != ["igny8", "igny8__restored"] or app.get("/").status != 200:
        assert time.monotonic() < deadline
        time.sleep(1)
    backups.write_into("igny8__restored", "CREATE TABLE written_between AS SELECT 1 AS one")
    said = finished(restore(), "one that was killed after its swap back")
    assert "A restore was cut short after it swapped the databases back." in said
    [kept] = [name for name in backups.backups() if backups.rows(name, "written_between")]
    assert f"/{kept}.dump" in said
    backups.assert_clean()


def test_a_deploy_that_died_is_undone_though_a_restore_came_between(restore, app, inventory):
    """The restore looks at none of what that deploy had begun. Red where the rollback goes on to the release before."""
    live = app.live()
    kill_at(begin("deploy", inventory, igny8_version="next"), "Start the release in the idle slot", 2)
    finished(restore(), "a deploy that was killed")
    answer = run(Case("undo", "rollback", "", ('--extra-vars={"prober_enabled": false}',)), inventory)
    assert answer.code == 0, answer.text
    assert "had been cut short and is undone" in answer.text
    assert (app.live(), app.releases()["next"]["state"]) == (live, "failed")
    assert left_over(app) == ""
