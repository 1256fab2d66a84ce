"""What the rows of the token table say about the health of the logins. Pure: readings in, measurements out.

A reading is the row (or rows) that the query of the same name gave; `Facts` holds what the caller knows besides. There
is one function for each check, named as the check is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.health_checks import Measured, NotKnown

DAY_SECONDS = 86400


@dataclass(frozen=True)
class Facts:
    """options: those of the module; baseline: metrics of an earlier result; problem: why a metric is None."""

    options: Mapping[str, Any]
    metrics: Mapping[str, Any]
    catalog: Mapping[str, Any]
    baseline: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def live(self) -> int:
        """Live sessions. Raises NotKnown."""
        if self.metrics["active_tokens"] is None:
            raise NotKnown(f"the live sessions could not be counted: {self.problem}")
        return self.metrics["active_tokens"]


def _active(rows: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {"active_tokens": rows[0]["active"] if rows else None}


def _window(rows: list[dict[str, Any]] | None) -> dict[str, Any]:
    if rows is None:
        return {"avg_rotation_count": None, "remember_me": None}
    count, rotations = (sum(row[key] for row in rows) for key in ("count", "rotations"))
    return {
        "avg_rotation_count": round(rotations / count, 4) if count else None,
        "remember_me": [
            row | {"avg_days": round(row["avg_days"], 4)} for row in map(_without_rotations, rows)
        ],
    }


def _without_rotations(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "rotations"}


def _newest(rows: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {"newest_id": rows[0]["id"] if rows else None}


#: What the rows of the queries of the same names say; None where they could not be asked.
METRICS: dict[str, Callable[[list[dict[str, Any]] | None], dict[str, Any]]] = {
    "active": _active,
    "window": _window,
    "newest": _newest,
}


def schema(_reading: Any, facts: Facts) -> Measured:
    table, missing = facts.options["table"], facts.catalog["missing"]
    if not facts.catalog["columns"]:
        return Measured(1, 0, f"there is no table {table}")
    return Measured(len(missing), len(facts.catalog["columns"]), f"table {table} has no {', '.join(missing)}")


def metrics(_reading: Any, facts: Facts) -> Measured:
    if facts.problem:
        raise NotKnown(facts.problem)
    return Measured(None, None, "")


def indexes(_reading: Any, facts: Facts) -> Measured:
    wanted = {name: False for name in facts.options["indexes"]}
    wanted |= {name: True for name in facts.options["unique_indexes"]}
    if not wanted:
        raise NotKnown("neither indexes nor unique_indexes names an index")
    found = {index["name"]: index for index in facts.catalog["indexes"]}
    faults = [
        fault for name, unique in wanted.items() if (fault := _index_fault(name, found.get(name), unique))
    ]
    return Measured(len(faults), len(wanted), "; ".join(faults))


def _index_fault(name: str, index: Mapping[str, Any] | None, unique: bool) -> str:
    if index is None:
        return f"index {name} is missing"
    if not index["valid"]:
        return f"index {name} is invalid"
    return f"index {name} is not unique" if unique and not index["unique"] else ""


def index_use(_reading: Any, facts: Facts) -> Measured:
    now, before = facts.metrics["scans"], facts.baseline.get("scans")
    if not before:
        raise NotKnown("the baseline has no counts of scans")
    sequential, by_index = (max(0, (now[k] or 0) - (before[k] or 0)) for k in ("sequential", "index"))
    total = sequential + by_index
    ratio = sequential / total if total and (now["live_rows"] or 0) >= 10_000 else 0.0
    return Measured(ratio, total, f"{sequential} of {total} scans since the baseline read the whole table")


def table_kept(_reading: Any, facts: Facts) -> Measured:
    now, before = facts.metrics, facts.baseline
    if before.get("table_oid") is None:
        raise NotKnown("there was no table when the baseline was taken")
    replaced = now["table_oid"] != before["table_oid"]
    fewer = (now["newest_id"] or 0) < (before.get("newest_id") or 0)
    what = "is another table than" if replaced else "has lost its newest rows since"
    return Measured(float(replaced or fewer), None, f"table {facts.options['table']} {what} the baseline")


def single_live_tip(row: Any, _facts: Facts) -> Measured:
    return Measured(row["forked"], row["families"], f"{row['forked']} families have more than one live token")


def token_chain(row: Any, _facts: Facts) -> Measured:
    parts = [
        ("forks", "forked"),
        ("orphans", "without their parent"),
        ("mixed", "not their parent's successor"),
    ]
    broken = sum(row[key] for key, _ in parts)
    words = ", ".join(f"{row[key]} {text}" for key, text in parts if row[key])
    return Measured(broken, row["children"], f"of the tokens rotated in the last day: {words}")


def revocation_rate(row: Any, facts: Facts) -> Measured:
    # Small numbers vary: one per cent of the live sessions, one to ten, is always usual.
    usual = max(float(row["usual"]), min(10.0, max(1.0, facts.live() / 100)))
    found = f"{row['recent']} sessions were ended in 5 minutes; {usual:g} is usual at this hour of the week"
    return Measured(round(row["recent"] / usual, 2), row["recent"], found)


def reuse_ratio(row: Any, _facts: Facts) -> Measured:
    reused, rotations = row["reused"], row["rotations"]
    found = f"{reused} families were ended for reuse beside {rotations} rotations in an hour"
    return Measured(_ratio(reused, max(rotations, reused)), rotations, found)


def reuse_since_baseline(row: Any, facts: Facts) -> Measured:
    if facts.baseline.get("reused_per_hour") is None:
        raise NotKnown("the baseline could not count families that were ended for reuse")
    more = max(0, row["reused"] - facts.baseline["reused_per_hour"])
    found = f"{row['reused']} families were ended for reuse since the baseline; "
    return Measured(more, row["reused"], f"{found}{facts.baseline['reused_per_hour']} in the hour before it")


def revocation_burst(row: Any, _facts: Facts) -> Measured:
    found = f"{row['together']} sessions of one user were ended within a millisecond"
    return Measured(row["together"], row["revocations"], found)


def involuntary_logouts(row: Any, facts: Facts) -> Measured:
    live = facts.live()
    found = f"{row['involuntary']} of {row['logins']} logins of the last day were by users who had just been logged in"
    return Measured(
        round(1000 * _ratio(row["involuntary"], live), 3), live, f"{found}, with {live} sessions alive"
    )


def unconfirmed_tips(row: Any, _facts: Facts) -> Measured:
    found = f"{row['unconfirmed']} of {row['tips']} tokens rotated in the last hour have not been used"
    return Measured(_ratio(row["unconfirmed"], row["tips"]), row["tips"], found)


def replay_ratio(row: Any, _facts: Facts) -> Measured:
    found = f"{row['replays']} refreshes were repeated beside {row['rotations']} rotations in an hour"
    return Measured(_ratio(row["replays"], row["rotations"]), row["rotations"], found)


def rotation_stuck(row: Any, _facts: Facts) -> Measured:
    families = row["families"]
    stuck = families if families >= 20 and not row["rotated"] else 0
    return Measured(stuck, families, f"none of {families} families in use was ever rotated")


def token_lifetime(rows: Any, facts: Facts) -> Measured:
    wanted = {True: facts.options["remember_seconds"], False: facts.options["default_seconds"]}
    if None in wanted.values():
        raise NotKnown("remember_seconds and default_seconds must say how long new tokens live")
    worst, found = 0.0, ""
    for row in rows:
        right = wanted[row["remember_me"]]
        for lifetime in (row["shortest"], row["longest"]):
            if abs(lifetime - right) > worst:
                worst = abs(lifetime - right)
                kind = "with" if row["remember_me"] else "without"
                found = f"a login {kind} remember-me lives {lifetime:.0f} s instead of {right} s"
    return Measured(round(worst, 3), sum(row["roots"] for row in rows), found)


def clock(row: Any, facts: Facts) -> Measured:
    naive = [
        name
        for name, kind in facts.catalog["columns"].items()
        if name in facts.catalog["clock_columns"] and kind != "timestamp with time zone"
    ]
    found = [f"{row['future']} rows were made in the future"] if row["future"] else []
    found += [f"{', '.join(naive)} have no time zone"] if naive else []
    return Measured(row["future"] + len(naive), None, " and ".join(found))


def purge_lag(row: Any, facts: Facts) -> Measured:
    due = max(0.0, row["oldest"] - facts.options["retention_days"] * DAY_SECONDS)
    found = f"a rotated token has been due to be purged for at least {due / 3600:.1f} hours"
    return Measured(round(due / 3600, 2), row["rows"], found)


def dead_rows(_reading: Any, facts: Facts) -> Measured:
    dead, live = (facts.metrics["scans"][key] for key in ("dead_rows", "live_rows"))
    if dead is None or live is None:
        raise NotKnown("PostgreSQL keeps no statistics of this table")
    ratio = _ratio(dead, live) if dead >= 10_000 else 0.0
    return Measured(ratio, live, f"{dead} dead rows beside {live} live ones")


def tips_per_user(row: Any, _facts: Facts) -> Measured:
    return Measured(row["most"], row["users"], f"one user has {row['most']} live sessions")


def inactive_users(row: Any, _facts: Facts) -> Measured:
    return Measured(row["tips"], row["users"], f"users who were deactivated have {row['tips']} live sessions")


def revivable_tokens(row: Any, _facts: Facts) -> Measured:
    return Measured(
        row["revivable"], None, f"a stateless release would accept {row['revivable']} revoked tokens"
    )


def _ratio(part: float, whole: float) -> float:
    return round(float(part) / whole, 6) if whole else 0.0
