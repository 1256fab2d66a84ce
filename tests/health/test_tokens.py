"""token_health_info: healthy rows are ok in every check, and each fault turns exactly its own check red."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import healthy
import pytest
import token_health_info
import yaml
from ansible.module_utils.health_checks import HealthError
from ansible.module_utils.health_postgres import Transaction
from manual import results_in_manual, returned

from app_stack import wait_for

PROJECT = Path(__file__).resolve().parents[2]
BASELINE_CHECKS = {"table_kept", "index_use", "reuse_since_baseline"}
ROOT = """INSERT INTO auth_refresh_token (token_id, user_id, family_id, created_at, expires_at, remember_me,
          confirmed_at, revoked_at, revoked_reason) SELECT gen_random_uuid(), """
#: check -> (statement that breaks the rows, status, part of the reason, options)
FAULTS = {
    "indexes": ("DROP INDEX rt_user", "critical", "index rt_user is missing", {}),
    "single_live_tip": (
        "DROP INDEX rt_one_live_tip; UPDATE auth_refresh_token SET revoked_at = NULL, revoked_reason = NULL"
        " WHERE family_id = md5('busy7')::uuid AND rotation_count = 19",
        "critical", "1 families have more than one live token", {"unique_indexes": []},
    ),
    "token_chain": (
        "UPDATE auth_refresh_token SET rotation_count = 25 WHERE family_id = md5('busy7')::uuid"
        " AND rotation_count = 20",
        "critical", "1 not their parent's successor", {},
    ),
    "revocation_rate": (
        "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'admin'"
        " WHERE revoked_at IS NULL AND user_id <= 60",
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
        f"{ROOT} n, gen_random_uuid(), now() - interval '10 hours 30 minutes',"
        " now() + interval '19 days 13 hours 30 minutes', true, now(), NULL, NULL FROM generate_series(121, 122) AS n",
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
        f"{ROOT} 150, gen_random_uuid(), now() - interval '5 hours', now() - interval '280 minutes',"
        " true, now(), NULL, NULL",
        "critical", "a login with remember-me lives 1200 s instead of 1728000 s", {},
    ),
    "clock": (
        "UPDATE auth_refresh_token SET created_at = now() + interval '2 minutes',"
        " expires_at = now() + interval '20 days 2 minutes' WHERE family_id = md5('idle150')::uuid",
        "critical", "1 rows were made in the future", {},
    ),
    "purge_lag": (
        f"{ROOT} 150, gen_random_uuid(), now() - interval '20 days', now() - interval '10 days', false, now(),"
        " now() - interval '19 days', 'rotated'",
        "critical", "due to be purged for at least 264.0 hours", {},
    ),
    "tips_per_user": (
        f"{ROOT} 150, gen_random_uuid(), now() - interval '30 hours',"
        " now() - interval '30 hours' + interval '20 days', true, now(), NULL, NULL FROM generate_series(1, 200)",
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
    assert returned(result) == results_in_manual(token_health_info)
    manual = yaml.safe_load(token_health_info.RETURN)
    assert set(manual["metrics"]["contains"]) == set(result["metrics"])
    assert set(manual["checks"]["contains"]) == set(result["checks"][0])


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


OLD = "UPDATE auth_refresh_token SET {} WHERE user_id = 150 AND revoked_reason = 'rotated'"
TIP = "UPDATE auth_refresh_token SET {} WHERE family_id = md5('idle150')::uuid"
#: What the purge keeps although it was rotated 19 days ago, and what ends that.
KEPT = {
    "the parent of a token that its client has not used": (
        TIP.format(
            "parent_id = (SELECT max(id) FROM auth_refresh_token WHERE user_id = 150 AND revoked_reason = 'rotated'),"
            " confirmed_at = NULL, revoked_at = NULL, revoked_reason = NULL"
        ),
        [
            TIP.format("confirmed_at = now() - interval '{}'"),
            TIP.format("revoked_at = now() - interval '{}', revoked_reason = 'logout'"),
            TIP.format("created_at = now() - interval '20 days', expires_at = now() - interval '{}'"),
        ],
    ),
    "a token of the version without families, while it verifies": (
        OLD.format("token_id = family_id, expires_at = now() + interval '1 hour'"),
        [OLD.format("expires_at = now() - interval '{}'")],
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def queries(tmp_path_factory) -> dict:
    """What the exporter of the role monitoring asks, as Ansible writes it with the role's defaults."""
    role, target = PROJECT / "roles" / "monitoring", tmp_path_factory.mktemp("exporter") / "queries.yml"
    command = [
        "ansible",
        "localhost",
        "--inventory=localhost,",
        "--connection=local",
        "--module-name=template",
    ]
    command += [f"--args=src={role}/templates/queries.yml.j2 dest={target}"]
    command += [f"--extra-vars=@{role}/{part}/main.yml" for part in ("defaults", "vars")]
    given = {"monitoring_token_table": "auth_refresh_token", "ansible_python_interpreter": sys.executable}
    command += [f"--extra-vars={json.dumps(given)}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return yaml.safe_load(target.read_text())


def test_what_the_exporter_asks_is_answered(queries, database):
    for name, query in queries.items():
        columns = [next(iter(metric)) for metric in query["metrics"]]
        assert all(len(row) == len(columns) for row in database(query["query"])), name


def test_the_exporter_counts_remembered_sessions_that_their_users_did_not_end(queries, database):
    """Neither those that a logout ended, nor those that are older than a week."""

    def counted() -> dict[str, tuple[int, int]]:
        return {window: (began, ended) for window, began, ended in database(queries["remembered"]["query"])}

    def end(number: int, reason: str, ago: str, began: str) -> None:
        database(
            f"UPDATE auth_refresh_token SET revoked_at = now() - interval '{ago}', revoked_reason = '{reason}',"
            f" expires_at = now() + interval '20 days' - interval '{began}'"
            f" WHERE id IN (SELECT id FROM auth_refresh_token WHERE revoked_at IS NULL AND remember_me"
            f" AND expires_at > now() + interval '13 days' LIMIT {number})"
        )

    before = counted()
    assert before["30m"][0] == before["3d"][0] >= 20
    end(3, "admin", "2 hours", "6 days")
    end(4, "logout", "10 minutes", "6 days")
    end(2, "reuse_detected", "10 minutes", "8 days")
    began = before["3d"][0] - 2
    assert counted() == {
        window: (began, before[window][1] + more) for window, more in {"30m": 0, "6h": 3, "3d": 3}.items()
    }


@pytest.mark.parametrize("name", KEPT)
def test_what_the_purge_keeps_on_purpose_is_not_due(tokens, queries, database, name):
    """It is due when that is over, and not for as long as it was rotated before; the exporter says the same."""

    def judged() -> tuple[str, bool]:
        [[oldest]] = database(queries["purge"]["query"])
        return check(tokens(checks=["purge_lag"]), "purge_lag")["status"], oldest > (8 * 24 + 26) * 3600

    kept, ends = KEPT[name]
    database(FAULTS["purge_lag"][0])
    assert judged() == ("critical", True)
    database(kept)
    assert judged() == ("ok", False)
    for end in ends:
        for ago, status in (("1 hour", "ok"), ("30 hours", "warning"), ("200 hours", "critical")):
            database(end.format(ago))
            assert judged() == (status, status != "ok"), (end, ago)
        database(kept)


def test_a_ratio_of_few_is_a_warning_only(tokens, database):
    database("DELETE FROM auth_refresh_token WHERE user_id BETWEEN 51 AND 120")
    statement, *_ = FAULTS["reuse_ratio"]
    database(statement)
    result = tokens()
    assert check(result, "reuse_ratio")["status"] == "warning"
    assert "fewer than 100 were looked at" in check(result, "reuse_ratio")["reason"]


def test_dead_rows_are_a_warning(tokens, database):
    database("ALTER TABLE auth_refresh_token SET (autovacuum_enabled = false)")
    try:
        for _ in range(5):
            database("UPDATE auth_refresh_token SET replay_count = 0")
        wait_for(lambda: check(tokens(), "dead_rows")["status"] == "warning", "the statistics")
        assert "dead rows beside" in check(tokens(), "dead_rows")["reason"]
    finally:
        database("ALTER TABLE auth_refresh_token RESET (autovacuum_enabled)")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "DELETE FROM auth_refresh_token WHERE user_id = 7 AND rotation_count = 19",
            "1 without their parent",
        ),
        (
            "UPDATE auth_refresh_token SET user_id = 8 WHERE user_id = 7 AND rotation_count = 20",
            "1 not their parent's",
        ),
        (
            "DROP INDEX rt_one_child; UPDATE auth_refresh_token SET parent_id ="
            " (SELECT parent_id FROM auth_refresh_token WHERE user_id = 8 AND rotation_count = 20)"
            " WHERE user_id = 7 AND rotation_count = 20",
            "1 forked",
        ),
    ],
)
def test_a_chain_that_is_broken(tokens, database, statement, words):
    database(statement)
    chain = check(tokens(), "token_chain")
    assert chain["status"] == "critical"
    assert words in chain["reason"]


