"""Fixtures of the tests of backups and restores."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from backup_host import BackupHost
from faulty_runs import noted
from playbook_run import Answer, Case, check_refusal, run


@pytest.fixture
def backups(app) -> BackupHost:
    """The scenario's host."""
    return BackupHost(app)


@pytest.fixture
def refused(inventory) -> Callable[..., Answer]:
    """Run a playbook that must refuse with a sentence; without traffic, which would write rows."""

    def check(playbook: str, sentence: str, **variables: object) -> Answer:
        extra = (f"--extra-vars={json.dumps({'prober_enabled': False} | variables)}",)
        case = Case(playbook, playbook, sentence, extra)
        with noted(f"{playbook}: {sentence}", "refused"):
            answer = run(case, inventory)
        check_refusal(case, answer)
        return answer

    return check
