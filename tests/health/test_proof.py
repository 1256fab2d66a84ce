"""Snapshot and proof by identity: who was logged in before is live, or explained, or lost."""

from __future__ import annotations

import healthy
import pytest
import session_proof_info
import session_snapshot
from manual import results_in_manual, returned

END = "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = '{}' WHERE revoked_at IS NULL AND user_id {}"


def reasons(result: dict) -> str:
    return "; ".join(check["reason"] for check in result["checks"])


def test_everybody_is_live(snapshot, prove, database):
    taken = snapshot()
    assert (taken["changed"], taken["families"], taken["adopted"], taken["sessions"]) == (
        True,
        healthy.LIVE,
        1,
        150,
    )
    assert taken["reason"] == ""
    assert returned(taken) == results_in_manual(session_snapshot)
    proof = prove()
    assert returned(proof) == results_in_manual(session_proof_info)
    assert (proof["status"], proof["lost"], proof["name"]) == ("ok", [], taken["name"])
    assert proof["families"] == {
        "taken": healthy.LIVE, "live": healthy.LIVE, "explained": {}, "lost": 0, "lost_by": {},
    }  # fmt: skip
    assert proof["sessions"]["live"] == 150
    assert proof["taken_at"] == taken["taken_at"]


def test_a_rotated_family_is_live(snapshot, prove, database):
    snapshot()
    database(
        "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'rotated'"
        " WHERE family_id = md5('busy7')::uuid AND revoked_at IS NULL;"
        "INSERT INTO auth_refresh_token (token_id, user_id, family_id, parent_id, created_at, expires_at,"
        " rotation_count, remember_me)"
        " SELECT gen_random_uuid(), user_id, family_id, id, now(), expires_at, rotation_count + 1, remember_me"
        " FROM auth_refresh_token WHERE family_id = md5('busy7')::uuid AND rotation_count = 20"
    )
    assert prove()["status"] == "ok"


@pytest.mark.parametrize("reason", ["logout", "logout_all", "password", "admin", "canary"])
def test_a_family_that_its_user_ended_is_explained(snapshot, prove, database, reason):
    snapshot()
    database(END.format(reason, "= 7"))
    proof = prove()
    assert proof["status"] == "ok"
    assert proof["families"]["explained"] == {reason: 1}


def test_a_family_that_expired_is_explained(snapshot, prove, database):
    database(
        "UPDATE auth_refresh_token SET expires_at = now() + interval '1 second' WHERE family_id = md5('idle150')::uuid"
    )
    snapshot()
    database("SELECT pg_sleep(1.1)")
    proof = prove()
    assert (proof["status"], proof["families"]["explained"]) == ("ok", {"expired": 1})


@pytest.mark.parametrize(
    ("statement", "fate"),
    [
        (END.format("reuse_detected", "= 7"), "reuse_detected"),
        ("DELETE FROM auth_refresh_token WHERE family_id = md5('busy7')::uuid", "missing"),
        ("UPDATE auth_refresh_token SET expires_at = created_at + interval '1 s' WHERE user_id = 7", "missing"),
        (END.format("rotated", "= 7"), "missing"),
    ],
)  # fmt: skip
def test_a_family_that_nobody_ended_is_lost(snapshot, prove, database, statement, fate):
    snapshot()
    database(statement)
    # As many new logins as losses: counts would show nothing.
    database(
        "INSERT INTO auth_refresh_token (token_id, user_id, family_id, created_at, expires_at, remember_me)"
        " SELECT gen_random_uuid(), 7, gen_random_uuid(), now(), now() + interval '1 day', false"
    )
    proof = prove()
    assert (proof["status"], proof["families"]["lost_by"]) == ("critical", {fate: 1})
    assert [(one["kind"], one["fate"], one["who"][12:]) for one in proof["lost"]] == [
        ("family", fate, " of user 7")
    ]
    assert f"1 of {healthy.LIVE} families that were live are lost (1 {fate})" in reasons(proof)


def test_the_number_of_losses_that_is_allowed(snapshot, prove, database):
    snapshot()
    database(END.format("reuse_detected", "<= 3"))
    assert prove(lost_allowed=3)["status"] == "ok"
    assert prove(lost_allowed=2)["status"] == "critical"


