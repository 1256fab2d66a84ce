"""Each check of the token table just within and just beyond its limit, without a database."""

from __future__ import annotations

import pytest
from ansible.module_utils import token_health, token_health_sql
from ansible.module_utils.health_checks import NotKnown
from ansible.module_utils.token_health import Facts
from ansible.module_utils.token_health_rules import ALWAYS_ANSWERED, OF_THE_CATALOG, RULES, assess

OPTIONS = {
    "table": "token",
    "indexes": ["by_user"],
    "unique_indexes": ["by_family"],
    "remember_seconds": 1000,
    "default_seconds": 100,
    "retention_days": 8,
}
SCANS = {"sequential": 5, "index": 10, "live_rows": 100_000, "dead_rows": 0}
METRICS = {"active_tokens": 1000, "table_oid": 7, "newest_id": 50, "scans": SCANS}
CATALOG = {
    "columns": {"id": "bigint", "created_at": "timestamp with time zone"},
    "missing": [],
    "clock_columns": ["created_at"],
    "indexes": [
        {"name": "by_user", "valid": True, "unique": False},
        {"name": "by_family", "valid": True, "unique": True},
    ],
}


def facts(**changed) -> Facts:
    return Facts(**({"options": OPTIONS, "metrics": METRICS, "catalog": CATALOG} | changed))


def verdict(name: str, reading, **changed) -> str:
    return assess(name, reading, facts(**changed), RULES[name].limits).status


ROTATIONS = {"rotations": 1000}
ROOTS = {"roots": 3, "shortest": 1000.0, "longest": 1000.0}
EDGES = [
    ("single_live_tip", {"forked": 0, "families": 9}, "ok"),
    ("single_live_tip", {"forked": 1, "families": 9}, "critical"),
    ("token_chain", {"children": 9, "forks": 0, "orphans": 0, "mixed": 0}, "ok"),
    ("token_chain", {"children": 9, "forks": 1, "orphans": 0, "mixed": 0}, "critical"),
    ("token_chain", {"children": 9, "forks": 0, "orphans": 1, "mixed": 0}, "critical"),
    ("token_chain", {"children": 9, "forks": 0, "orphans": 0, "mixed": 1}, "critical"),
    # One per cent of 1000 live sessions is usual at any time.
    ("revocation_rate", {"recent": 30, "usual": 0}, "ok"),
    ("revocation_rate", {"recent": 31, "usual": 0}, "warning"),
    ("revocation_rate", {"recent": 100, "usual": 0}, "warning"),
    ("revocation_rate", {"recent": 101, "usual": 0}, "critical"),
    ("revocation_rate", {"recent": 101, "usual": 40}, "ok"),
    ("reuse_ratio", {"reused": 1, **ROTATIONS}, "ok"),
    ("reuse_ratio", {"reused": 2, **ROTATIONS}, "warning"),
    ("reuse_ratio", {"reused": 10, **ROTATIONS}, "warning"),
    ("reuse_ratio", {"reused": 11, **ROTATIONS}, "critical"),
    ("reuse_ratio", {"reused": 0, "rotations": 0}, "ok"),
    ("reuse_ratio", {"reused": 1, "rotations": 0}, "warning"),
    ("revocation_burst", {"together": 4, "revocations": 9}, "ok"),
    ("revocation_burst", {"together": 5, "revocations": 9}, "critical"),
    ("involuntary_logouts", {"involuntary": 1, "logins": 9}, "ok"),
    ("involuntary_logouts", {"involuntary": 2, "logins": 9}, "warning"),
    ("involuntary_logouts", {"involuntary": 5, "logins": 9}, "warning"),
    ("involuntary_logouts", {"involuntary": 6, "logins": 9}, "critical"),
    ("unconfirmed_tips", {"unconfirmed": 2, "tips": 100}, "ok"),
    ("unconfirmed_tips", {"unconfirmed": 3, "tips": 100}, "warning"),
    ("unconfirmed_tips", {"unconfirmed": 10, "tips": 100}, "warning"),
    ("unconfirmed_tips", {"unconfirmed": 11, "tips": 100}, "critical"),
    ("unconfirmed_tips", {"unconfirmed": 99, "tips": 99}, "warning"),
    ("replay_ratio", {"replays": 50, **ROTATIONS}, "ok"),
    ("replay_ratio", {"replays": 51, **ROTATIONS}, "warning"),
    ("replay_ratio", {"replays": 200, **ROTATIONS}, "warning"),
    ("replay_ratio", {"replays": 201, **ROTATIONS}, "critical"),
    ("rotation_stuck", {"families": 19, "rotated": 0}, "ok"),
    ("rotation_stuck", {"families": 20, "rotated": 0}, "critical"),
    ("rotation_stuck", {"families": 20, "rotated": 1}, "ok"),
    ("token_lifetime", [], "ok"),
    ("token_lifetime", [{**ROOTS, "remember_me": True, "shortest": 940.0}], "ok"),
    ("token_lifetime", [{**ROOTS, "remember_me": True, "shortest": 939.9}], "critical"),
    ("token_lifetime", [{**ROOTS, "remember_me": True, "longest": 1060.1}], "critical"),
    ("token_lifetime", [{**ROOTS, "remember_me": False}], "critical"),
    ("clock", {"future": 0}, "ok"),
    ("clock", {"future": 1}, "critical"),
    ("purge_lag", {"oldest": (8 * 24 + 26) * 3600, "rows": 9}, "ok"),
    ("purge_lag", {"oldest": (8 * 24 + 26) * 3600 + 60, "rows": 9}, "warning"),
    ("purge_lag", {"oldest": (8 * 24 + 168) * 3600 + 60, "rows": 9}, "critical"),
    ("purge_lag", {"oldest": 0, "rows": 0}, "ok"),
    ("tips_per_user", {"most": 50, "users": 9}, "ok"),
    ("tips_per_user", {"most": 51, "users": 9}, "warning"),
    ("tips_per_user", {"most": 200, "users": 9}, "warning"),
    ("tips_per_user", {"most": 201, "users": 9}, "critical"),
    ("inactive_users", {"tips": 0, "users": 9}, "ok"),
    ("inactive_users", {"tips": 1, "users": 9}, "critical"),
    ("revivable_tokens", {"revivable": 10_000}, "ok"),
]


