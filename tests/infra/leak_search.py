"""Looks for secrets in processes, files, archives and what commands print, in every form in which a secret is written.

It needs Python alone, so that a sandbox host can run it as it is: `leak_watch` sends it there. What is found is told by
the names of the secrets.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import html
import io
import json
import lzma
import os
import re
import select
import shlex
import socket
import stat
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote, quote_plus

#: Archives in archives, as a bundle in a folder that was packed.
DEEPEST = 3
PAUSE_SECONDS = 0.1
#: Between two questions to the edge, which has others to answer.
ASKING_SECONDS = 0.5
#: What of a secret is distinctive by itself, in whatever way the rest of it is written.
STEM = re.compile(r"[A-Za-z0-9-]{12,}")
#: With what a JSON Web Token begins.
TOKEN = b"eyJ"
UNPACKED_BY_MAGIC: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
UNREADABLE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)


def forms(secret: str) -> set[bytes]:
    """A secret as JSON, Python, addresses, shells, HTML and base64 write it, as it is, and each stem of it."""
    written = {secret, repr(secret)[1:-1], quote(secret, safe=""), quote(secret), quote_plus(secret)}
    written |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    written |= {shlex.quote(secret), shlex.quote(secret).strip("'"), secret.replace("'", "'\\''")}
    written |= {re.sub(r'([\\"$`])', r"\\\1", secret), html.escape(secret), html.escape(secret, quote=False)}
    # Docker's JSON has no character that means something to HTML.
    written |= {re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text) for text in written}
    # In each other once: JSON that a shell or another JSON quotes.
    written |= {json.dumps(text)[1:-1] for text in written}
    found = {text.encode() for text in written} | _in_base64(secret.encode())
    found |= {stem.encode() for stem in STEM.findall(secret)}
    # What has a shorter one in it is found by that.
    return {form for form in found if not any(other in form for other in found - {form})}


def _in_base64(secret: bytes) -> set[bytes]:
    """The letters that hold nothing but the secret, wherever among three bytes it begins."""
    found = set()
    for shift in range(3):
        first, end = (8 * shift + 5) // 6, 8 * (shift + len(secret)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * shift + secret)[first:end])
    return found


class Search:
    """Secrets by their names. Those of `learned` are long and random, and looked for as they are."""

    def __init__(self, secrets: Mapping[str, str], learned: Mapping[str, str] | None = None) -> None:
        self._needles = {form: name for name, secret in secrets.items() for form in forms(secret)}
        self._tokens: dict[bytes, str] = {}
        self._known: dict[bytes, set[str]] = {}
        for name, secret in (learned or {}).items():
            self.learn(name, secret)

    def learn(self, name: str, secret: str) -> None:
        """Look for one more from here on."""
        # Most contents have no token at all.
        kept = self._tokens if secret.encode().startswith(TOKEN) else self._needles
        kept.setdefault(secret.encode(), name)

    def names(self, content: bytes) -> set[str]:
        """Names of the secrets that a content has, or what is packed in it."""
        digest = hashlib.sha256(content).digest()
        if digest not in self._known:
            parts = [content, *unpacked(content)]
            self._known[digest] = {name for part in parts for name in self._names(part)}
        return self._known[digest]

    def _names(self, part: bytes) -> Iterator[str]:
        looked_for = self._needles | (self._tokens if TOKEN in part else {})
        yield from (name for form, name in looked_for.items() if form in part)

    def hits(self, where: str, content: bytes) -> set[str]:
        """`<name> in <where>` for each of them."""
        return {f"{name} in {where}" for name in self.names(content)}

    def files(self, places: Iterable[str], spared: str = "") -> set[str]:
        """The same of all files below some folders, and of their names."""
        found = set()
        for path in files(places, spared):
            with suppress(OSError), open(path, "rb") as file:
                found |= self.hits(path, file.read())
            found |= self.hits(f"the name of a file in {os.path.dirname(path)}", os.fsencode(path))
        return found

    def commands(self, commands: Mapping[str, str]) -> set[str]:
        """The same of what commands print, by their names. Raises CalledProcessError where one fails."""
        found = set()
        for name, command in commands.items():
            done = subprocess.run(
                ["sh", "-euc", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True
            )
            found |= self.hits(name, done.stdout)
        return found


def unpacked(content: bytes, depth: int = DEEPEST) -> Iterator[bytes]:
    """Everything that is packed in a content, and in that: names of files as well. What cannot be read is left."""
    for part in _members(content) if depth else ():
        yield part
        yield from unpacked(part, depth - 1)


def _members(content: bytes) -> Iterator[bytes]:
    with suppress(*UNREADABLE):
        for magic, unpack in UNPACKED_BY_MAGIC.items():
            if content.startswith(magic):
                yield unpack(content)
        if content[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isfile() else None
                    yield member.name.encode() + b"\n"
                    yield file.read() if file else b""
        elif content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield name.encode() + b"\n"
                    yield archive.read(name)


def unfolded(text: str) -> str:
    """A text without what YAML puts where it folds a quoted one between two of its characters."""
    return re.sub(r"\\\s+", "", text)


def files(places: Iterable[str], spared: str = "") -> Iterator[str]:
    """Regular files below folders, none through a link or on another disk, and none whose path matches `spared`."""
    for place in filter(os.path.isdir, places):
        disk = os.lstat(place).st_dev
        for folder, folders, names in os.walk(place):
            folders[:] = [name for name in folders if _is_on(disk, os.path.join(folder, name))]
            for path in (os.path.join(folder, name) for name in names):
                if not (spared and re.search(spared, path)) and _is_on(disk, path, stat.S_ISREG):
                    yield path


def _is_on(disk: int, path: str, kind: Callable[[int], bool] = stat.S_ISDIR) -> bool:
    with suppress(OSError):
        found = os.lstat(path)
        return found.st_dev == disk and kind(found.st_mode)
    return False


class Processes:
    """Arguments and environments of the processes that come and go.

    only: a text in the environments of those that are looked at; empty for all.
    """

    def __init__(self, search: Search, proc: str = "/proc", only: str = "") -> None:
        self.hits: set[str] = set()
        self._search, self._proc, self._only = search, proc, only.encode()
        self.seen: set[tuple[str, bytes]] = set()

    def look(self) -> None:
        """Look at those that are there now. A process that becomes another program is looked at again."""
        for process in filter(str.isdigit, os.listdir(self._proc)):
            arguments = self._read(process, "cmdline")
            if arguments and (process, arguments) not in self.seen:
                environment = self._read(process, "environ")
                if self._only in environment:
                    self.seen.add((process, arguments))
                    self._keep(arguments, environment)

    def _keep(self, arguments: bytes, environment: bytes) -> None:
        name = os.path.basename(arguments.partition(b"\0")[0]).decode(errors="replace")
        called = "a process" if self._search.names(name.encode()) else name
        self.hits |= self._search.hits(f"arguments of {called}", arguments)
        self.hits |= self._search.hits(f"environment of {called}", environment)

    def _read(self, process: str, what: str) -> bytes:
        with suppress(OSError), open(f"{self._proc}/{process}/{what}", "rb") as file:
            return file.read()
        return b""


class Sessions:
    """What a run on an app host knows by itself: the sessions with which it goes on, and the key to the idle slot."""

    def __init__(self, search: Search, canaries: str, socket_path: str, prove_map: str) -> None:
        self.learned: dict[str, str] = {}
        self._next = 0.0
        self._search, self._canaries, self._socket, self._map = search, canaries, socket_path, prove_map

    def look(self) -> None:
        """Learn what is there now."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + ASKING_SECONDS
        with suppress(OSError, ValueError), open(self._canaries, encoding="utf-8") as file:
            for canary in json.load(file)["canaries"]:
                for name in ("access", "refresh", "cookie"):
                    self._keep(f"canary's {name}", canary.get(name))
        with suppress(OSError):
            for line in _ask(self._socket, f"show map {self._map}").splitlines():
                # Where the entry is in memory, key and value.
                self._keep("prove key", line.split()[1] if len(line.split()) == 3 else "")

    def _keep(self, name: str, secret: str | None) -> None:
        if secret and secret not in self.learned.values():
            numbered = f"{name} {len(self.learned)}"
            self.learned[numbered] = secret
            self._search.learn(numbered, secret)