@pytest.mark.parametrize(
    ("name", "index", "fault", "broken"),
    [
        (
            "rt_one_child",
            "(parent_id) WHERE parent_id > 1000000",
            "UPDATE auth_refresh_token SET parent_id ="
            " (SELECT parent_id FROM auth_refresh_token WHERE user_id = 8 AND rotation_count = 20)"
            " WHERE user_id = 7 AND rotation_count = 20",
            "token_chain",
        ),
        (
            "rt_one_live_tip",
            "(family_id, token_id) WHERE revoked_at IS NULL",
            "UPDATE auth_refresh_token SET revoked_at = NULL, revoked_reason = NULL"
            " WHERE family_id = md5('busy7')::uuid AND rotation_count = 19",
            "single_live_tip",
        ),
    ],
)
def test_a_unique_index_over_something_else_guarantees_nothing(tokens, database, name, index, fault, broken):
    """Red when an index is taken at its name or its uniqueness alone: what it allows would not be counted."""
    database(f"DROP INDEX {name}; CREATE UNIQUE INDEX {name} ON auth_refresh_token {index}; {fault}")
    result = tokens()
    database(f"DELETE FROM auth_refresh_token; DROP INDEX {name}")
    assert check(result, broken)["status"] == "critical"
    assert check(result, "indexes")["status"] == "ok"


