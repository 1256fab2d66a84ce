"""What a deploy would change: the source of the live release beside the one that is wanted."""

from __future__ import annotations

import hashlib
import os
import re

#: Files beyond this are compared, and not shown.
SHOWN_BYTES = 200_000
#: Django's own convention for the file of a migration.
MIGRATION = re.compile(r"(^|/)migrations/\d+\w*\.py$")


def read_manifest(folder: str, ignored: set[str]) -> dict[str, str]:
    """Return {path: SHA-256 of the content} for the files of a folder, without the ignored paths."""
    found = {}
    for directory, _names, leaves in os.walk(folder):
        for leaf in leaves:
            path = os.path.join(directory, leaf)
            name = os.path.relpath(path, folder)
            if name not in ignored and os.path.isfile(path):
                with open(path, "rb") as handle:
                    found[name] = hashlib.sha256(handle.read()).hexdigest()
    return found


def compare(before: dict[str, str], after: dict[str, str]) -> dict[str, list[str]]:
    """Return the names that only ``after`` has, that both have with other contents, and that only ``before`` has."""
    return {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
        "removed": sorted(before.keys() - after.keys()),
    }


def migrations(files: dict[str, list[str]]) -> list[str]:
    """Return the migrations among the files that a deploy brings or changes."""
    return [name for name in sorted(files["added"] + files["changed"]) if MIGRATION.search(name)]


def read_texts(folder: str, names: list[str]) -> dict[str, str]:
    """Return the content of those files that are text of a size that somebody reads."""
    texts = {}
    for name in names:
        path = os.path.join(folder, name)
        if os.path.getsize(path) <= SHOWN_BYTES:
            try:
                with open(path, encoding="utf-8") as handle:
                    texts[name] = handle.read()
            except UnicodeDecodeError:
                continue
    return texts
