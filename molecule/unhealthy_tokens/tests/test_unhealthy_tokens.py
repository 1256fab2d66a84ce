"""The live release with one fault of its tokens after the other: verification, monitor and deploy name it and fail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from app_host import ROOT, AppHost
from playbook_run import Case, check_refusal, run

INDEX = "rt_one_live_tip"
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