def test_sessions_that_are_gone_are_explained_by_as_many_logouts(snapshot, prove, database):
    snapshot()
    database("DELETE FROM django_session WHERE session_key IN ('session-1', 'session-2', 'session-3')")
    database(END.format("logout", "<= 2"))
    proof = prove()
    assert proof["sessions"] == {
        "taken": 150, "live": 147, "explained": {"logged_out": 2}, "lost": 1, "lost_by": {"missing": 1},
    }  # fmt: skip
    assert proof["status"] == "critical"


COME = (
    "INSERT INTO auth_refresh_token (token_id, user_id, family_id, created_at, expires_at, remember_me, revoked_at,"
    " revoked_reason) SELECT {}, 7, md5('come')::uuid, now(), now() + interval '1 day', false, now(), 'logout'"
)


OWN = {"own_users": ["user7@example.test"], "user_table": "igny8_user", "user_name_column": "email"}


def test_logouts_of_the_run_itself_explain_nothing(snapshot, prove, database):
    """It logs in and out after the snapshot. Red where all logouts count."""
    snapshot()
    database("DELETE FROM django_session WHERE session_key = 'session-1'")
    database(COME.format("gen_random_uuid()"))
    proof = prove(**OWN)
    assert (proof["sessions"]["explained"], proof["sessions"]["lost_by"]) == ({}, {"missing": 1})


@pytest.mark.parametrize("own", [{}, OWN | {"own_users": ["user8@example.test"]}, OWN | {"user_table": ""}])
def test_who_logged_in_again_in_the_session_of_before_may_end_it(snapshot, prove, database, own):
    """Django keeps the session, whose token family is a new one then."""
    snapshot()
    database("DELETE FROM django_session WHERE session_key = 'session-1'")
    database(COME.format("gen_random_uuid()"))
    assert prove(**own)["sessions"]["explained"] == {"logged_out": 1}


def test_a_session_from_before_that_the_run_has_ended_is_explained(snapshot, prove, database):
    """It made some before the change, and ends them after it."""
    snapshot()
    database("DELETE FROM django_session WHERE session_key = 'session-1'")
    database(END.format("canary", "= 7"))
    assert prove(**OWN)["sessions"]["explained"] == {"logged_out": 1}


def test_a_logout_with_a_token_of_the_version_without_families_explains_one(snapshot, prove, database):
    """It gets its family when it is used first, which may be here."""
    snapshot()
    database("DELETE FROM django_session WHERE session_key = 'session-1'")
    database(COME.format("md5('come')::uuid"))
    assert prove(**OWN)["sessions"]["explained"] == {"logged_out": 1}


def test_sessions_that_expired_are_explained(snapshot, prove, database):
    database(
        "UPDATE django_session SET expire_date = now() + interval '1 second' WHERE session_key = 'session-1'"
    )
    snapshot()
    database("SELECT pg_sleep(1.1)")
    proof = prove()
    assert (proof["status"], proof["sessions"]["explained"]) == ("ok", {"expired": 1})


def test_before_the_first_migration_there_is_no_table_and_it_says_so(snapshot, prove, database):
    taken = snapshot(table="not_yet")
    assert (taken["families"], taken["sessions"]) == (None, 150)
    assert taken["reason"].startswith("there is no table not_yet: no family is recorded before the migration")
    proof = prove()
    assert (proof["status"], proof["families"]) == ("unknown", None)
    assert proof["sessions"]["live"] == 150
    assert taken["reason"] in reasons(proof)


def test_a_table_without_families_is_said(snapshot, database):
    database(
        "CREATE TABLE plain AS SELECT id, token_id, user_id, expires_at, revoked_at FROM auth_refresh_token"
    )
    taken = snapshot(table="plain")
    database("DROP TABLE plain")
    assert taken["reason"] == "table plain has no family_id: families cannot be told apart"


