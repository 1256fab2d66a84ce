"""Source files of a frontend: read with what makes them theirs, and written all together or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BYTES = 1024 * 1024
BOM = b"\xef\xbb\xbf"
SKIPPED_FOLDERS = frozenset(
    {"node_modules", "dist", "build", "coverage", "__tests__", "__mocks__", "tests", "test"}
)
SUFFIXES = (".ts", ".tsx")


class FileProblem(Exception):
    """A file that is not edited; the text is one sentence for the operator."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was read."""

    name: str  # from the folder of the frontend
    path: str
    text: str
    bom: bool
    status: os.stat_result

    def encoded(self, text: str) -> bytes:
        return (BOM if self.bom else b"") + text.encode()

    @property
    def tsx(self) -> bool:
        return self.name.endswith(".tsx")


class Tree:
    """The folder of a frontend. Nothing outside it is read or written."""

    def __init__(self, root: str) -> None:
        if not os.path.isdir(root):
            raise FileProblem(f"{root} is not a folder; set path to the folder of the frontend.")
        self.root = os.path.realpath(root)

    def real(self, name: str) -> str:
        """Return where a file really is. Raises FileProblem when that is outside the folder."""
        path = os.path.realpath(os.path.join(self.root, name))
        if os.path.commonpath([path, self.root]) != self.root:
            raise FileProblem(
                f"{name} leads to {path}, which is outside {self.root}; only files in that folder are edited."
            )
        return path

    def exists(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self.root, name))

    def read(self, name: str) -> SourceFile:
        """Return a file that can be edited. Raises FileProblem otherwise."""
        path = self.real(name)
        try:
            status = os.stat(path)
        except OSError as error:
            raise FileProblem(f"{name} cannot be read in {self.root}: {error.strerror}.") from error
        if not stat.S_ISREG(status.st_mode):
            raise FileProblem(f"{name} is not a file.")
        if status.st_size > MAX_BYTES:
            raise FileProblem(
                f"{name} has {status.st_size} bytes; a file of more than {MAX_BYTES} is not source that somebody wrote."
            )
        try:
            with open(path, "rb") as handle:
                content = handle.read()
        except OSError as error:
            raise FileProblem(f"{name} cannot be read in {self.root}: {error.strerror}.") from error
        bom = content.startswith(BOM)
        if b"\0" in content:
            raise FileProblem(f"{name} is not text: it holds null bytes.")
        try:
            text = content[len(BOM) if bom else 0 :].decode()
        except UnicodeDecodeError as error:
            raise FileProblem(f"{name} is not UTF-8: {error.reason} at byte {error.start}.") from error
        return SourceFile(name, path, text, bom, status)

    def sources(self) -> Iterator[str]:
        """Yield the names of the TypeScript files, without tests, declarations and what was installed or built."""
        for directory, folders, leaves in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS and name[0] != ".")
            for leaf in sorted(leaves):
                plain = not any(part in leaf for part in (".d.ts", ".test.", ".spec.", ".stories."))
                if leaf.endswith(SUFFIXES) and plain:
                    yield os.path.relpath(os.path.join(directory, leaf), self.root)

    def readable(self, names: Iterator[str], word: str) -> Iterator[SourceFile]:
        """Yield the files that can be read and hold a word."""
        for name in names:
            try:
                found = self.read(name)
            except FileProblem:
                continue
            if word in found.text:
                yield found


@dataclass(frozen=True)
class Write:
    """What becomes of a file: its new content, or None to remove it. `like` gives mode and owner."""

    name: str
    content: bytes | None
    like: SourceFile


def check_writable(tree: Tree, write: Write) -> None:
    if not write.like.status.st_mode & 0o222:
        raise FileProblem(f"{write.like.name} is read-only; let its owner write it, or edit a copy.")
    folder = os.path.dirname(tree.real(write.name))
    if not os.access(folder, os.W_OK):
        raise FileProblem(f"the folder {folder} cannot be written to.")


def write_all(tree: Tree, writes: list[Write]) -> None:
    """Write and remove the files; when one of them fails, all are as they were."""
    for write in writes:
        check_writable(tree, write)
    drafts: dict[str, str] = {}
    kept: dict[str, str | None] = {}
    try:
        for write in writes:
            if write.content is not None:
                drafts[write.name] = _draft(tree.real(write.name), write)
        for write in sorted(writes, key=lambda write: write.content is None):
            path = tree.real(write.name)
            kept[path] = _copy(path)
            if write.content is None:
                os.unlink(path)
            else:
                os.replace(drafts[write.name], path)
                del drafts[write.name]
    except OSError as error:
        for path, copy in kept.items():
            if copy is not None:
                # Where nothing was changed yet, both are the same file, and this does nothing.
                os.replace(copy, path)
            elif os.path.lexists(path):
                os.unlink(path)
        raise FileProblem(
            f"the edits could not be written, and all files are as they were: {error}."
        ) from error
    finally:
        for leftover in [*drafts.values(), *(copy for copy in kept.values() if copy)]:
            if os.path.exists(leftover):
                os.unlink(leftover)


def _draft(path: str, write: Write) -> str:
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".edit-")
    with os.fdopen(handle, "wb") as file:
        file.write(write.content or b"")
        file.flush()
        os.fsync(file.fileno())
    os.chmod(draft, stat.S_IMODE(write.like.status.st_mode))
    if os.geteuid() == 0:
        os.chown(draft, write.like.status.st_uid, write.like.status.st_gid)
    return draft


def _copy(path: str) -> str | None:
    """Keep what is at a place, under another name on the same file system."""
    if not os.path.lexists(path):
        return None
    handle, copy = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".kept-")
    os.close(handle)
    os.unlink(copy)
    os.link(path, copy)
    return copy