def test_a_parent_of_days_ago_is_found(tokens, database):
    database(
        f"{ROOT} 150, md5('old')::uuid, now() - interval '5 days', now() + interval '15 days', true, NULL,"
        " now(), 'rotated';"
        f"{ROOT} 150, md5('old')::uuid, now(), now() + interval '15 days', true, now(), NULL, NULL;"
        "UPDATE auth_refresh_token SET rotation_count = 1, parent_id = id - 1"
        " WHERE family_id = md5('old')::uuid AND revoked_at IS NULL"
    )
    assert check(tokens(), "token_chain")["status"] == "ok"
    database("UPDATE auth_refresh_token SET rotation_count = 5 WHERE user_id = 150 AND parent_id IS NULL")
    assert check(tokens(), "token_chain")["status"] == "critical"


@pytest.mark.parametrize("state", ["indisvalid = false", "indisready = false"])
def test_an_index_that_was_left_half_built_is_critical(tokens, services, state):
    def mark(values: str) -> None:
        statement = f"UPDATE pg_index SET {values} WHERE indexrelid = 'rt_user'::regclass"
        docker = [
            "docker",
            "exec",
            f"{services.name}-postgres",
            "psql",
            "-h",
            "/var/run/postgresql",
            "-U",
            "postgres",
            "igny8",
        ]
        subprocess.run([*docker, "-c", statement], check=True, capture_output=True)

    mark(state)
    try:
        assert check(tokens(), "indexes")["reason"].startswith("index rt_user is invalid")
    finally:
        mark("indisvalid = true, indisready = true")


