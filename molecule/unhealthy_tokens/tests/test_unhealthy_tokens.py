"""The live release with one fault of its tokens after the other: verification, monitor and deploy name it and fail."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from app_host import ROOT, AppHost
from playbook_run import PROJECT, Case, check_refusal, run

PAGE = PROJECT / "reports" / "monitor.html"
INDEX = "rt_one_live_tip"
TOKEN = "token-51c07be2"
PLAYBOOKS = ["verify", "monitor", "deploy"]


@contextmanager
def missing_index(app: AppHost) -> Iterator[str]:
    """Nothing keeps a family from having two live tokens; gives the sentence that must be said."""
    definition = app.sql(f"SELECT pg_get_indexdef('{INDEX}'::regclass)")
    app.sql(f"DROP INDEX {INDEX}")
    yield f"tokens.indexes: index {INDEX} is missing"
    app.sql(definition)


@contextmanager
def sessions_of_a_deactivated_user(app: AppHost) -> Iterator[str]:
    """A user who may not log in any more still has sessions."""
    user = app.sql(
        "SELECT min(user_id) FROM auth_refresh_token WHERE revoked_at IS NULL AND expires_at > now()"
    )
    app.sql(f"UPDATE igny8_user SET is_active = false WHERE id = {user}")
    yield r"tokens.inactive_users: .*deactivated"
    app.sql(f"UPDATE igny8_user SET is_active = true WHERE id = {user}")


def test_healthy_tokens_pass(app, inventory):
    for playbook in PLAYBOOKS:
        answer = run(Case("healthy", playbook, ""), inventory)
        assert answer.code == 0, answer.text


def test_rows_and_logs_are_shown_over_time_without_a_prometheus(app, inventory):
    answer = run(Case("figures", "monitor", ""), inventory)
    assert (
        "http://127.0.0.1:9090 does not answer (Connection refused). The database and the logs are used."
        in answer.text
    )
    rows = {
        html.unescape(name): (now, html.unescape(source))
        for name, now, source in re.findall(
            "<tr><td>(.*?)</td><td>(.*?)</td><td>.*?</td><td>.*?</td><td>(.*?)</td>", PAGE.read_text()
        )
    }
    made = int(
        app.sql("SELECT count(*) FROM auth_refresh_token WHERE created_at > now() - interval '8 days'")
    )
    # What the checks of the same run add comes after the page.
    assert 0 < int(rows["tokens issued"][0].split()[0]) <= made
    assert rows["tokens issued"][1] == "the database"
    for name, source in (
        ("answers of 401", "the edge's log"),
        ("answers of 403", "the edge's log"),
        ("refreshes answered 2xx", "the edge's log"),
        ("refresh: rotated", "the backends' logs"),
    ):
        assert int(rows[name][0].split()[0]) > 0, name
        assert rows[name][1] == source
    # Charts of what happened, and of nothing else: each has a line that is more than one point.
    lines = re.findall('<polyline points="(.*?)"', PAGE.read_text())
    assert len(lines) >= 8
    assert min(len(line.split()) for line in lines) > 1


def test_a_prometheus_that_does_not_answer_is_named(app, inventory):
    given = json.dumps(
        {"monitoring_prometheus_url": "http://127.0.0.1:1", "monitoring_prometheus_password": TOKEN}
    )
    answer = run(Case("elsewhere", "monitor", "", (f"--extra-vars={given}", "-vvv")), inventory)
    assert answer.code == 0, answer.text
    assert "http://127.0.0.1:1 does not answer (Connection refused). The database and the logs" in answer.text
    assert TOKEN not in answer.text.replace(f"--extra-vars={given}", "")
    assert "tokens issued" in PAGE.read_text()


@pytest.mark.parametrize("fault", [missing_index, sessions_of_a_deactivated_user])
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_fault_is_named(app, inventory, fault, playbook):
    with fault(app) as sentence:
        case = Case(fault.__name__, playbook, f"health checks are critical: .*{sentence}")
        check_refusal(case, run(case, inventory))
    if playbook != "monitor":
        last = json.loads(app.run(f"tail -n 1 {ROOT}/audit.jsonl"))
        assert (last["verb"], last["outcome"], last["release"]) == (playbook, "failed", app.live())
        assert "critical" in last["evidence"]


def test_a_look_changes_nothing(app):
    assert app.live().startswith("fix-")
    assert app.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_snapshot'") == "0"
