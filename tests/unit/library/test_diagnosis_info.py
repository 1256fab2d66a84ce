"""The module only hands on: the rules have tests of their own."""

from __future__ import annotations

import diagnosis_info
from manual import results_in_manual, returned

COMMANDS = dict.fromkeys(
    [
        *("browser", "deploy", "doctor", "fix", "monitor", "preflight"),
        *("redeploy", "releases", "restore"),
        "rollback",
        "setup",
    ],
    "x",
)


def test_findings_their_repair_and_what_is_shown(run_module):
    redis = {
        "Names": ["/data-redis-1"],
        "Labels": {"com.docker.compose.service": "redis", "com.docker.compose.project": "data"},
        "State": "exited",
        "Status": "",
    }
    seen = {
        "containers": [redis],
        "data_services": {"here": ["redis"], "project": "data"},
        "found": {"redis": {"answers": "refused"}},
        "login": {"browser": "full"},
    }
    result = run_module(diagnosis_info, {"seen": seen, "commands": COMMANDS}, False)
    [finding] = result["findings"]
    assert (finding["kind"], finding["argv"]) == ("redis", ["docker", "start", "data-redis-1"])
    assert result["mends"] == [finding]
    assert result["critical"] == ["Redis connection refused"]
    assert result["lines"][0].startswith("CRITICAL")
    assert returned(result) == results_in_manual(diagnosis_info)