@pytest.mark.parametrize(("name", "reading", "status"), EDGES)
def test_a_check_at_its_edge(name, reading, status):
    assert verdict(name, reading) == status


def test_every_query_has_its_edges():
    assert {name for name, _, _ in EDGES} == set(token_health_sql.CHECKS) - {"reuse_since_baseline"}
    assert set(RULES) == set(token_health_sql.CHECKS) | set(OF_THE_CATALOG) | set(ALWAYS_ANSWERED)
    assert set(token_health.METRICS) == set(token_health_sql.METRICS)


@pytest.mark.parametrize(
    ("index", "change", "words"),
    [
        (0, {"name": "other"}, "index by_user is missing"),
        (0, {"valid": False}, "index by_user is invalid"),
        (1, {"unique": False}, "index by_family is not unique"),
    ],
)
def test_an_index_that_is_not_as_named(index, change, words):
    found = [dict(one) for one in CATALOG["indexes"]]
    found[index] |= change
    check = assess("indexes", None, facts(catalog=CATALOG | {"indexes": found}), RULES["indexes"].limits)
    assert (check.status, check.value, check.sample) == ("critical", 1, 2)
    assert check.reason.startswith(words)


def test_indexes_are_unknown_when_none_is_named():
    assert verdict("indexes", None) == "ok"
    assert verdict("indexes", None, options=OPTIONS | {"indexes": [], "unique_indexes": []}) == "unknown"


def test_a_column_without_time_zone():
    naive = CATALOG | {"columns": {"created_at": "timestamp without time zone"}}
    assert verdict("clock", {"future": 0}, catalog=naive) == "critical"