def test_an_index_that_lost_its_uniqueness_is_critical(tokens):
    result = tokens(unique_indexes=["rt_user"])
    assert check(result, "indexes")["reason"].startswith("index rt_user is not unique")


def test_revoked_tokens_that_a_stateless_release_would_accept_are_counted(tokens):
    revivable = check(tokens(), "revivable_tokens")
    assert (revivable["status"], revivable["value"]) == ("ok", 20)


def test_canaries_do_not_count(tokens, database):
    statement, *_ = FAULTS["involuntary_logouts"]
    database(statement)
    canaries = ["user121@example.test", "user122@example.test"]
    assert tokens(canary_users=canaries)["status"] == "ok"
    assert tokens(canary_users=canaries[:1])["status"] == "critical"


def test_a_user_of_two_devices_was_not_thrown_out(tokens, database):
    statement, *_ = FAULTS["involuntary_logouts"]
    database(statement)
    database(
        "UPDATE auth_refresh_token SET confirmed_at = now() WHERE created_at = now() - interval '12 hours'"
    )
    database(
        "UPDATE auth_refresh_token SET confirmed_at = created_at + interval '11 hours' WHERE user_id IN (121, 122)"
    )
    assert check(tokens(), "involuntary_logouts")["status"] == "ok"


def test_the_baseline_finds_a_table_that_was_made_anew(tokens, database):
    baseline = tokens()
    same = tokens(baseline=baseline)
    assert {statuses(same)[name] for name in BASELINE_CHECKS} == {"ok"}
    database("CREATE TABLE copied (LIKE auth_refresh_token INCLUDING ALL); INSERT INTO copied OVERRIDING SYSTEM VALUE"
             " SELECT * FROM auth_refresh_token")  # fmt: skip
    other = tokens(baseline=baseline, table="copied", checks=["table_kept"])
    lost = database("DELETE FROM auth_refresh_token WHERE id > 1000") or tokens(baseline=baseline)
    database("DROP TABLE copied")
    assert "is another table than the baseline" in check(other, "table_kept")["reason"]
    assert "has lost its newest rows since the baseline" in check(lost, "table_kept")["reason"]


def test_the_baseline_finds_reuse(tokens, database):
    baseline = tokens()
    database(
        "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'reuse_detected'"
        " WHERE family_id = md5('idle150')::uuid"
    )
    result = tokens(baseline=baseline)
    assert statuses(result)["reuse_since_baseline"] == "critical"
    assert (
        "1 families were ended for reuse since the baseline"
        in check(result, "reuse_since_baseline")["reason"]
    )


def test_scans_of_the_whole_table_since_the_baseline_are_a_warning(tokens, database):
    database(f"{ROOT} 150, gen_random_uuid(), now() - interval '9 days', now() - interval '8 days', false,"
             " NULL, now() - interval '8 days 12 hours', 'logout' FROM generate_series(1, 10000)")  # fmt: skip
    database("ANALYZE auth_refresh_token")
    baseline = tokens()
    database(
        "DO $$ BEGIN FOR n IN 1..500 LOOP PERFORM count(replay_count) FROM auth_refresh_token; END LOOP; END $$"
    )

    def reading() -> dict:
        return tokens(baseline=baseline)

    wait_for(lambda: check(reading(), "index_use")["status"] == "warning", "the statistics")
    found = reading()
    assert {name for name, status in statuses(found).items() if status != "ok"} == {"index_use"}
    assert "scans since the baseline read the whole table" in check(found, "index_use")["reason"]