def _ask(path: str, command: str) -> str:
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(5)
        client.connect(path)
        client.sendall(f"{command}\n".encode())
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()


def watch(looks: list[Callable[[], None]], ended: Callable[[], bool]) -> None:
    """Look again and again, and once more at the end."""
    while not ended():
        for look in looks:
            look()
    for look in looks:
        look()


def _ended() -> bool:
    """Whether nobody writes to the standard input any more. Waits for that for a moment."""
    return bool(select.select([sys.stdin], [], [], PAUSE_SECONDS)[0])


def main(given: dict[str, Any]) -> None:
    """Watch processes until the standard input ends, or search what is given; prints what was found as JSON."""
    search = Search(given["secrets"], given.get("learned"))
    found: dict[str, Any] = {}
    if "watch" in given:
        processes = Processes(search, only=given["watch"])
        sessions = Sessions(search, *given["sessions"]) if "sessions" in given else None
        watch([processes.look, *([sessions.look] if sessions else [])], _ended)
        found = {
            "hits": processes.hits,
            "processes": len(processes.seen),
            "learned": sessions.learned if sessions else {},
        }
    else:
        hits = search.files(given.get("places", []), given.get("spared", ""))
        found = {"hits": hits | search.commands(given.get("commands", {}))}
    print(json.dumps(found | {"hits": sorted(found["hits"])}))
