"""The sessions the prober keeps, and their state file.

The state is a snapshot plus a journal. The journal gets a line whenever a session changes, before the session is
used again, so a killed prober loses no rotated token: the snapshot is replaced by rename, and a torn last line of the
journal is left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path

KINDS = ("token", "cookie", "token_remember", "cookie_remember")


@dataclass
class Session:
    """One logged-in client. A token session has access and refresh, a cookie session has cookie.

    id: made here, of no token. release: the one that made it. slot: its number among the wanted ones, None for later
    logins. expires_at: Unix time at which it ends by itself, if known. ended: why it is over, empty while it is not.
    """

    id: str
    kind: str
    user: str
    release: str
    slot: int | None
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)
    expires_at: float | None = None
    ended: str = ""

    @property
    def by_token(self) -> bool:
        return self.kind.startswith("token")

    def expired(self, now: float) -> bool:
        """True when the session is over by its own lifetime; five seconds are left for clocks that differ."""
        return self.expires_at is not None and now >= self.expires_at - 5


def make_id() -> str:
    return hashlib.sha256(uuid.uuid4().bytes).hexdigest()[:12]


def choose_kind(slot: int, user_count: int) -> str:
    """Kinds in turn; a user's second session has another kind than the first."""
    return KINDS[(slot + slot // user_count) % len(KINDS)]


def missing_slots(sessions: list[Session], wanted: int, now: float) -> list[int]:
    """Numbers of the wanted sessions that do not exist or are over."""
    taken = {s.slot for s in sessions if not s.ended and not s.expired(now)}
    return [slot for slot in range(wanted) if slot not in taken]


def prune(sessions: list[Session], keep: int) -> list[Session]:
    """Those that are over and not yet reported, the wanted ones, and of later logins an equal share of each release,
    oldest first, up to `keep` live sessions in all.
    """
    ended = [s for s in sessions if s.ended]
    wanted = [s for s in sessions if not s.ended and s.slot is not None]
    groups: dict[str, list[Session]] = {}
    for session in sessions:
        if not session.ended and session.slot is None:
            groups.setdefault(session.release, []).append(session)
    fair = [s for turn in zip_longest(*groups.values()) for s in turn if s is not None]
    return ended + wanted + fair[: max(0, keep - len(wanted))]


def count_by(sessions: list[Session], attribute: str) -> dict[str, int]:
    return dict(sorted(Counter(getattr(s, attribute) for s in sessions).items()))


class StateFile:
    """state.json and journal.jsonl of a directory, both 0600."""

    def __init__(self, directory: Path) -> None:
        self._snapshot = directory / "state.json"
        self._journal = directory / "journal.jsonl"
        self._stream = None

    def load(self) -> list[Session]:
        """All sessions, the newest version of each."""
        found: dict[str, Session] = {}
        if self._snapshot.exists():
            for entry in json.loads(self._snapshot.read_text())["sessions"]:
                found[entry["id"]] = Session(**entry)
        if self._journal.exists():
            for line in self._journal.read_text().splitlines():
                try:
                    session = Session(**json.loads(line))
                except ValueError:
                    continue
                found[session.id] = session
        return list(found.values())

    def append(self, session: Session) -> None:
        """Note the session as it is now. What is written survives the end of this process."""
        if self._stream is None:
            self._stream = os.fdopen(
                os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a"
            )
            self._stream.write("\n")  # ends a line that a killed prober may have torn
        self._stream.write(json.dumps(asdict(session)) + "\n")
        self._stream.flush()

    def save(self, sessions: list[Session]) -> None:
        """Replace the snapshot, then empty the journal. Sessions that are over have been reported by now."""
        state = {"version": 1, "sessions": [asdict(s) for s in sessions]}
        write_atomically(self._snapshot, json.dumps(state))
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._journal.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a 0600 file that is either the old or the new one, also after a power cut."""
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
