"""What an operator reads before a deploy."""

from __future__ import annotations

import difflib
import tarfile

LISTED_FILES = 20
#: Larger files are named, and not shown; as many bytes as `release_review_info` returns.
SHOWN_BYTES = 200_000


def unified(before: str, after: str, name: str) -> list[str]:
    """Return a unified diff of two texts; empty where they are equal."""
    files = f"live/{name}", f"wanted/{name}"
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), *files, lineterm=""))


def review_lines(review: dict, live: str, wanted: str, compose: str, images: dict[str, str]) -> list[str]:
    """Return the review of `release_review_info` in a few lines; compose file and pulled images are the wanted ones."""
    if not live:
        lines = [f"nothing is live -> {wanted}"]
    elif not review["known"]:
        lines = [
            f"{live} -> {wanted}; the source of {live} is not in its folder, so every file counts as new"
        ]
    else:
        lines = [f"{live} -> {wanted}"]
    for kind, names in review["files"].items():
        shown = ", ".join(names[:LISTED_FILES]) + (", ..." if len(names) > LISTED_FILES else "")
        lines.append(f"files {kind}: {len(names)}{' (' + shown + ')' if names and review['known'] else ''}")
    lines.append(f"migrations: {', '.join(review['migrations']) or 'none'}")
    lines += image_lines(review["images"], images, live)
    changes = [line for line in unified(review["compose"], compose, "")[2:] if line[0] in "+-"]
    lines.append(f"settings (compose file): {f'{len(changes)} lines differ' if changes else 'no change'}")
    return [*lines, *(changes if review["compose"] else [])]


def review_diff(review: dict, archive: str, compose: str) -> list[str]:
    """Return unified diffs of the text files that a deploy changes; ``archive`` holds the wanted ones."""
    lines = unified(review["compose"], compose, "compose.yml")
    with tarfile.open(archive) as tar:
        for name in review["files"]["added"] + review["files"]["changed"]:
            member = tar.extractfile(name)
            content = member.read(SHOWN_BYTES + 1) if member else b""
            known = name in review["files"]["added"] or name in review["texts"]
            if known and len(content) <= SHOWN_BYTES and b"\0" not in content:
                lines += unified(review["texts"].get(name, ""), content.decode(errors="replace"), name)
    for name in review["files"]["removed"]:
        lines += unified(review["texts"].get(name, ""), "", name)
    return lines


def image_lines(before: dict[str, str], after: dict[str, str], live: str) -> list[str]:
    """Return a line for each image that is pulled by digest, {name: reference}, or that was for the live release."""
    built = "built from the source"
    lines = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, built), after.get(name, built)
        change = f"{old} -> {new}" if old != new else f"{new}, as before"
        lines.append(f"image {name}: {change if live else new}")
    return lines or [f"images: {built}"]


class FilterModule:
    """Filters of the review."""

    def filters(self) -> dict:
        return {"review_diff": review_diff, "review_lines": review_lines}
