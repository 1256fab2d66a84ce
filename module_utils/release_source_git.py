"""Read the files of a tag, branch or commit from a git repository.

The contents are read as git stores them: no filter, hook, attribute or line ending of this machine has a say, so a
commit gives the same files everywhere. A bare copy of the repository is kept, so that the next run fetches only what
is new. Git's own means log in: an ssh key, its agent, or a credential helper of the control node.
"""

from __future__ import annotations

import fcntl
import hashlib
import heapq
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher

from ansible.module_utils.release_source import SKIPPED_NAMES, SourceError

FETCH_TIMEOUT_SECONDS = 900
#: Connections that tell who the other side is; with others, anyone in between could change the release.
SCHEMES = ("https", "ssh", "file")
_HOST = r"([A-Za-z0-9][\w.-]*|\[[0-9A-Fa-f:.]+\])"
#: No user but for ssh, no password and no query: an address is seen in the list of processes.
ADDRESS = re.compile(
    rf"https://{_HOST}(:\d+)?/[^@?#\s]*|ssh://([\w.-]+@)?{_HOST}(:\d+)?/[^@\s]+|([\w.-]+@)?{_HOST}:(?!//)[^@\s]+"
    r"|file:///[^@\s]+"
)
VERSION = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)|[/.]$))[A-Za-z0-9][\w.+/-]{0,199}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{7,64}")
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
NEAREST = 5


class AddressError(SourceError):
    """The address must not reach git, nor be shown, for it may hold a password."""


@dataclass(frozen=True)
class Entry:
    """A file of a commit: its path, the id of its content, and whether it can be executed."""

    path: str
    blob: str
    executable: bool


def is_repository(source: str) -> bool:
    """Say whether git reads a source: an address, a bare repository, or a folder with one that lists no versions."""
    if not os.path.isdir(source):
        return "://" in source or ":" in source.split("/", 1)[0]
    names = set(os.listdir(source))
    return "versions.yml" not in names and (".git" in names or {"HEAD", "objects", "refs"} <= names)


def checked_address(source: str) -> str:
    """Return what git is given for a source; raises AddressError for what must not reach it."""
    if os.path.isdir(source):
        return os.path.abspath(source)
    address = source.removeprefix("git+")
    scheme, has_scheme, _ = address.partition("://")
    if has_scheme and scheme not in SCHEMES:
        raise AddressError(
            "release_source begins with a scheme over which a release could be changed on its way, or anything be run; "
            "use https://, ssh:// or a path."
        )
    if not ADDRESS.fullmatch(address):
        raise AddressError(
            "release_source is neither a folder nor an address like https://host/path, ssh://user@host/path or "
            "user@host:path (it is not shown here, for it may hold a password). A password or token has no place in "
            "it: an ssh key or git's credential helper logs in."
        )
    return address


def checked_version(version: str) -> str:
    """Return a version that may reach git; raises SourceError for one that cannot be a tag, branch or commit."""
    if not VERSION.fullmatch(version):
        raise SourceError(
            f"version {version!r} cannot be a tag, branch or commit: at most 200 letters, digits and . _ + / - can be, "
            "the first a letter or digit, and no '..'."
        )
    return version


