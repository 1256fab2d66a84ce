"""A run: enrol what is missing, send by the clock until told to stop, use every session once more, report."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable
from typing import Any

from probing.client import Client
from probing.config import Config, ProberError
from probing.measure import Recorder, describe_first, timestamp
from probing.sessions import (
    Session,
    StateFile,
    choose_kind,
    count_by,
    missing_slots,
    prune,
    write_atomically,
)
from probing.traffic import Prober

LOGIN_ATTEMPTS = 2


async def enrol(config: Config, client: Client, sessions: list[Session], recorder: Recorder) -> int:
    """Log in until every wanted session exists; returns how many were made. Raises ProberError."""
    gate = asyncio.Semaphore(config.concurrency)

    async def fill(slot: int) -> Session | None:
        async with gate:
            for _attempt in range(LOGIN_ATTEMPTS):
                kind = choose_kind(slot, config.user_count)
                session = await client.log_in(config.user(slot), kind, slot)
                if session and not session.ended:
                    return session
            return None

    slots = missing_slots(sessions, config.sessions, time.time())
    made = [session for session in await asyncio.gather(*map(fill, slots)) if session]
    sessions.extend(made)
    if len(made) < len(slots):
        raise ProberError(
            f"{len(slots) - len(made)} of {len(slots)} logins at {config.base_url} failed; "
            f"{config.sessions} sessions are needed; the first failure was {describe_first(recorder.failures)}"
        )
    return len(made)


async def prove_alive(config: Config, client: Client, sessions: list[Session]) -> set[str]:
    """Use every session once more; returns the ids of those that answered as their own user, within final_seconds."""
    gate, alive = asyncio.Semaphore(config.concurrency * 2), set()

    async def use(session: Session) -> None:
        async with gate:
            if session.by_token and not await client.refresh(session):
                return
            if await client.get_me(session):
                alive.add(session.id)

    now = time.time()
    tasks = [asyncio.create_task(use(s)) for s in sessions if not s.ended and not s.expired(now)]
    if tasks:
        _done, late = await asyncio.wait(tasks, timeout=config.final_seconds)
        for task in late:
            task.cancel()
    return alive


def describe_sessions(sessions: list[Session], alive: set[str], wanted: int, now: float) -> dict[str, Any]:
    """Every session is alive, ended, expired by its own lifetime, or not proven."""
    ended = [s for s in sessions if s.ended]
    expired = [s for s in sessions if not s.ended and s.expired(now) and s.id not in alive]
    return {
        "total": len(sessions),
        "wanted": wanted,
        "users": len({s.user for s in sessions}),
        "by_kind": count_by(sessions, "kind"),
        "by_made_release": count_by(sessions, "release"),
        "alive": len(alive - {s.id for s in ended}),
        "expired": len(expired),
        "unproven": len([s for s in sessions if not s.ended and s not in expired and s.id not in alive]),
        "ended": [{"id": s.id, "kind": s.kind, "user": s.user, "reason": s.ended} for s in ended],
    }


async def run_prober(
    config: Config,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> dict[str, Any]:
    """A whole run; writes acknowledged.txt, state and result.json. `ready` is called with an empty text once the first
    requests were answered. Raises ProberError when the run cannot begin.
    """
    state, started_at = StateFile(config.directory), time.time()
    loaded, now = state.load(), time.time()
    live = [s for s in loaded if s.ended or not s.expired(now)]
    sessions = prune(live, config.sessions * 3 // 2)
    recorder = Recorder(started_at)
    enrolment = Recorder(started_at)
    async with Client(config, enrolment, state) as client:
        made = await enrol(config, client, sessions, enrolment)
    state.save(sessions)
    log(f"{len(sessions)} sessions, {made} of them new")
    recorder = Recorder(time.time())
    async with Client(config, recorder, state) as client:
        prober = Prober(config, client, recorder, sessions, log)
        watchers = [asyncio.create_task(_announce(prober, ready))]
        if stop is not None:
            watchers.append(asyncio.create_task(_pass_on(stop, prober)))
        await prober.send_all()
        log(f"stopped sending, using all {len(sessions)} sessions once more")
        alive = await prove_alive(config, client, sessions)
        for watcher in watchers:
            watcher.cancel()
    return _finish(config, state, recorder, sessions, alive, prober.acknowledged)


async def run_enrol(config: Config) -> dict[str, int]:
    """Make the missing sessions and save the state; also what was made before an error stays."""
    state, now = StateFile(config.directory), time.time()
    sessions = [s for s in state.load() if s.ended or not s.expired(now)]
    enrolment = Recorder(now)
    async with Client(config, enrolment, state) as client:
        made = await enrol(config, client, sessions, enrolment)
    state.save(sessions)
    return {"made": made, "sessions": len(sessions)}


async def _announce(prober: Prober, ready: Callable[[str], None]) -> None:
    await prober.first_answers.wait()
    ready("")


async def _pass_on(stop: asyncio.Event, prober: Prober) -> None:
    await stop.wait()
    prober.stop()


def _finish(
    config: Config,
    state: StateFile,
    recorder: Recorder,
    sessions: list[Session],
    alive: set[str],
    acknowledged: list[str],
) -> dict[str, Any]:
    ids_file = config.directory / "acknowledged.txt"
    write_atomically(ids_file, "".join(f"{row_id}\n" for row_id in acknowledged))
    result = {
        "started_at": timestamp(recorder.started_at),
        "ended_at": timestamp(time.time()),
        **recorder.result(),
        "sessions": describe_sessions(sessions, alive, config.sessions, time.time()),
        "rows": {"acknowledged": len(acknowledged)},
        "acknowledged_ids_file": str(ids_file),
    }
    write_atomically(config.directory / "result.json", json.dumps(result, indent=1))
    state.save([s for s in sessions if not s.ended])
    with contextlib.suppress(FileNotFoundError):
        os.unlink(config.directory / "stop")
    return result
