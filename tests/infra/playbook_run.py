"""Runs the project's playbooks as an operator does, and looks at how they refuse."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
#: What an operator must never have to read.
NOISE = re.compile(
    r"Traceback|AnsibleUndefined|[Jj]inja|is undefined|has no attribute|object of type|unable to convert|MODULE FAILURE"
)
AT_ONCE = 2


@dataclass(frozen=True)
class Case:
    """A run that must be refused: what is asked for, and a regular expression of the sentence that refuses it."""

    name: str
    playbook: str
    sentence: str
    arguments: tuple[str, ...] = ()
    inventory: str = "sandbox"
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Exit code of a run, and all that it printed, on one line."""

    code: int
    text: str


def run(case: Case, inventory: Path) -> Answer:
    """Run a case to its end."""
    colours = {"ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    done = subprocess.run(
        ["ansible-playbook", f"--inventory={inventory}", f"playbooks/{case.playbook}.yml", *case.arguments],
        cwd=PROJECT,
        env=os.environ | colours | case.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return Answer(done.returncode, " ".join((done.stdout + done.stderr).split()))


@contextmanager
def running(cases: list[Case], inventories: dict[str, Path]) -> Iterator[dict[str, Future[Answer]]]:
    """Run all cases, two at once; gives what becomes of them by their names. What has not begun by the end never is."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield {case.name: pool.submit(run, case, inventories[case.inventory]) for case in cases}
    finally:
        pool.shutdown(cancel_futures=True)


def check_refusal(case: Case, answer: Answer) -> None:
    """Fail the test unless the run refused with the sentence of the case, without noise."""
    assert answer.code != 0, answer.text
    assert re.search(case.sentence, answer.text), answer.text
    assert not NOISE.search(answer.text), answer.text
