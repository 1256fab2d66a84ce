"""A stand-in for HAProxy's admin socket: it keeps maps, answers `show stat`, and can be told to misbehave.

The words of the answers are those of HAProxy 2.6, with the empty line that ends each.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CONTAINER_MAPS = "/etc/haproxy/maps"
LIVE, PROBE = f"{CONTAINER_MAPS}/live.map", f"{CONTAINER_MAPS}/probe.map"
UNKNOWN_MAP = "Unknown map identifier. Please use #<id> or <file>.\n\n"
HEADER = "# pxname,svname,scur,status,check_status,addr,"


class EdgeAdmin:
    """One edge: its socket, its map files and its memory.

    `hears` is called with each command before it is obeyed. `canned` holds answers by verb ("set map"): such a
    command is answered and not obeyed. `servers` is {backend: (status, check_status, addr)}, `sessions` holds
    what the next `show stat` calls say of a backend; the last number stays.
    """

    def __init__(self, folder: Path) -> None:
        self.socket_path, self.maps_dir = str(folder / "admin.sock"), folder / "maps"
        self.live_file = self.maps_dir / "live.map"
        self.memory: dict[str, dict[str, str]] = {LIVE: {}, PROBE: {}}
        self.servers: dict[str, tuple[str, str, str]] = {}
        self.sessions: dict[str, list[int]] = {}
        self.canned: dict[str, str] = {}
        self.commands: list[str] = []
        self.hears: Callable[[str], object] = lambda _command: None
        self.maps_dir.mkdir()

    @property
    def writes(self) -> list[str]:
        """The commands that were to change something."""
        return [command for command in self.commands if not command.startswith("show")]

    def holds(self, entries: dict[str, str]) -> None:
        """Give the live map these entries, in its file and in memory."""
        self.live_file.write_text("".join(f"{key} {value}\n" for key, value in entries.items()))
        self.memory[LIVE] = dict(entries)

    def answer(self, command: str) -> str:
        self.commands.append(command)
        self.hears(command)
        canned = self.canned.get(" ".join(command.split()[:2]))
        if canned is not None:
            return canned
        match command.split():
            case ["show", "stat"]:
                return self._stat()
            case [verb, "map", path, *rest] if path in self.memory:
                return MAP_VERBS[verb](self.memory[path], *rest)
        return UNKNOWN_MAP

    def _stat(self) -> str:
        rows = [HEADER, "public,FRONTEND,9,OPEN,,,"]
        for backend, server in self.servers.items():
            counts = self.sessions.get(backend, [0])
            count = counts.pop(0) if len(counts) > 1 else counts[0]
            rows += [f"{backend},s1,{count},{','.join(server)},", f"{backend},BACKEND,{count},UP,,,"]
        return "\n".join([*rows, "", ""])


def _show(entries: dict[str, str]) -> str:
    return "".join(f"0x{id(key):012x} {key} {value}\n" for key, value in entries.items()) + "\n"


def _set(entries: dict[str, str], key: str, value: str) -> str:
    if key not in entries:
        return "entry not found.\n\n"
    entries[key] = value
    return "\n"


def _add(entries: dict[str, str], key: str, value: str) -> str:
    entries.setdefault(key, value)  # of two entries with one key, the first is found
    return "\n"


def _delete(entries: dict[str, str], key: str) -> str:
    return "\n" if entries.pop(key, None) else "Key not found.\n\n"


def _clear(entries: dict[str, str]) -> str:
    entries.clear()
    return "\n"


MAP_VERBS = {"show": _show, "set": _set, "add": _add, "del": _delete, "clear": _clear}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    edge: EdgeAdmin


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command = self.rfile.readline().decode().strip()
        self.wfile.write(self.server.edge.answer(command).encode())


@contextmanager
def serve(folder: Path) -> Iterator[EdgeAdmin]:
    """Serve an edge that has no entry and no server."""
    edge = EdgeAdmin(folder)
    with _Server(edge.socket_path, _Connection) as server:
        server.edge = edge
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield edge
        finally:
            server.shutdown()
            thread.join()
