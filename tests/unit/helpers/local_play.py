"""Runs tasks of the project on this machine, as Ansible does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from project_files import ROOT


def begin(
    folder: Path, tasks: list[dict[str, Any]], *arguments: str, **variables: Any
) -> subprocess.Popen[str]:
    """Begin to run tasks. `folder` is where the playbook is written."""
    content = {
        "name": "Play",
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable} | variables,
        "tasks": tasks,
    }
    (folder / "play.yml").write_text(yaml.safe_dump([content]))
    return subprocess.Popen(
        ["ansible-playbook", "--inventory=localhost,", *arguments, str(folder / "play.yml")],
        env=os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"},
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def play(folder: Path, tasks: list[dict[str, Any]], **variables: Any) -> str:
    """Run tasks that have to succeed; returns what was printed."""
    going = begin(folder, tasks, **variables)
    printed, complained = going.communicate()
    assert going.returncode == 0, printed + complained
    return printed
