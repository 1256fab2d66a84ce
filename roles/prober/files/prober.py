#!/usr/bin/env python3
"""Sends the traffic of logged-in users from the control node and proves that none was logged out.

  prober.py enrol < settings     make the sessions that are missing
  prober.py start < settings     start a prober that outlives this command, wait for its first answers; or go on
                                 with the one that a run which was cut short has left
  prober.py stop DIRECTORY SECONDS    stop it and print its result

Each prints one JSON object. What an operator can put right is {"ok": false, "reason": "<sentence>"} and exit code 0,
so that the caller shows the sentence though the settings, which hold a password, are kept out of its log.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from probing.config import Config, ProberError, read_config

try:
    from probing.run import run_enrol, run_prober
except ModuleNotFoundError as error:
    missing_module: str = error.name or str(error)
else:
    missing_module = ""

POLL_SECONDS = 0.1


def main(arguments: list[str]) -> int:
    try:
        answer = answer_command(arguments)
    except (ProberError, OSError) as error:
        answer = {"ok": False, "reason": str(error)}
    print(json.dumps(answer))
    return 0


def answer_command(arguments: list[str]) -> dict[str, Any]:
    if missing_module:
        raise ProberError(
            f"{sys.executable} has no {missing_module}; the prober needs it on the control node"
        )
    match arguments:
        case ["enrol"]:
            return enrol(read_config(sys.stdin.read()))
        case ["start"]:
            return start(read_config(sys.stdin.read()))
        case ["stop", directory, seconds]:
            return stop(Path(directory), float(seconds))
    raise ProberError(f"the arguments are {arguments}; enrol, start, or stop DIRECTORY SECONDS is needed")


def enrol(config: Config) -> dict[str, Any]:
    prepare(config.directory)
    with lock(config.directory):
        return {"ok": True, **asyncio.run(run_enrol(config))}


def start(config: Config) -> dict[str, Any]:
    """Detach a child that runs the prober; wait until it says that it is ready, or why it is not."""
    prepare(config.directory)
    if running(config.directory):
        # Its run was cut short: one run at a time holds the release lock. What it saw in between counts as well.
        return {"ok": True, "followed": True}
    held = lock(config.directory)
    for name in ("stop", "result.json", "acknowledged.txt"):
        (config.directory / name).unlink(missing_ok=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        detach(config, writing)
    held.close()
    os.close(writing)
    return {"ok": True, "pid": child, **wait_until_ready(reading, child, config)}


def wait_until_ready(reading: int, child: int, config: Config) -> dict[str, Any]:
    """Raises ProberError with what the child says, or when it dies or says nothing in time."""
    with os.fdopen(reading) as stream:
        said, _, _ = select.select([stream], [], [], config.start_seconds)
        if not said:
            os.kill(child, signal.SIGTERM)
            raise ProberError(
                f"the prober had no answers within {config.start_seconds:g} seconds; see {config.directory}/prober.log"
            )
        words = stream.readline().strip()
    if words != "ready":
        raise ProberError(
            words or f"the prober ended before its first answers; see {config.directory}/prober.log"
        )
    return {}


def detach(config: Config, writing: int) -> None:
    """Run the prober in this child process; never returns. It keeps the lock it inherited until it ends."""
    os.setsid()
    log_file = os.open(config.directory / "prober.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for old, new in ((os.open(os.devnull, os.O_RDONLY), 0), (log_file, 1), (log_file, 2)):
        os.dup2(old, new)

    stream = os.fdopen(writing, "w")

    def ready(problem: str) -> None:
        # The command that waits may be gone, or has been told before; the prober goes on all the same.
        with contextlib.suppress(OSError, ValueError), stream:
            print(problem or "ready", file=stream)

    code = 1
    try:
        asyncio.run(run_with_signals(config, ready))
        code = 0
    except ProberError as error:
        log(str(error))
        ready(str(error))
        code = 0
    finally:
        if code:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)


async def run_with_signals(config: Config, ready: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await run_prober(config, ready, log, stopped)


def stop(directory: Path, seconds: float) -> dict[str, Any]:
    """Ask the prober to stop and wait for its result, or take the result of one that has ended by itself."""
    result = directory / "result.json"
    if running(directory):
        (directory / "stop").touch()
        deadline = time.monotonic() + seconds
        while running(directory) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if running(directory):
            raise ProberError(
                f"the prober of {directory} did not end within {seconds:g} seconds; see prober.log there"
            )
    if not result.exists():
        raise ProberError(
            f"{directory} holds no result: the prober was not started or was killed; see prober.log there"
        )
    return {"ok": True, "result": json.loads(result.read_text())}


def prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def lock(directory: Path) -> IO[str]:
    """Hold the directory for this process and its children. Raises ProberError when another one holds it."""
    stream = (directory / "lock").open("a")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ProberError(f"a prober runs with {directory} already; stop it first") from error
    return stream


def running(directory: Path) -> bool:
    try:
        lock(directory).close()
    except ProberError:
        return True
    except FileNotFoundError:
        return False
    return False


def log(text: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