def test_lifetimes_are_judged_from_the_baseline_on(tokens, database):
    database(FAULTS["token_lifetime"][0])
    baseline = tokens()
    assert statuses(baseline)["token_lifetime"] == "critical"
    assert statuses(tokens(baseline=baseline))["token_lifetime"] == "ok"


def test_the_use_of_tokens_is_judged_from_the_baseline_on(tokens, database):
    database(FAULTS["unconfirmed_tips"][0])
    baseline = tokens()
    assert statuses(baseline)["unconfirmed_tips"] == "critical"
    after = check(tokens(baseline=baseline), "unconfirmed_tips")
    assert (after["status"], after["sample"]) == ("ok", 0)


def test_the_refreshes_of_canaries_are_not_judged(tokens, database):
    database(FAULTS["unconfirmed_tips"][0])
    database(FAULTS["replay_ratio"][0])
    canaries = [name for (name,) in database("SELECT email FROM igny8_user")]
    result = tokens(canary_users=canaries, checks=["unconfirmed_tips", "replay_ratio"])
    assert statuses(result) == {"unconfirmed_tips": "ok", "replay_ratio": "ok"}


def test_a_missing_table_is_critical_and_nothing_else_is_known(tokens):
    result = tokens(table="no_such_table")
    assert {name for name, status in statuses(result).items() if status != "unknown"} == {"schema"}
    assert check(result, "schema")["reason"].startswith("there is no table no_such_table")
    assert "migrate" in check(result, "schema")["next_step"]
    assert (result["status"], result["metrics"]["active_tokens"]) == ("critical", None)
    assert statuses(tokens(baseline=result))["table_kept"] == "unknown"


def test_a_database_without_tables_is_looked_at_before_its_first_migration(tokens):
    result = tokens(table="no_such_table", user_table="no_such_users", canary_users=["user7@example.test"])
    assert {name for name, status in statuses(result).items() if status != "unknown"} == {"schema"}
    failed = tokens(user_table="no_such_users", canary_users=["user7@example.test"])
    assert 'relation "no_such_users" does not exist' in failed["msg"]


GUIDE_TABLE = """
CREATE TABLE plain AS
SELECT id, token_id, user_id, created_at AS made, expires_at, revoked_at, rotation_count, remember_me
FROM auth_refresh_token WHERE token_id <> family_id
"""


def test_the_guides_table_has_what_it_can_say(tokens, database):
    database(GUIDE_TABLE)
    result = tokens(table="public.plain", columns={"created_at": "made"}, unique_indexes=[], indexes=[])
    database("DROP TABLE plain")
    known = {name for name, status in statuses(result).items() if status == "ok"}
    assert known == {
        "schema",
        "metrics",
        "token_lifetime",
        "clock",
        "tips_per_user",
        "inactive_users",
        "dead_rows",
    }
    assert set(statuses(result).values()) == {"ok", "unknown"}
    assert check(result, "token_chain")["reason"] == (
        "table public.plain has no family_id, parent_id, which this check reads"
    )
    assert result["metrics"]["active_tokens"] == healthy.LIVE - 1


def test_a_missing_column_of_the_guide_is_critical(tokens):
    result = tokens(columns={"remember_me": "keep"})
    assert check(result, "schema")["reason"].startswith("table auth_refresh_token has no keep")
    assert statuses(result)["metrics"] == "unknown"


def test_columns_without_time_zone_are_critical(tokens, database):
    database("CREATE TABLE naive AS SELECT *, created_at::timestamp AS made FROM auth_refresh_token")
    result = tokens(table="naive", columns={"created_at": "made"}, checks=["clock"])
    database("DROP TABLE naive")
    assert "made have no time zone" in check(result, "clock")["reason"]


# Not volatile, or every query of the view would take the nap.
SLOW_COLUMN = """
CREATE FUNCTION nap(bigint) RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN 0; END';
CREATE VIEW slow AS SELECT *, nap(id) AS naps FROM auth_refresh_token;
"""


