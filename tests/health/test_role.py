"""The role and its playbook, run by Ansible: exit codes, the table, the written result, and no secret anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import healthy
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "tests/health/playbooks"
MONITOR, CHANGE = PLAYBOOKS / "monitor.yml", PLAYBOOKS / "change.yml"


@pytest.fixture
def play(tmp_path, database, cache, login, redis_login):
    """Run a playbook on this machine as the app host; returns the finished process."""
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "health_postgres": login,
        "health_redis": redis_login | {"db": 1, "key_format": healthy.KEY_FORMAT},
        "health_token_table": "auth_refresh_token",
        "health_unique_indexes": healthy.UNIQUE_INDEXES,
        "health_indexes": healthy.INDEXES,
        "health_user_table": "igny8_user",
        "health_user_name_column": "email",
        "health_canary_users": ["user1@example.test"],
        "health_snapshot_name": "v2-0123456789ab",
        "health_report_file": str(tmp_path / "health.json"),
        # A shared machine may take longer than this for a PING.
        "health_thresholds": {"sessions": {"latency": {"warning": 5000, "critical": 5000}}},
    }

    def run(playbook: Path, *arguments: str, **more) -> subprocess.CompletedProcess:
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"app": {"hosts": {"here": variables | more}}}))
        inventory.chmod(0o600)
        secret = {login["login_password"], redis_login["login_password"], *identities(database)}
        command = [
            Path(sys.executable).parent / "ansible-playbook",
            "-vvvv",
            "-i",
            inventory,
            playbook,
            *arguments,
        ]
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert [one for one in secret if one in done.stdout + done.stderr] == []
        return done

    return run


def identities(database) -> list[str]:
    """What is in tokens and cookies, and says who somebody is."""
    rows = database(
        "SELECT token_id::text FROM auth_refresh_token UNION SELECT family_id::text FROM auth_refresh_token"
        " UNION SELECT session_key FROM django_session"
    )
    return [identity for (identity,) in rows]


def sql(login: dict, statement: str) -> list[str]:
    """The command that runs a statement as a change would."""
    code = (
        "import psycopg2, sys; c = psycopg2.connect(sys.argv[1]); c.cursor().execute(sys.argv[2]); c.commit()"
    )
    place = f"host=127.0.0.1 port={login['login_port']} user=igny8 dbname=igny8 password={login['login_password']}"
    return [sys.executable, "-c", code, place, statement]


def test_the_monitor_of_a_healthy_application(play, tmp_path):
    done = play(MONITOR)
    assert done.returncode == 0, done.stdout
    written = json.loads((tmp_path / "health.json").read_text())
    assert (written["status"], set(written["results"])) == ("ok", {"tokens", "sessions"})
    assert written["results"]["tokens"]["metrics"]["active_tokens"] == healthy.LIVE
    assert "28 of 28 checks are ok." in done.stdout


def test_the_monitor_of_a_sick_application(play, tmp_path, database):
    database("UPDATE igny8_user SET is_active = false WHERE id = 7")
    done = play(MONITOR)
    assert done.returncode == 2
    assert "CRITICAL  tokens.inactive_users" in done.stdout
    assert "Next: end the sessions of deactivated users with reason admin." in done.stdout
    assert "1 health checks are critical: tokens.inactive_users: users who were deactivated" in done.stdout
    assert json.loads((tmp_path / "health.json").read_text())["status"] == "critical"


def test_check_mode_of_the_monitor(play, tmp_path):
    done = play(MONITOR, "--check")
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "health.json").exists()


def test_a_change_that_logs_nobody_out(play, database, login):
    # What was wrong before is no reason to refuse the change.
    database("UPDATE igny8_user SET is_active = false WHERE id = 7")
    logout = (
        "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'logout'"
        " WHERE revoked_at IS NULL AND user_id = 9"
    )
    done = play(CHANGE, change_argv=sql(login, logout))
    assert done.returncode == 0, done.stdout
    assert "is live or explained" in done.stdout
    assert database("SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_snapshot'") == [(0,)]


def test_a_change_that_logs_somebody_out(play, database, login):
    loss = "DELETE FROM auth_refresh_token WHERE family_id = md5('busy7')::uuid"
    done = play(CHANGE, change_argv=sql(login, loss))
    assert done.returncode == 2
    assert f"1 of {healthy.LIVE} families that were live are lost (1 missing)" in done.stdout
    assert " of user 7" in done.stdout


def test_a_change_that_breaks_an_invariant(play, database, login):
    done = play(CHANGE, change_argv=sql(login, "DROP INDEX rt_user"))
    assert done.returncode == 2
    assert "1 health checks are critical: tokens.indexes: index rt_user is missing" in done.stdout


def test_before_the_first_migration(play, database, login):
    done = play(CHANGE, "-e", "health_token_table=not_yet", change_argv=["true"])
    assert done.returncode == 0, done.stdout
    assert "there is no table not_yet" in done.stdout
