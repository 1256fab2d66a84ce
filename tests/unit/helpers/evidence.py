"""The report of a run, as small as it can be with something in every part."""

from __future__ import annotations

import copy
from typing import Any

RUN = "0123456789ab"


def entry(at: int, phase: str, event: str) -> dict[str, str]:
    return {"at": f"2026-01-01T10:00:{at:02}.000Z", "event": event, "phase": phase, "run": RUN}


def check(name: str, status: str = "ok", **more: str) -> dict[str, str]:
    return {"name": name, "status": status, "reason": "", "next_step": "", "guide": "", **more}


REPORT: dict[str, Any] = {
    "verb": "deploy",
    "inventory": "staging",
    "release": "v2-0123456789ab",
    "predecessor": "v1-0123456789ab",
    "by": "ann on desk",
    "review": {
        "files": {"added": ["web/app.ts", "README"], "changed": ["web/main.ts"], "removed": []},
        "migrations": ["server/migrations/0002.py"],
    },
    "failure": {},
    "serves": "v2-0123456789ab is live and recorded.",
    "record": {
        "version": "v2",
        "state": "live",
        "source": {"commit": "", "digest": "d1"},
        "images": {"backend": "sha256:aa"},
        "settings": {"SESSION_ENGINE": "cached_db"},
        "features": ["rotation"],
        "backup": {"file": "/srv/backups/v2.dump", "bytes": 7},
        "switch": {"switch_seconds": 0.002, "drain_seconds": 1.5},
        "logs": [],
        "journal": [
            {"at": "2025-12-31T10:00:00Z", "event": "begins", "phase": "stage", "run": "another"},
            entry(0, "stage", "begins"),
            entry(6, "stage", "ended"),
            entry(6, "switch", "begins"),
            entry(8, "switch", "ended"),
        ],
    },
    "verification": {
        "status": "ok",
        "checks": [
            check("login_remember", guide="Test 1"),
            check("refresh", guide="Test 2"),
            check("rotation", guide="Test 2"),
            check("canary_remember_idle", guide="Test 2"),
            check("logout_access", "skipped", guide="Test 5", reason="not expected"),
        ],
    },
    "health": {
        "before": {"tokens": {"checks": [check("schema", "critical", reason="no table")]}},
        "after": {
            "tokens": {
                "checks": [check("schema"), check("index_use", "unknown", reason="no statistics yet")]
            },
            "sessions": {"checks": [check("write")]},
        },
        "proof": {
            "families": {"taken": 3, "live": 2, "explained": {"logout": 1}, "lost": 0},
            "sessions": {"taken": 4, "live": 4, "explained": {}, "lost": 0},
        },
    },
    "prober": {
        "kept": True,
        "reasons": [],
        "failed": 0,
        "sent": 40,
        "started_at": "2026-01-01T10:00:00.000Z",
        "latency_ms": {"p99": 12.3},
        "sessions": {"alive": 5, "total": 5},
        "rows": {"acknowledged": 6, "found": 6},
        "failures": [],
        "timeline": [{"second": n, "sent": 4, "failed": 0, "slowest_ms": 10.0 + n} for n in range(10)],
    },
}


def report(**changes: Any) -> dict[str, Any]:
    """The report with some of its parts replaced."""
    return {**copy.deepcopy(REPORT), **changes}


def broken() -> dict[str, Any]:
    """The report of a run in which a request failed and a session was lost."""
    made = report()
    made["prober"] |= {"kept": False, "failed": 1, "reasons": ["1 request failed"]}
    made["prober"]["timeline"][8]["failed"] = 1
    made["prober"]["sessions"]["alive"] = 4
    made["prober"]["failures"] = [{"at": 8.1, "kind": "refresh", "reason": "502"}]
    made["health"]["proof"]["families"] |= {"live": 1, "lost": 1}
    return made
