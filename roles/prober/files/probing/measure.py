"""Counts what was sent and answered. A failure is no answer in time or a status other than expected."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FAILURES_SHOWN = 20
OK_STATUS = {
    "login": (200, 201),
    "me_bearer": (200,),
    "me_cookie": (200,),
    "row": (200, 201),
    "refresh": (200,),
    "index": (200,),
    "asset": (200,),
}


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile, share in 0..1; 0.0 of no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def classify(kind: str, status: int | None, error: str, may_renew: bool = False) -> str:
    """`ok`, `renew` (an access token to be refreshed), or what failed."""
    if status is None:
        return error or "no answer"
    if status in OK_STATUS[kind]:
        return error or "ok"
    return "renew" if status == 401 and may_renew else f"status {status}"


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe_first(failures: list[dict[str, Any]]) -> str:
    """Kind and cause of the first failure."""
    found = failures[0].get("error") or f"status {failures[0]['status']}"
    return f"{failures[0]['kind']}: {found}"


@dataclass
class Recorder:
    """started_at: Unix time of the first second of the timeline."""

    started_at: float
    sent: int = 0
    failed: int = 0
    renewed: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    by_release: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    seconds: dict[int, list[float]] = field(default_factory=dict)

    def record(
        self, kind: str, verdict: str, release: str, sent_at: float, milliseconds: float | None
    ) -> None:
        """Count one request. verdict comes from `classify`; milliseconds is None when nothing was answered."""
        failed = verdict not in ("ok", "renew")
        self.sent += 1
        self.failed += failed
        self.renewed += verdict == "renew"
        self.by_kind.setdefault(kind, Counter()).update(sent=1, failed=int(failed))
        second = self.seconds.setdefault(int(sent_at - self.started_at), [0, 0, 0.0])
        second[0] += 1
        second[1] += failed
        second[2] = max(second[2], milliseconds or 0.0)
        if milliseconds is not None:
            self.by_release[release or "none"] += 1
            self.latencies_ms.append(milliseconds)
        if failed and len(self.failures) < FAILURES_SHOWN:
            _, _, status = verdict.partition("status ")
            found = {"status": int(status)} if status.isdigit() else {"error": verdict}
            self.failures.append(
                {"at": timestamp(sent_at), "kind": kind, **found, "release": release or "none"}
            )

    def result(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "ok": self.sent - self.failed,
            "failed": self.failed,
            "failures": self.failures,
            "access_renewed": self.renewed,
            "by_release": dict(self.by_release),
            "by_kind": {kind: dict(counts) for kind, counts in sorted(self.by_kind.items())},
            "latency_ms": {
                "p50": round(percentile(self.latencies_ms, 0.5), 1),
                "p99": round(percentile(self.latencies_ms, 0.99), 1),
                "max": round(max(self.latencies_ms, default=0.0), 1),
            },
            "timeline": [
                {"second": second, "sent": sent, "failed": failed, "slowest_ms": round(slowest, 1)}
                for second, (sent, failed, slowest) in sorted(self.seconds.items())
            ],
        }
