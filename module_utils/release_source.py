"""Assemble the source of a version and pack it so that equal sources give equal digests.

A source is a folder, or the scratch folder into which a commit of a git repository was written. A folder may hold
``versions.yml``, which composes each version from a common base and overlays::

    versions: {before: [before], fix: [fix, extra]}

The files of ``base/`` come first and those of ``overlays/<name>/`` over them, in order. A folder without that file
is one version as it stands, whatever the version is called.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from dataclasses import dataclass

import yaml

#: Never part of a release: version control, and what builds and editors leave behind.
SKIPPED_NAMES = frozenset(
    {".git", "node_modules", "__pycache__", ".venv", "dist", ".pytest_cache", ".DS_Store"}
)
#: The longest name of a version that the id of a release takes.
NAME_LENGTH = 50


class SourceError(Exception):
    """The source cannot be assembled; the text is one sentence for the operator."""


@dataclass(frozen=True)
class Replacement:
    """A file that takes another one's place, which is kept beside it (all paths from the source's root)."""

    new: str
    target: str
    kept: str


def name_of(version: str) -> str:
    """Return a version as the id of a release can hold it: ``feature/Login`` gives ``feature-login``."""
    return re.sub(r"[^a-z0-9._-]+|\.{2,}", "-", version.lower())[:NAME_LENGTH].strip("-._")


def layers(source: str, version: str) -> list[str]:
    """Return the folders whose files make up a version, the later ones over the earlier."""
    listing = os.path.join(source, "versions.yml")
    if not os.path.isdir(source):
        raise SourceError(
            f"release source {source} is not a folder; set release_source to the folder of the app."
        )
    if not os.path.isfile(listing):
        return [source]
    versions = read_versions(listing)
    if version not in versions:
        raise SourceError(
            f"version {version!r} is not in {listing}; it lists: {', '.join(sorted(versions)) or 'none'}."
        )
    return [os.path.join(source, "base")] + [
        os.path.join(source, "overlays", name) for name in versions[version]
    ]


def read_versions(listing: str) -> dict[str, list[str]]:
    """Return {version: overlays} of a listing, whose shape is checked."""
    try:
        with open(listing, encoding="utf-8") as handle:
            content = yaml.safe_load(handle)
    except yaml.YAMLError as error:
        raise SourceError(f"{listing} is not YAML: {' '.join(str(error).split())}") from error
    versions = content.get("versions") if isinstance(content, dict) else None
    if not isinstance(versions, dict) or not all(
        isinstance(overlays, list) for overlays in versions.values()
    ):
        raise SourceError(f"{listing} needs `versions:` with a list of overlays for each version.")
    return versions


def collect(folders: list[str]) -> dict[str, str]:
    """Return {path in the release: file} for the files of all layers."""
    files: dict[str, str] = {}
    for folder in folders:
        if not os.path.isdir(folder):
            raise SourceError(
                f"source folder {folder} does not exist; it is named by the version that was asked for."
            )
        for directory, names, leaves in os.walk(folder):
            names[:] = [name for name in names if name not in SKIPPED_NAMES]
            links = [name for name in names if os.path.islink(os.path.join(directory, name))]
            for leaf in sorted({*leaves, *links} - SKIPPED_NAMES):
                path = os.path.join(directory, leaf)
                if os.path.islink(path):
                    raise SourceError(
                        f"{path} is a symbolic link; a release holds plain files only. Replace it by its content."
                    )
                files[os.path.relpath(path, folder)] = path
    return files


def replace(files: dict[str, str], replacements: list[Replacement]) -> tuple[dict[str, str], list[str]]:
    """Put each replacement that is there in its target's place, keeping the old file; return what was replaced."""
    result, done = dict(files), []
    for wanted in replacements:
        if wanted.new in result:
            if wanted.target in result:
                result[wanted.kept] = result[wanted.target]
            result[wanted.target] = result.pop(wanted.new)
            done.append(wanted.target)
    return result, done


def _mode(path: str) -> int:
    return 0o755 if os.stat(path).st_mode & 0o100 else 0o644


def manifest(files: dict[str, str]) -> dict[str, str]:
    """Return {path in the release: SHA-256 of its content}."""
    sums = {}
    for name in sorted(files):
        with open(files[name], "rb") as handle:
            sums[name] = hashlib.sha256(handle.read()).hexdigest()
    return sums


def digest(files: dict[str, str], contents: dict[str, str]) -> str:
    """Return the SHA-256 over names, modes and contents: equal for equal sources, wherever they lie.

    ``contents`` is the `manifest` of the files.
    """
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{_mode(files[name]):o}\0{contents[name]}\n".encode())
    return total.hexdigest()


def pack(files: dict[str, str], archive: str) -> None:
    """Write the files to a tar archive without times and owners, in one rename."""
    temporary = f"{archive}.{os.getpid()}"
    with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            with open(files[name], "rb") as handle:
                content = handle.read()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), _mode(files[name])
            tar.addfile(info, io.BytesIO(content))
    os.replace(temporary, archive)
