"""Keep the hashed assets of every kept release in one folder, so that an open tab still finds its lazy chunks.

Each release has its own assets in ``<release>/assets``; the shared folder holds a hard link to each. A link is
made whole or not at all, and a shared file that no release holds any more is the only link to itself.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable


class AssetsError(Exception):
    """The assets cannot be published; the text is one sentence for the operator."""


def unpack(chunks: Iterable[bytes], target: str) -> None:
    """Unpack the tar stream that ``docker cp`` gives for a folder into ``target``, in one rename."""
    if os.path.isdir(target):
        return
    with tempfile.TemporaryDirectory(dir=os.path.dirname(target), prefix=".assets-") as scratch:
        folder = os.path.join(scratch, "assets")
        os.mkdir(folder)
        with tempfile.TemporaryFile() as spool:
            spool.writelines(chunks)
            spool.seek(0)
            with tarfile.open(fileobj=spool) as tar:
                for member in tar:
                    _write_member(tar, member, folder)
        make_readable(folder)
        os.rename(folder, target)


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: str) -> None:
    # The first part of each name is the folder itself. Only plain files are taken: no link can lead elsewhere.
    parts = member.name.split("/")[1:]
    if not (member.isfile() or member.islnk()):
        return
    if not parts or ".." in parts:
        raise AssetsError(
            f"image has an asset named {member.name!r}, which lies outside the folder of the assets."
        )
    path = os.path.join(folder, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as handle:
        shutil.copyfileobj(tar.extractfile(member), handle)


def make_readable(folder: str) -> None:
    """Let the web server's user read the folder and all that is in it."""
    for directory, _names, files in os.walk(folder):
        os.chmod(directory, 0o755)
        for name in files:
            os.chmod(os.path.join(directory, name), 0o644)


def relative_files(folder: str) -> list[str]:
    """Return the paths of all files below a folder, sorted."""
    found = []
    for directory, _names, files in os.walk(folder):
        found += [os.path.relpath(os.path.join(directory, name), folder) for name in files]
    return sorted(found)


def publish(assets: str, shared: str) -> list[str]:
    """Link each of a release's assets into the shared folder; return those that were new there."""
    added = []
    for name in relative_files(assets):
        own, target = os.path.join(assets, name), os.path.join(shared, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            os.link(own, target)
            added.append(name)
        except FileExistsError:
            _hold(own, target)
    make_readable(shared)
    return added


def _hold(own: str, target: str) -> None:
    # The name is a hash of the content, so both are the same file: made one, it counts for this release as well.
    if not os.path.samefile(own, target):
        os.link(target, f"{own}.link")
        os.replace(f"{own}.link", own)


def prune(shared: str) -> list[str]:
    """Remove the shared files that no release holds any more; return their names."""
    orphans = [name for name in relative_files(shared) if os.stat(os.path.join(shared, name)).st_nlink == 1]
    for name in orphans:
        os.unlink(os.path.join(shared, name))
    return orphans
