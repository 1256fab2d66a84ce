"""Filter of the prober role: whether a run kept its promise, and in what words it did not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def judge_run(
    result: dict[str, Any], rows: dict[str, Any], requests_may_fail: bool = False
) -> dict[str, Any]:
    """The result of a prober together with its rows, `kept` and the `reasons` why not.

    rows: what prober_rows_info returned; without `checked` when there was nothing to check.
    requests_may_fail: failed requests are reported, but do not break the promise.
    """
    sessions, acknowledged = result["sessions"], result["rows"]["acknowledged"]
    missing, duplicated = rows.get("missing", []), rows.get("duplicated", [])
    reasons = [
        *_judge_requests(result, requests_may_fail),
        *_judge_sessions(sessions),
        *_judge_rows(acknowledged, rows, missing, duplicated),
    ]
    counted = {"acknowledged": acknowledged, "found": rows.get("found", 0)}
    return {
        **result,
        "rows": {**counted, "missing": missing, "duplicated": duplicated},
        "kept": not reasons,
        "reasons": reasons,
    }


def _judge_requests(result: dict[str, Any], may_fail: bool) -> list[str]:
    if not result["sent"]:
        return ["the prober sent no request, so nothing is shown"]
    if not result["failed"] or may_fail:
        return []
    first = result["failures"][0]
    found = f"status {first['status']}" if "status" in first else first["error"]
    what = f"{first['kind']} at {first['at']}: {found}, release {first['release']}"
    return [f"{result['failed']} of {result['sent']} requests failed, none may; the first was {what}"]


def _judge_sessions(sessions: dict[str, Any]) -> list[str]:
    reasons = []
    if sessions["ended"]:
        first = sessions["ended"][0]
        reasons.append(
            f"{len(sessions['ended'])} of {sessions['total']} sessions were ended, none may be; the first is "
            f"{first['id']} ({first['kind']}) of {first['user']}: {first['reason']}"
        )
    if sessions["unproven"]:
        reasons.append(f"{sessions['unproven']} of {sessions['total']} sessions could not be proven alive")
    if sessions["total"] and not sessions["alive"]:
        reasons.append(
            f"none of {sessions['total']} sessions is alive; {sessions['expired']} expired during the run"
        )
    if sessions["total"] < sessions["wanted"]:
        reasons.append(f"{sessions['total']} sessions were used; {sessions['wanted']} are required")
    return reasons


def _judge_rows(
    acknowledged: int, rows: dict[str, Any], missing: list[str], duplicated: list[str]
) -> list[str]:
    if acknowledged and rows.get("checked") != acknowledged:
        return [
            f"{rows.get('checked', 0)} of {acknowledged} acknowledged rows were looked for in the database"
        ]
    reasons = []
    for found, words in (
        (missing, "are not in the database"),
        (duplicated, "are in the database more than once"),
    ):
        if found:
            reasons.append(
                f"{len(found)} of {acknowledged} acknowledged rows {words}; the first is {found[0]}"
            )
    return reasons


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"judge_prober_run": judge_run}
