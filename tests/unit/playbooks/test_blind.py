"""What the doctor keeps of a part of the host that it could not look at: findings and support bundles tell of it."""

from __future__ import annotations

import json
from pathlib import Path

from ansible.module_utils.redaction import SECRET
from local_play import play
from project_files import ROOT, load

BLIND = ROOT / "playbooks/tasks/could_not_look.yml"
WIRING = load(ROOT / "playbooks/group_vars/all/wiring.yml")
WIRED = ("__first_cause", "release_known_secrets", "release_known_secret_names")


def test_the_reason_is_without_secrets(tmp_path: Path):
    fails = {"name": "ask", "ansible.builtin.fail": {"msg": "FATAL: no host in k3y-of-app; sid=abcdef"}}
    include = {"ansible.builtin.include_tasks": str(BLIND), "vars": {"__probe": "postgres"}}
    content = {"content": "{{ doctor_blind | to_json }}", "dest": str(tmp_path / "blind")}
    play(
        tmp_path,
        [{"block": [fails], "rescue": [include]}, {"ansible.builtin.copy": content}],
        **{name: WIRING[name] for name in WIRED},
        doctor_blind={}, verify_password="k3y-of-app", verify_session_cookie="sid",
    )  # fmt: skip
    found = json.loads((tmp_path / "blind").read_text())["postgres"]
    assert found["reason"] == f"FATAL: no host in {SECRET}; sid={SECRET}"
    assert not found["asserted"]
