"""Runs during which something breaks, and how long it took until the wanted release served."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from app_host import ROOT, AppHost
from playbook_run import PROJECT, Answer, Case, run

RESULTS = PROJECT / ".sandbox" / "faults.jsonl"


def deploy(version: str, sentence: str = "", **variables: object) -> Case:
    """A deploy without traffic of its own: the scenario's traffic is judged at its end."""
    return _case("deploy", version, sentence, {"igny8_version": version} | variables)


def rollback(sentence: str = "", **variables: object) -> Case:
    """A rollback, likewise."""
    return _case("rollback", "rollback", sentence, variables)


def _case(playbook: str, name: str, sentence: str, variables: dict) -> Case:
    # More releases than are kept: a page that users have open since the first of them needs its assets.
    given = json.dumps({"prober_enabled": False, "release_keep": 50} | variables)
    return Case(name, playbook, sentence, (f"--extra-vars={given}",))


@contextmanager
def begun(case: Case, inventory: Path) -> Iterator[Future[Answer]]:
    """A run that goes on while the test breaks something."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit(run, case, inventory)


def wait_for_phase(app: AppHost, phase: str, going: Future[Answer], seconds: float = 900) -> None:
    """Wait until the run that holds the lock is in a phase."""
    wait_until(lambda: going.done() or _phase(app) == phase, seconds, f"phase {phase}")
    assert not going.done(), going.result().text


def _phase(app: AppHost) -> str:
    lock = app.run(f"cat {ROOT}/lock.json 2>/dev/null || true")
    return json.loads(lock)["phase"] if lock else ""


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition; fails the test when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come in {seconds} s"
        time.sleep(0.2)


def serves(app: AppHost, version: str) -> bool:
    """Whether a version answers users, page and API."""
    answer = app.get("/")
    return answer.status == 200 and answer.headers.get("x-release", "").startswith(f"{version}-")


@contextmanager
def noted(fault: str, end: str) -> Iterator[None]:
    """Keep how long it took from here until the end state was there, for the table in docs/reliability.md."""
    begun_at = time.monotonic()
    yield
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as handle:
        row = {"fault": fault, "end": end, "seconds": round(time.monotonic() - begun_at, 1)}
        handle.write(json.dumps(row | {"host": os.environ.get("SANDBOX_NAME", "")}) + "\n")
