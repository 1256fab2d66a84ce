"""Talk to HAProxy's runtime API over its admin socket, and read its answers.

The commands and the columns of ``show stat`` are those of HAProxy's management guide
(https://docs.haproxy.org/2.6/management.html, sections 9.1 and 9.3).
"""

from __future__ import annotations

import csv
import io
import os
import socket
import tempfile
import time
from collections.abc import Callable

SLOTS = ("blue", "green")
PARTS = ("api", "web")
LIVE_KEY = "live"


class EdgeError(Exception):
    """The edge could not be read or did not do what it was told; the text is one sentence for the operator."""


class EdgeRuntime:
    """One admin socket. Every call opens its own connection, as the runtime API expects."""

    def __init__(self, socket_path: str, timeout_seconds: float = 5.0) -> None:
        self.socket_path = socket_path
        self.timeout_seconds = timeout_seconds

    def ask(self, command: str) -> str:
        """Send one command and return the whole answer as text."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(self.timeout_seconds)
                client.connect(self.socket_path)
                client.sendall(command.encode() + b"\n")
                return _read_all(client).decode()
        except OSError as error:
            raise EdgeError(
                f"edge admin socket {self.socket_path} does not answer ({error.strerror or error}); a running edge is "
                "needed. Look at `docker compose ps` in the edge's folder."
            ) from error

    def read_map(self, path: str) -> dict[str, str]:
        """Return the runtime content of the map file that HAProxy knows as ``path``."""
        answer = self.ask(f"show map {path}")
        if "Unknown map" in answer:
            raise EdgeError(
                f"edge has no map {path}; its configuration is not the one this project installs."
            )
        if any(line and not line.startswith("0x") for line in answer.splitlines()):
            raise EdgeError(f"edge refused to show map {path}: {answer.strip().splitlines()[0]}")
        return parse_map(answer, columns=3)

    def set_entry(self, path: str, key: str, value: str) -> None:
        """Give ``key`` the value, adding the entry if it is new."""
        verb = "set" if key in self.read_map(path) else "add"
        self._quiet(f"{verb} map {path} {key} {value}")

    def delete_entry(self, path: str, key: str) -> None:
        """Remove ``key``; nothing happens where it is not there."""
        if key in self.read_map(path):
            self._quiet(f"del map {path} {key}")

    def clear(self, path: str) -> None:
        """Remove all entries of a map."""
        self._quiet(f"clear map {path}")

    def servers(self) -> dict[str, dict[str, str]]:
        """Return the server lines of ``show stat`` by backend name."""
        return parse_servers(self.ask("show stat"))

    def sessions(self, backends: list[str]) -> int:
        """Return how many requests the named backends are serving now."""
        return sum_sessions(self.ask("show stat"), backends)

    def answered(self, backends: list[str]) -> dict[str, int]:
        """Return how many answers the named backends have given since HAProxy started, and how many of them failed."""
        return sum_answers(self.ask("show stat"), backends)

    def _quiet(self, command: str) -> None:
        answer = self.ask(command).strip()
        if answer:
            # Entries of the prove map are secrets: the verb and the map are named, never the key.
            raise EdgeError(f"edge refused `{' '.join(command.split()[:3])}`: {answer.splitlines()[0]}")


def _read_all(client: socket.socket) -> bytes:
    chunks = []
    while chunk := client.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


def parse_map(text: str, columns: int = 2) -> dict[str, str]:
    """Read map lines. ``columns`` is 2 for a file (key value), 3 for the runtime's answer (id key value)."""
    entries = {}
    for line in text.splitlines():
        fields = line.split(None, columns - 1)
        if len(fields) == columns and not line.startswith("#"):
            entries[fields[-2]] = fields[-1]
    return entries


def render_map(entries: dict[str, str]) -> str:
    """Return the text of a map file, sorted, so that equal entries are equal files."""
    return "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))


def write_map(path: str, entries: dict[str, str]) -> None:
    """Replace a map file in one rename, so that a restarting edge never reads half of it."""
    folder = os.path.dirname(path)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".map-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(render_map(entries))
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_map_file(path: str) -> dict[str, str]:
    """Return the entries of a map file; a missing file has none."""
    try:
        with open(path, encoding="utf-8") as handle:
            return parse_map(handle.read())
    except FileNotFoundError:
        return {}


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("# "))))


def parse_servers(text: str) -> dict[str, dict[str, str]]:
    """Return {backend: row} for the rows of ``show stat`` that are servers (one server a backend)."""
    return {row["pxname"]: row for row in _rows(text) if row["svname"] not in ("FRONTEND", "BACKEND")}


def sum_sessions(text: str, backends: list[str]) -> int:
    """Add up the current sessions (``scur``) of the named backends."""
    return sum(
        int(row["scur"]) for row in _rows(text) if row["svname"] == "BACKEND" and row["pxname"] in backends
    )


def sum_answers(text: str, backends: list[str]) -> dict[str, int]:
    """Add up the answers of the named backends (``hrsp_1xx`` to ``hrsp_other``), and those of 5xx.

    HAProxy's own 502, 503 and 504 for a backend are among its ``hrsp_5xx``.
    """
    rows = [row for row in _rows(text) if row["svname"] == "BACKEND" and row["pxname"] in backends]
    kinds = ("1xx", "2xx", "3xx", "4xx", "5xx", "other")
    return {
        "requests": sum(int(row[f"hrsp_{kind}"] or 0) for row in rows for kind in kinds),
        "errors": sum(int(row["hrsp_5xx"] or 0) for row in rows),
    }


def backends_of(slot: str) -> list[str]:
    """Return the names of the backends that make up a slot."""
    return [f"{part}_{slot}" for part in PARTS]


def other_slot(slot: str | None) -> str:
    """Return the slot that is not ``slot``; the first one where nothing is live yet."""
    return SLOTS[1] if slot == SLOTS[0] else SLOTS[0]


def not_ready(servers: dict[str, dict[str, str]], slot: str, addresses: dict[str, str]) -> list[str]:
    """Say what keeps a slot from serving: one sentence for each backend, none when it is ready.

    ``addresses`` is {part: address of the container that must be behind it}. HAProxy takes a server for UP
    before its first check, and its resolver may hold the address of the release that had the slot before,
    so both the finished check and the address are asked for.
    """
    problems = []
    for part in PARTS:
        row = servers.get(f"{part}_{slot}")
        if row is None:
            problems.append(f"edge has no backend {part}_{slot}")
        elif row["addr"].rsplit(":", 1)[0] != addresses[part]:
            problems.append(
                f"{part}_{slot} points to {row['addr'] or 'no address'}, {addresses[part]} is needed"
            )
        # A star says that a check is running; the status beside it is the last one's.
        elif not row["status"].startswith("UP") or row["check_status"].removeprefix("* ") != "L7OK":
            problems.append(f"{part}_{slot} is {row['status']} (check {row['check_status'] or 'not run'})")
    return problems


def wait_until(
    problems: Callable[[], list[str]], timeout_seconds: float, pause_seconds: float = 0.1
) -> list[str]:
    """Ask until there is no problem left or the time is over; return what is left."""
    deadline = time.monotonic() + timeout_seconds
    while (left := problems()) and time.monotonic() < deadline:
        time.sleep(pause_seconds)
    return left
