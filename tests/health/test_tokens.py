"""token_health_info: healthy rows are ok in every check, and each fault turns exactly its own check red."""

from __future__ import annotations

import healthy
import pytest

BASELINE_CHECKS = {"table_kept", "index_use", "reuse_since_baseline"}
ROOT = """INSERT INTO auth_refresh_token (token_id, user_id, family_id, created_at, expires_at, remember_me, confirmed_at, revoked_at,
          revoked_reason) SELECT gen_random_uuid(), """
#: check -> (statement that breaks the rows, status, part of the reason, options)
FAULTS = {
    "indexes": ("DROP INDEX rt_user", "critical", "index rt_user is missing", {}),
    "single_live_tip": (
        "DROP INDEX rt_one_live_tip; UPDATE auth_refresh_token SET revoked_at = NULL, revoked_reason = NULL"
        " WHERE family_id = md5('busy7')::uuid AND rotation_count = 19",
        "critical", "1 families have more than one live token", {"unique_indexes": []},
    ),
    "token_chain": (
        "UPDATE auth_refresh_token SET rotation_count = 25 WHERE family_id = md5('busy7')::uuid AND rotation_count = 20",
        "critical", "1 not their parent's successor", {},
    ),
    "revocation_rate": (
        "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'admin' WHERE revoked_at IS NULL AND user_id <= 60",
        "critical", "60 sessions were ended in 5 minutes", {},
    ),
    "reuse_ratio": (
        "UPDATE auth_refresh_token SET revoked_at = now() - interval '10 minutes' - user_id * interval '1 second',"
        " revoked_reason = 'reuse_detected' WHERE revoked_at IS NULL AND user_id <= 3",
        "critical", "3 families were ended for reuse beside 120 rotations", {},
    ),
    "revocation_burst": (
        f"{ROOT} 150, gen_random_uuid(), now() - interval '5 hours', now() + interval '19 hours', false, now(),"
        " now() - interval '2 hours', 'logout' FROM generate_series(1, 5)",
        "critical", "5 sessions of one user were ended within a millisecond", {},
    ),
    "involuntary_logouts": (
        f"{ROOT} n, gen_random_uuid(), now() - interval '10 hours 30 minutes', now() + interval '19 days 13 hours 30 minutes',"
        " true, now(), NULL, NULL FROM generate_series(121, 122) AS n",
        "critical", "2 of 202 logins of the last day were by users who had just been logged in", {},
    ),
    "unconfirmed_tips": (
        "UPDATE auth_refresh_token SET confirmed_at = NULL WHERE revoked_at IS NULL AND user_id <= 13",
        "critical", "13 of 120 tokens rotated in the last hour have not been used", {},
    ),
    "replay_ratio": (
        "UPDATE auth_refresh_token SET replay_count = 1 WHERE revoked_at IS NULL AND user_id <= 25",
        "critical", "25 refreshes were repeated beside 120 rotations", {},
    ),
    "rotation_stuck": (
        "DELETE FROM auth_refresh_token WHERE rotation_count > 0;"
        " UPDATE auth_refresh_token SET revoked_at = NULL, revoked_reason = NULL WHERE revoked_reason = 'rotated'",
        "critical", "none of 180 families in use was ever rotated", {},
    ),
    "token_lifetime": (
        f"{ROOT} 150, gen_random_uuid(), now() - interval '5 hours', now() - interval '5 hours' + interval '20 minutes', true, now(),"
        " NULL, NULL",
        "critical", "a login with remember-me lives 1200 s instead of 1728000 s", {},
    ),
    "clock": (
        "UPDATE auth_refresh_token SET created_at = now() + interval '2 minutes' WHERE family_id = md5('idle150')::uuid",
        "critical", "1 rows were made in the future", {"checks": ["clock", "schema", "indexes"]},
    ),
    "purge_lag": (
        f"{ROOT} 150, gen_random_uuid(), now() - interval '20 days', now() - interval '10 days', false, now(),"
        " now() - interval '19 days', 'rotated'",
        "critical", "due to be purged for at least 264.0 hours", {},
    ),
    "tips_per_user": (
        f"{ROOT} 150, gen_random_uuid(), now() - interval '30 hours' , now() - interval '30 hours' + interval '20 days', true, now(),"
        " NULL, NULL FROM generate_series(1, 200)",
        "critical", "one user has 201 live sessions", {},
    ),
    "inactive_users": (
        "UPDATE igny8_user SET is_active = false WHERE id = 7", "critical", "deactivated have 1 live sessions", {},
    ),
}  # fmt: skip


def statuses(result: dict) -> dict[str, str]:
    return {check["name"]: check["status"] for check in result["checks"]}


def check(result: dict, name: str) -> dict:
    return next(check for check in result["checks"] if check["name"] == name)


def test_healthy_rows_are_ok_in_every_check(tokens):
    result = tokens()
    assert {name: status for name, status in statuses(result).items() if status != "ok"} == {}
    assert result["status"] == "ok"
    assert result["metrics"]["active_tokens"] == healthy.LIVE
    assert not BASELINE_CHECKS & set(statuses(result))


def test_the_guides_queries_give_the_same(tokens, database):
    metrics = tokens()["metrics"]
    [[rotation]] = database(
        "SELECT AVG(rotation_count)::float8 FROM auth_refresh_token WHERE created_at > NOW() - INTERVAL '7 days'"
    )
    assert metrics["avg_rotation_count"] == pytest.approx(rotation, abs=1e-4)
    usage = database(
        "SELECT remember_me, COUNT(*), AVG(EXTRACT(EPOCH FROM (expires_at - created_at))/86400)::float8"
        " FROM auth_refresh_token WHERE created_at > NOW() - INTERVAL '7 days' GROUP BY remember_me ORDER BY 1"
    )
    found = [(row["remember_me"], row["count"], row["avg_days"]) for row in metrics["remember_me"]]
    assert found == [(remember, count, pytest.approx(days, abs=1e-4)) for remember, count, days in usage]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_turns_exactly_its_check_red(tokens, database, name):
    statement, status, reason, options = FAULTS[name]
    database(statement)
    result = tokens(**options)
    options = {"unique_indexes", "indexes"} & set(options)
    allowed = {"indexes": "unknown"} if options else {}
    bad = {key: value for key, value in statuses(result).items() if value != "ok" and key not in allowed}
    assert bad == {name: status}
    assert reason in check(result, name)["reason"]
    assert check(result, name)["next_step"]
    assert result["status"] == status


def test_debug(tokens):
    pass
