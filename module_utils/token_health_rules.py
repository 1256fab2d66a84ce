"""The checks of the token table: how each is measured, when it is unhealthy, and what helps then. Pure.

It is one table and longer than other files for that reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils import token_health as measure
from ansible.module_utils.health_checks import Check, Limits, Measured, NotKnown, judge, not_known
from ansible.module_utils.token_health import Facts

MIGRATE = "apply the migrations inside the running backend container: python manage.py migrate"
#: Ratios of fewer than these say too little to be critical.
RATIO_SAMPLE = 100


@dataclass(frozen=True)
class Rule:
    """How the reading of a check is measured, its limits, and what helps when it is not ok."""

    measure: Callable[[Any, Facts], Measured]
    limits: Limits
    next_step: str
    minimum_sample: int = 0
    needs_baseline: bool = False


#: In the order of the report. `None` as both limits is a figure that is reported and always ok.
RULES: dict[str, Rule] = {
    "schema": Rule(measure.schema, Limits(None, 0), MIGRATE),
    "metrics": Rule(measure.metrics, Limits(), ""),
    "indexes": Rule(
        measure.indexes,
        Limits(None, 0),
        "create it with CREATE INDEX CONCURRENTLY; drop an invalid one first, and end duplicates before a unique one",
    ),
    "table_kept": Rule(
        measure.table_kept,
        Limits(None, 0),
        "find what dropped or emptied the table, and restore the backup that was made before it",
        needs_baseline=True,
    ),
    "index_use": Rule(
        measure.index_use,
        Limits(0.5, None),
        "look at the plans of the refresh path with EXPLAIN, and run ANALYZE on the table",
        needs_baseline=True,
    ),
    "single_live_tip": Rule(
        measure.single_live_tip,
        Limits(None, 0),
        "rotation is not atomic: make the unique index on live families, and end all but the newest token of each",
    ),
    "token_chain": Rule(
        measure.token_chain,
        Limits(None, 0),
        "rotation writes wrong rows: roll back to the release before, and compare the chain of one such family",
    ),
    "revocation_rate": Rule(
        measure.revocation_rate,
        Limits(3, 10),
        "count the revocations by reason and release; if they began with a deploy, roll it back",
    ),
    "reuse_ratio": Rule(
        measure.reuse_ratio,
        Limits(0.001, 0.01),
        "look for a race in rotation, an old frontend that sends superseded tokens, or stolen tokens, by user",
        RATIO_SAMPLE,
    ),
    "reuse_since_baseline": Rule(
        measure.reuse_since_baseline,
        Limits(None, 0),
        "the change of the release made clients lose their new tokens: roll it back",
        needs_baseline=True,
    ),
    "revocation_burst": Rule(
        measure.revocation_burst,
        Limits(None, 4),
        "a session was forked: look for clients that refresh in parallel, and for the index on live tokens",
    ),
    "involuntary_logouts": Rule(
        measure.involuntary_logouts,
        Limits(1, 5),
        "users were thrown out: compare the time with deploys, and the refresh endpoint's answers of those users",
        RATIO_SAMPLE,
    ),
    "unconfirmed_tips": Rule(
        measure.unconfirmed_tips,
        Limits(0.02, 0.10),
        "clients do not store the new token, or its answers get lost: check the frontend that is served",
        RATIO_SAMPLE,
    ),
    "replay_ratio": Rule(
        measure.replay_ratio,
        Limits(0.05, 0.20),
        "tabs refresh at once: check that the frontend's refresh lock works in all tabs",
        RATIO_SAMPLE,
    ),
    "rotation_stuck": Rule(
        measure.rotation_stuck,
        Limits(None, 0),
        "refreshes do not rotate: check the refresh endpoint, and that clients say that they store new tokens",
    ),
    "token_lifetime": Rule(
        measure.token_lifetime,
        Limits(None, 60),
        "compare the lifetimes in the running container's settings with remember_seconds and default_seconds",
    ),
    "clock": Rule(
        measure.clock,
        Limits(None, 0),
        "compare the clocks of the hosts; columns without a time zone need USE_TZ and a migration",
    ),
    "purge_lag": Rule(
        measure.purge_lag, Limits(26, 168), "check that the job that purges rotated tokens runs"
    ),
    "dead_rows": Rule(
        measure.dead_rows, Limits(0.2, None), "check that autovacuum runs, or run VACUUM on the table"
    ),
    "tips_per_user": Rule(
        measure.tips_per_user,
        Limits(50, 200),
        "find the client that logs in again and again, and end its oldest sessions",
    ),
    "inactive_users": Rule(
        measure.inactive_users, Limits(None, 0), "end the sessions of deactivated users with reason admin"
    ),
    "revivable_tokens": Rule(measure.revivable_tokens, Limits(), ""),
}
#: What is answered without a table, and what the catalog alone answers.
ALWAYS_ANSWERED = ("schema", "metrics")
OF_THE_CATALOG = ("indexes", "table_kept", "index_use", "dead_rows")


def assess(name: str, reading: Any, facts: Facts, limits: Limits) -> Check:
    """The verdict of one check; `reading` is what its query gave, or NotKnown with the reason why it gave nothing."""
    rule = RULES[name]
    try:
        if isinstance(reading, NotKnown):
            raise reading
        return judge(name, rule.measure(reading, facts), limits, rule.next_step, rule.minimum_sample)
    except NotKnown as reason:
        return not_known(name, limits, str(reason))