class Repository:
    """A bare copy of a repository, in ``cache_dir``, that is brought up to date by `fetch`."""

    def __init__(self, address: str, cache_dir: str) -> None:
        self.address = address
        self.copy = os.path.join(cache_dir, f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.git")

    @contextmanager
    def fetched(self) -> Iterator[Repository]:
        """Bring the copy up to date, and keep other runs from changing it meanwhile."""
        os.makedirs(os.path.dirname(self.copy), mode=0o700, exist_ok=True)
        with open(f"{self.copy}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._git("init", "--quiet", "--bare", "--template=")
            self._git(
                *["-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false"],
                *["fetch", "--quiet", "--prune", "--no-tags", "--", self.address],
                *["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"],
            )
            yield self

    def commit(self, version: str) -> str:
        """Return the id of the commit that a version names: a tag before a branch, a branch before a commit's id."""
        refs = self._git("for-each-ref", "--format=%(refname)").decode().splitlines()
        candidates = [ref for ref in (f"refs/tags/{version}", f"refs/heads/{version}") if ref in refs]
        if not candidates and COMMIT.fullmatch(version):
            candidates = [version]
        for candidate in candidates:
            found = self._run("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
            if found.returncode == 0:
                return found.stdout.decode().strip()
        raise SourceError(self._unknown(version, {ref.split("/", 2)[2] for ref in refs}))

    def _unknown(self, version: str, names: set[str]) -> str:
        nearest = heapq.nlargest(
            NEAREST, sorted(names), lambda name: SequenceMatcher(None, version, name).ratio()
        )
        known = (
            f"the nearest of its {len(names)} names: {', '.join(nearest)}" if names else "it has none at all"
        )
        return f"version {version!r} is no tag, branch or commit of {self.address}; {known}."

    def extract(self, commit: str, folder: str) -> None:
        """Write the files of a commit below a folder."""
        for entry, content in self._contents(self._entries(commit)):
            if content.startswith(LFS_POINTER):
                raise SourceError(
                    f"{entry.path} is only a pointer to a file in Git LFS, which is not read here. Keep the file "
                    "itself in the repository, or give release_source a checked-out folder without .git."
                )
            path = os.path.join(folder, entry.path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as handle:
                handle.write(content)
            os.chmod(path, 0o755 if entry.executable else 0o644)

    def _entries(self, commit: str) -> list[Entry]:
        listing = self._git("ls-tree", "-r", "-z", "--full-tree", commit)
        entries = []
        for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            facts, path = line.split("\t", 1)
            mode, _kind, blob = facts.split()
            parts = path.split("/")
            if SKIPPED_NAMES.intersection(parts):
                continue
            if mode not in ("100644", "100755", "100664") or {"", ".", ".."}.intersection(parts):
                raise SourceError(
                    f"{path} of commit {commit[:12]} is not a plain file but a link, submodule or malformed; a release "
                    "holds plain files only. Replace it by its content."
                )
            entries.append(Entry(path, blob, mode == "100755"))
        return entries

    def _contents(self, entries: list[Entry]) -> Iterator[tuple[Entry, bytes]]:
        command, environment = self._command("cat-file", "--batch"), _environment()
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        ) as process:
            for entry in entries:
                process.stdin.write(f"{entry.blob}\n".encode())
                process.stdin.flush()
                header = process.stdout.readline().split()
                if header[1:2] != [b"blob"]:
                    raise SourceError(f"{entry.path} cannot be read from {self.copy}; remove that copy.")
                yield entry, process.stdout.read(int(header[2]))
                process.stdout.read(1)

    def _git(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode != 0:
            # Git takes the credentials out of an address that its own configuration has put in the place of this one.
            reason = " ".join(done.stderr.decode(errors="replace").split()).rstrip(".")
            raise SourceError(
                f"git could not read {self.address}: {reason or 'it did not say why'}. Check the address and that "
                f"`git ls-remote` can log in there without a question; the copy {self.copy} may be removed at any time."
            )
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            # In a session of its own there is no terminal on which git or ssh could wait for an answer.
            return subprocess.run(
                self._command(*arguments),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                start_new_session=True,
                timeout=FETCH_TIMEOUT_SECONDS,
            )
        except FileNotFoundError as error:
            raise SourceError(
                "git is not installed on the control node, and release_source is a git repository; install git."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise SourceError(
                f"git did not answer for {self.address} within {FETCH_TIMEOUT_SECONDS} seconds; check the network."
            ) from error

    def _command(self, *arguments: str) -> list[str]:
        return ["git", f"--git-dir={self.copy}", *arguments]


def _environment() -> dict[str, str]:
    # Variables of a git command that called this one, such as GIT_DIR in a hook, would lead to another repository.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.fullmatch(
            r"GIT_(DIR|COMMON_DIR|WORK_TREE|INDEX_FILE|NAMESPACE|PREFIX|OBJECT_DIRECTORY|.*ALTERNATE.*)", name
        )
    }
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES), "LC_ALL": "C"}
