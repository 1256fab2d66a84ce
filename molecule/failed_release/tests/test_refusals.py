"""Runs that are refused once the host is reached: they say why in words, and leave the host as it was."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from playbook_run import PROJECT, Case, check_refusal, run

SANDBOX = PROJECT / "inventory" / "sandbox"
#: What is there: all below the app's folder, files with their sizes and times, and the containers. The lock comes and
#: goes, and leaves nothing but the time of its folder.
STATE = r"""
find /data/app -path '*/run/*' -prune -o -type d -printf '%P %m\n' -o -printf '%P %y %m %s %T@\n' | sort
docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.CreatedAt}}' | sort
"""


def extra(**variables: object) -> tuple[str, ...]:
    """Extra variables as JSON; without traffic, which would write rows."""
    return (f"--extra-vars={json.dumps({'prober_enabled': False} | variables)}",)


#: Everything that a preflight can find at once, short of an engine that does not answer.
WRONG = {
    "redis_password": "wrong",
    "postgres_login_user": "nobody",
    "postgres_image": "none:1",
    "release_networks": ["edge", "data", "nothing"],
    "release_engine_at_least": "99",
    "release_min_free_mb": 99999999,
    "release_min_free_memory_mb": 99999999,
    "edge_drain_seconds": 7,
    "backend_signing_key": "a-key-with-which-nobody-has-signed-anything",
    "verify_url": "http://nowhere.invalid/",
}
FOUND = ".*".join(
    [
        "12 problems were found: 1. Docker Engine on the app host is .*; 99 or later is needed",
        "2. The app host has no Docker network nothing;",
        "3. The app host has too little room: ",
        "4. The app host has [0-9]+ MB of memory available; ",
        "5. Redis on 127.0.0.1:6379 does not answer this login: ",
        "6. The containers of the release would get another password of Redis than redis_password, ",
        "7. PostgreSQL on 127.0.0.1:5432 does not let nobody into igny8: ",
        "8. The app host has no image none:1, ",
        "9. The edge's configuration .*haproxy.cfg differs ",
        "10. The signing key to be deployed differs ",
        "11. The app host finds no address for nowhere.invalid, ",
        "12. Container .* of postgres runs .*; the inventory says none:1.* Nothing was changed",
    ]
)
#: The live release has the key under its old name alone.
RENAMED = {
    "backend_signing_key_name": "new_key",
    "release_secrets": {"new_key": "{{ vault_django_secret_key }}"}
    | {
        name: f"{{{{ vault_{name} }}}}"
        for name in ("django_secret_key", "postgres_password", "redis_password")
    },
}
OTHER_KEY = (
    "shows another SSH host key than known_hosts has for it. Compare its fingerprint .* Nothing was changed."
)
CASES = [
    Case("preflight", "preflight", FOUND, extra(**WRONG)),
    Case("deploy", "deploy", FOUND, extra(**WRONG)),
    Case(
        "renamed-key",
        "deploy",
        "1 problem was found: 1. A release is live .*/new_key is not there: .*"
        r"\(there are django_secret_key, postgres_password, redis_password\)\. .* Nothing was changed",
        extra(**RENAMED),
    ),
    Case(
        "unknown-version",
        "deploy",
        "version 'v99' is not in .*versions.yml; it lists: ",
        extra(igny8_version="v99"),
    ),
    Case(
        "unknown-release",
        "rollback",
        "release v99 has no record on this host; .* Nothing was changed.",
        extra(release="v99"),
    ),
    Case(
        "not-root",
        "deploy",
        "lets this run in as user number 65534; root is needed",
        extra(ansible_become_user="nobody"),
    ),
    Case(
        "no-sudo",
        "deploy",
        "refuses sudo. Check ansible_become_user",
        extra(ansible_become_user="nobody-at-all"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_refused_run_says_why_and_changes_nothing(case: Case, app):
    before = app.run(STATE)
    check_refusal(case, run(case, SANDBOX))
    assert app.run(STATE) == before


def test_a_host_with_another_ssh_key_is_refused(tmp_path: Path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    (tmp_path / "known_hosts").write_text(f"* {(tmp_path / 'key.pub').read_text()}")
    strict = (
        f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={tmp_path}/known_hosts -o IdentitiesOnly=yes"
    )
    # No connection that is open already is used again.
    fresh = {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(tmp_path)}
    case = Case("other-key", "deploy", OTHER_KEY, extra(ansible_ssh_common_args=strict), environment=fresh)
    check_refusal(case, run(case, SANDBOX))