def test_a_slow_query_costs_its_check_alone(tokens, database):
    database(SLOW_COLUMN)
    options = {"statement_timeout_seconds": 0.5, "checks": ["replay_ratio", "unconfirmed_tips"]}
    result = tokens(table="slow", columns={"replay_count": "naps"}, **options)
    database("DROP VIEW slow; DROP FUNCTION nap")
    assert statuses(result) == {"unconfirmed_tips": "ok", "replay_ratio": "unknown"}
    assert "took longer than 0.5 s" in check(result, "replay_ratio")["reason"]


def test_nothing_can_be_written(login, database):
    options = login | {"ssl_mode": "prefer", "ca_cert": None, "statement_timeout_seconds": 5}
    with Transaction(options, "test") as transaction:
        assert transaction.row("SHOW transaction_read_only", {}) == {"transaction_read_only": "on"}
        with pytest.raises(HealthError, match="cannot execute DELETE in a read-only transaction"):
            transaction.rows("DELETE FROM auth_refresh_token", {})


def test_all_queries_see_one_snapshot(login, database):
    options = login | {"ssl_mode": "prefer", "ca_cert": None, "statement_timeout_seconds": 5}
    count = "SELECT count(*) AS n FROM auth_refresh_token"
    with Transaction(options, "test") as transaction:
        before = transaction.row(count, {})
        database("DELETE FROM auth_refresh_token WHERE user_id = 7")
        assert transaction.row(count, {}) == before
    with Transaction(options, "test") as transaction:
        assert transaction.row(count, {})["n"] < before["n"]


def test_the_module_writes_no_row(tokens, database):
    written = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
    before = database(written)
    assert tokens()["status"] == "ok"
    assert database(written)[0][0] == before[0][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"login_password": "wrong-one"}, "password authentication failed"),
        ({"login_port": 1}, "Connection refused"),
        ({"login_host": "no-such-host.invalid"}, "could not translate host name"),
        ({"ssl_mode": "require"}, "server does not support SSL"),
        ({"ssl_mode": "verify-full", "ca_cert": "/no/ca.pem"}, "SSL"),
        ({"login_db": "nothing"}, 'database "nothing" does not exist'),
        ({"thresholds": {"clock": {"critical": -1}}}, "thresholds.clock.critical is -1; a number of 0 or more"),
        ({"thresholds": {"clocks": {}}}, "thresholds names clocks; these checks have thresholds: "),
        ({"checks": ["speed"]}, "checks names speed; the checks are schema"),
        ({"statement_timeout_seconds": 0}, "statement_timeout_seconds is 0; a number above 0"),
        ({"retention_days": -1}, "retention_days is -1; a number above 0"),
        ({"baseline": {"status": "ok"}}, "baseline has no taken_at or no metrics"),
        ({"now": "yesterday-ish"}, "invalid input syntax for type timestamp"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_fails_in_one_sentence(tokens, options, words):
    result = tokens(**options)
    assert result["failed"]
    assert words in result["msg"]
    assert "\n" not in result["msg"] and "wrong-one" not in str(result)


def test_a_server_that_hangs_fails(tokens, silent_port):
    place = f"PostgreSQL at 127.0.0.1:{silent_port}, database igny8: "
    message = tokens(login_port=silent_port)["msg"]
    assert message.startswith(place)
    assert message.endswith("timeout expired; a login as igny8 is needed")


def test_a_table_that_may_not_be_read_fails(tokens, database):
    database("REVOKE SELECT ON auth_refresh_token FROM igny8")
    result = tokens()
    database("GRANT SELECT ON auth_refresh_token TO igny8")
    assert result["msg"].startswith("PostgreSQL at 127.0.0.1:")
    assert "permission denied for table auth_refresh_token; the query must be allowed" in result["msg"]


def test_another_time_can_be_asked_for(tokens, database):
    [[later]] = database("SELECT (now() + interval '21 days')::text")
    assert tokens(now=later)["metrics"]["active_tokens"] == 0