def test_a_snapshot_is_kept_under_its_name_and_replaced_under_another(snapshot, prove, database):
    first = snapshot()
    database("DELETE FROM django_session WHERE session_key = 'session-1'")
    again = snapshot()
    assert (again["changed"], again["taken_at"], again["sessions"]) == (False, first["taken_at"], 150)
    other = snapshot(name="v3-0123456789ab")
    assert (other["changed"], other["sessions"], prove()["name"]) == (True, 149, "v3-0123456789ab")


def test_a_snapshot_leaves_no_trace(snapshot, database):
    count = "SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_snapshot'"
    snapshot()
    assert database(count) == [(1,)]
    assert snapshot(check_mode=True, state="absent")["changed"]
    assert database(count) == [(1,)]
    assert snapshot(state="absent")["changed"]
    assert database(count) == [(0,)]
    assert not snapshot(state="absent")["changed"]


def test_check_mode_counts_and_writes_nothing(snapshot, database):
    taken = snapshot(check_mode=True)
    assert (taken["changed"], taken["families"], taken["sessions"]) == (True, healthy.LIVE, 150)
    assert database("SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_snapshot'") == [(0,)]


def test_a_snapshot_holds_no_key(snapshot, database):
    snapshot()
    kept = str(
        database("SELECT * FROM deploy_snapshot.sessions")
        + database("SELECT * FROM deploy_snapshot.families")
    )
    assert "session-1" not in kept
    [[tip]] = database(
        "SELECT token_id::text FROM auth_refresh_token WHERE revoked_at IS NULL AND user_id = 7"
    )
    assert tip not in kept


def test_the_schema_of_somebody_else_is_left_alone(snapshot, database):
    for state in ("present", "absent"):
        result = snapshot(schema="public", state=state)
        assert "schema public holds something else than a snapshot" in result["msg"]


def test_without_a_snapshot_nothing_is_proven(prove):
    assert "there is no snapshot in schema deploy_snapshot" in prove()["msg"]
    proof = prove(snapshot_needed=False)
    assert (proof["status"], proof["families"], proof["sessions"]) == ("unknown", None, None)


def test_a_snapshot_that_a_crash_emptied_proves_nothing(snapshot, prove, database):
    snapshot()
    database("TRUNCATE deploy_snapshot.sessions")
    assert "PostgreSQL has crashed since" in prove()["msg"]


@pytest.fixture
def redis(redis_login):
    return {"sessions_in": "redis", "redis": redis_login | {"db": 1, "key_format": healthy.KEY_FORMAT}}


def test_sessions_in_redis_alone(snapshot, prove, database, cache, redis):
    assert snapshot(check_mode=True, **redis)["sessions"] == 40
    assert snapshot(**redis)["sessions"] == 40
    assert prove(**redis)["sessions"]["live"] == 40
    cache.delete(healthy.KEY_FORMAT.replace("{session_key}", "session-1"))
    proof = prove(**redis)
    assert (proof["status"], proof["sessions"]["lost_by"]) == ("critical", {"missing": 1})
    assert [one["kind"] for one in proof["lost"]] == ["session"]


def test_a_release_that_reads_redis_alone_loses_the_sessions_of_the_database(
    snapshot, prove, database, cache, redis
):
    """The negative control: the rows are all there, but nobody looks at them any more."""
    snapshot()
    assert prove()["status"] == "ok"
    proof = prove(**redis)
    assert (proof["status"], proof["sessions"]["live"], proof["sessions"]["lost"]) == ("critical", 39, 111)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"login_password": "wrong-one"}, "password authentication failed"),
        ({"sessions_in": "redis"}, "redis does not say where it is"),
        ({"session_table": "nowhere"}, 'relation "nowhere" does not exist'),
    ],
)
def test_what_cannot_be_done_fails_in_one_sentence(snapshot, database, options, words):
    result = snapshot(**options)
    assert result["failed"]
    assert words in result["msg"]
    assert "wrong-one" not in str(result)
    assert database("SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_snapshot'") == [(0,)]


def test_a_role_that_may_make_no_schema_is_told_so(snapshot, database):
    database("REVOKE CREATE ON DATABASE igny8 FROM igny8")
    result = snapshot()
    database("GRANT CREATE ON DATABASE igny8 TO igny8")
    assert "permission denied for database igny8" in result["msg"]
