"""Runs tasks of the project on this machine, as Ansible does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from project_files import ROOT


def play(folder: Path, tasks: list[dict[str, Any]], **variables: Any) -> str:
    """Run tasks that have to succeed; returns what was printed. `folder` is where the playbook is written."""
    content = {
        "name": "Play",
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable} | variables,
        "tasks": tasks,
    }
    (folder / "play.yml").write_text(yaml.safe_dump([content]))
    done = subprocess.run(
        ["ansible-playbook", "--inventory=localhost,", str(folder / "play.yml")],
        env=os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"},
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
