"""Logs are read to their end, as `docker logs` prints them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import log_counts_info
import pytest
from manual import results_in_manual, returned

LINE = json.dumps({"at": time.time() - 5, "method": "POST", "path": "/refresh", "status": 401})
#: A program in place of docker: it writes what it was asked, and prints the log of the container that is named last.
DOCKER = """#!/bin/sh
echo "$@" >> {folder}/asked
for last; do :; done
echo "{{}} of its error output" >&2
[ -e "{folder}/$last" ] && exec cat "{folder}/$last"
exit 1
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a container a log."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return lambda name, *lines: (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def count(run_module):
    """Count the logs of containers."""
    options = {"kind": "edge", "seconds": 86400, "refresh_path": "/refresh"}
    return lambda *containers, **more: run_module(
        log_counts_info, options | {"containers": list(containers)} | more
    )


def test_a_log_is_counted(log, count, tmp_path):
    log("edge-1", LINE, "no JSON", LINE)
    result = count("edge-1")
    assert {row["name"]: row["count"] for row in result["counts"]} == {
        "answers": 2,
        "answers of 401": 2,
        "refreshes answered 401": 2,
    }
    assert (result["lines"], result["understood"], result["problems"], result["changed"]) == (3, 2, [], False)
    assert "--tail 200000 edge-1" in (tmp_path / "asked").read_text()
    assert returned(result) == results_in_manual(log_counts_info)


def test_a_log_that_cannot_be_read_keeps_no_other_from_being_counted(log, count):
    log("edge-1", LINE)
    result = count("gone-1", "edge-1")
    assert result["understood"] == 1
    assert result["problems"] == [
        "The log of gone-1 cannot be read (docker logs ends with 1), so nothing of it is known."
    ]


def test_no_line_is_no_zero(log, count):
    log("edge-1")
    result = count("edge-1")
    assert (result["first"], result["counts"], result["problems"]) == (None, [], [])


def test_older_lines_that_were_left_out_are_said(log, count):
    log("edge-1", LINE, LINE)
    assert count("edge-1", lines=2)["problems"] == [
        "Of the log of edge-1 the last 2 lines were read: of before nothing is known."
    ]


def test_a_log_that_takes_too_long_is_left_out(log, count, tmp_path):
    log("edge-1", LINE)
    program = tmp_path / "bin" / "docker"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/edge-1\nexec sleep 30\n")
    result = count("edge-1", read_seconds=1)
    assert (result["counts"], result["first"]) == ([], None)
    assert "took longer than 1 s" in result["problems"][0]


def test_a_host_without_the_program_is_a_sentence(count, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    result = count("edge-1")
    assert result["failed"] and "Logs cannot be read on this host" in result["msg"]