@pytest.mark.parametrize(
    ("catalog", "status"),
    [({}, "ok"), ({"missing": ["keep"]}, "critical"), ({"columns": {}}, "critical")],
)
def test_the_schema(catalog, status):
    assert verdict("schema", None, catalog=CATALOG | catalog) == status


@pytest.mark.parametrize(
    ("dead", "live", "status"),
    [(20_000, 100_000, "ok"), (20_001, 100_000, "warning"), (9_999, 10, "ok"), (None, None, "unknown")],
)
def test_dead_rows_of_a_table_that_is_not_tiny(dead, live, status):
    scans = SCANS | {"dead_rows": dead, "live_rows": live}
    assert verdict("dead_rows", None, metrics=METRICS | {"scans": scans}) == status


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ({"table_oid": 7, "newest_id": 50}, "ok"),
        ({"table_oid": 7, "newest_id": 51}, "critical"),
        ({"table_oid": 8, "newest_id": 50}, "critical"),
        ({"table_oid": 7, "newest_id": None}, "ok"),
        ({"table_oid": None}, "unknown"),
    ],
)
def test_the_table_is_that_of_the_baseline(before, status):
    assert verdict("table_kept", None, baseline=before) == status


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ({"sequential": 0, "index": 5}, "ok"),
        ({"sequential": 0, "index": 6}, "warning"),
        ({"sequential": 5, "index": 10}, "ok"),
        (None, "unknown"),
    ],
)
def test_scans_of_the_whole_table_since_the_baseline(before, status):
    assert verdict("index_use", None, baseline={"scans": before}) == status


@pytest.mark.parametrize(
    ("reused", "before", "status"), [(2, 2, "ok"), (3, 2, "critical"), (0, None, "unknown")]
)
def test_reuse_since_the_baseline(reused, before, status):
    assert verdict("reuse_since_baseline", {"reused": reused}, baseline={"reused_per_hour": before}) == status


def test_without_the_number_of_live_sessions_what_needs_it_is_unknown():
    without = {"metrics": METRICS | {"active_tokens": None}, "problem": "no column expires_at"}
    assert verdict("involuntary_logouts", {"involuntary": 9, "logins": 9}, **without) == "unknown"
    assert verdict("revocation_rate", {"recent": 900, "usual": 0}, **without) == "unknown"
    assert verdict("metrics", None, **without) == "unknown"


def test_a_query_that_gave_nothing_is_unknown_for_its_reason():
    check = assess("clock", NotKnown("it took too long"), facts(), RULES["clock"].limits)
    assert (check.status, check.reason) == ("unknown", "it took too long")


def test_lifetimes_are_unknown_when_nobody_says_how_long_they_are():
    assert verdict("token_lifetime", [], options=OPTIONS | {"default_seconds": None}) == "unknown"


def test_metrics_of_an_empty_and_of_an_unreadable_table():
    assert token_health.METRICS["window"]([]) == {"avg_rotation_count": None, "remember_me": []}
    assert token_health.METRICS["window"](None) == {"avg_rotation_count": None, "remember_me": None}
    assert token_health.METRICS["active"](None) == {"active_tokens": None}


def test_the_mean_rotation_is_that_of_all_rows():
    rows = [
        {"remember_me": False, "count": 1, "rotations": 3, "avg_days": 1.0},
        {"remember_me": True, "count": 3, "rotations": 9, "avg_days": 19.123456},
    ]
    metrics = token_health.METRICS["window"](rows)
    assert metrics["avg_rotation_count"] == 3.0
    assert metrics["remember_me"][1] == {"remember_me": True, "count": 3, "avg_days": 19.1235}


def test_queries_say_which_columns_they_read():
    assert token_health_sql.METRICS["active"].columns == ("expires_at", "revoked_at")
    assert token_health_sql.CHECKS["inactive_users"].users
    assert not token_health_sql.CHECKS["tips_per_user"].users
