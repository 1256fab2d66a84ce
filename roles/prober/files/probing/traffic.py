"""What is sent during a run, by the clock, until the run is told to stop."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from probing.client import Client
from probing.config import Config, ProberError
from probing.measure import Recorder, describe_first
from probing.reading import find_assets, find_chunks
from probing.schedule import Rotation, due, mix
from probing.sessions import Session, choose_kind

TICK_SECONDS = 0.02
ASSET_SETS_KEPT = 5
FIRST_REQUESTS = 8


class Assets:
    """The hashed assets of the pages seen: the oldest stay in use, as in a tab that was never reloaded."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._sets: list[list[str]] = []
        self._turns = [Rotation() for _set in range(ASSET_SETS_KEPT + 1)]

    def unknown(self, index: str) -> list[str]:
        """Assets of the page, when they are not those of a page seen before."""
        found = find_assets(index, self._config.asset_pattern)
        return [] if any(known[: len(found)] == found for known in self._sets) else found

    def add(self, assets: list[str], chunks: list[str]) -> None:
        self._sets.append(list(dict.fromkeys(assets + chunks)))
        del self._sets[1 : max(1, len(self._sets) - ASSET_SETS_KEPT + 1)]

    def take(self) -> str | None:
        """The next asset: of each page in turn, and within a page each in turn."""
        chosen = self._turns[-1].take(list(range(len(self._sets))))
        return None if chosen is None else self._turns[chosen].take(self._sets[chosen])


class Prober:
    """Sends the mix of one run. `stop` ends it after the requests under way."""

    def __init__(
        self,
        config: Config,
        client: Client,
        recorder: Recorder,
        sessions: list[Session],
        log: Callable[[str], None],
    ) -> None:
        self._config = config
        self._client = client
        self._recorder = recorder
        self._sessions = sessions
        self._log = log
        self._assets = Assets(config)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._turns = {"token": Rotation(), "cookie": Rotation()}
        self._logins = 0
        self._acts: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "login": self._log_in,
            "me_bearer": self._me_bearer,
            "me_cookie": self._me_cookie,
            "row": self._row,
            "refresh": self._refresh,
            "index": self._index,
            "asset": self._asset,
        }
        self._stopping = asyncio.Event()
        self.first_answers = asyncio.Event()
        self.acknowledged: list[str] = []

    def stop(self) -> None:
        self._stopping.set()

    async def send_all(self) -> None:
        """Send until stopped or `max_seconds` have passed, then wait for what is under way. Raises ProberError when the
        first requests fail.
        """
        await self._index()
        progress = asyncio.create_task(self._report_progress())
        try:
            await self._send_by_the_clock()
        finally:
            progress.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=4 * self._config.timeout_seconds)

    async def _send_by_the_clock(self) -> None:
        turns, started, done, logins = mix(self._config.mix()), time.monotonic(), 0, 0
        stop_file, login_rate = self._config.directory / "stop", 1 / self._config.login_interval_seconds
        while not self._stopping.is_set() and not stop_file.exists():
            elapsed = time.monotonic() - started
            if elapsed >= self._config.max_seconds:
                break
            for _request in range(due(elapsed, self._config.rate, done)):
                self.start(next(turns))
                done += 1
            for _login in range(due(elapsed, login_rate, logins)):
                self.start("login")
                logins += 1
            self._judge_first_answers()
            await asyncio.sleep(TICK_SECONDS)

    def _judge_first_answers(self) -> None:
        if self.first_answers.is_set() or self._recorder.sent < FIRST_REQUESTS:
            return
        if self._recorder.failures:
            raise ProberError(
                f"{self._recorder.failed} of the first {self._recorder.sent} requests to {self._config.base_url} "
                f"failed, the first was {describe_first(self._recorder.failures)}; none may fail before a run begins"
            )
        self.first_answers.set()

    def start(self, kind: str) -> None:
        """Send one request of that kind now; one too many is recorded as failed, for its time has come."""
        if len(self._tasks) >= self._config.max_in_flight:
            reason = f"not sent, {len(self._tasks)} requests are under way"
            self._recorder.record(kind, reason, "", time.time(), None)
            return
        task = asyncio.create_task(self._acts[kind]())
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self._recorder.record("prober", repr(task.exception()), "", time.time(), None)

    async def _me_bearer(self) -> None:
        if session := self._take("token"):
            await self._client.get_me(session)

    async def _me_cookie(self) -> None:
        if session := self._take("cookie"):
            await self._client.get_me(session)

    async def _refresh(self) -> None:
        if session := self._take("token"):
            await self._client.refresh(session)

    async def _row(self) -> None:
        session, row_id = self._take("token"), str(uuid.uuid4())
        if session and await self._client.post_row(session, row_id):
            self.acknowledged.append(row_id)

    async def _index(self) -> None:
        reply = await self._client.get_page("index", self._config.paths["index"])
        assets = self._assets.unknown(reply.text) if reply.verdict == "ok" else []
        if not assets:
            return
        chunks: list[str] = []
        for script in [asset for asset in assets if asset.endswith(".js")][:1]:
            text = (await self._client.get_page("asset", script)).text
            chunks = find_chunks(text, script, self._config.asset_pattern)
        if assets == self._assets.unknown(reply.text):
            self._assets.add(assets, chunks)

    async def _asset(self) -> None:
        if path := self._assets.take():
            await self._client.get_page("asset", path)
        else:
            await self._index()

    async def _log_in(self) -> None:
        number, self._logins = self._logins, self._logins + 1
        kind = choose_kind(number, self._config.user_count)
        session = await self._client.log_in(self._config.user(number), kind, None)
        if session:
            self._sessions.append(session)

    async def _report_progress(self) -> None:
        while True:
            await asyncio.sleep(self._config.progress_seconds)
            ended = sum(bool(s.ended) for s in self._sessions)
            self._log(
                f"sent {self._recorder.sent}, failed {self._recorder.failed}, under way {len(self._tasks)}, "
                f"sessions {len(self._sessions)}, ended {ended}, rows {len(self.acknowledged)}"
            )

    def _take(self, what: str) -> Session | None:
        now, by_token = time.time(), what == "token"
        usable = [s for s in self._sessions if s.by_token == by_token and not s.ended and not s.expired(now)]
        return self._turns[what].take(usable)
