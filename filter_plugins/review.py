"""What an operator reads before a deploy, and whether another inventory has seen it work."""

from __future__ import annotations

import difflib
import json
import tarfile
from pathlib import Path

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


def image_digests(images: dict[str, str]) -> dict[str, str]:
    """Return {name: digest}: the same image may come from another registry."""
    return {name: reference.rpartition("@")[2] for name, reference in images.items()}


def read_reports(reports_dir: str, inventory: str) -> list[dict]:
    """Return the reports of an inventory, the oldest first; one that is torn is no report."""
    found = []
    for path in sorted(Path(reports_dir).glob("[0-9]*T[0-9]*Z-*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return [report for report in found if report.get("inventory") == inventory]


def verified_on(reports_dir: str, inventory: str, source_digest: str, images: dict[str, str]) -> bool:
    """Say whether the reports of an inventory tell that this source, with these images, is live and good there.

    The newest report about them counts, and so does a rollback that left them: its own report is about another source.
    """
    verified, releases = False, set()
    for report in read_reports(reports_dir, inventory):
        record, failure = report.get("record", {}), report.get("failure")
        if report.get("verb") == "rollback" and not failure and report.get("predecessor") in releases:
            verified = False
        source = record.get("source", {}).get("digest"), image_digests(record.get("pulled") or {})
        if source == (source_digest, image_digests(images)):
            releases.add(report.get("release"))
            kept = (report.get("prober") or {}).get("kept", True)
            verified = kept and not failure and record.get("state") in ("live", "good")
    return verified


class FilterModule:
    """Filters of the review."""

    def filters(self) -> dict:
        return {"review_diff": review_diff, "review_lines": review_lines, "verified_on": verified_on}
