"""What an operator reads before a deploy, and whether another inventory has seen it work."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from ansible.module_utils.release_review import SHOWN_BYTES, unified

LISTED_FILES = 20


def review_lines(review: dict, live: str, wanted: str) -> list[str]:
    """Return the review of `release_review_info` in a few lines."""
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
    changes = [
        line for line in review["compose"].splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]
    return [
        *lines,
        f"settings (compose file): {f'{len(changes)} lines differ' if changes else 'no change'}",
        *changes,
    ]


def review_diff(review: dict, archive: str) -> list[str]:
    """Return unified diffs of the text files that a deploy changes; ``archive`` holds the wanted ones."""
    blocks = []
    with tarfile.open(archive) as tar:
        for name in review["files"]["added"] + review["files"]["changed"]:
            member = tar.extractfile(name)
            content = member.read(SHOWN_BYTES + 1) if member else b""
            known = name in review["files"]["added"] or name in review["texts"]
            if known and len(content) <= SHOWN_BYTES and b"\0" not in content:
                after = content.decode(errors="replace")
                blocks.append(unified(review["texts"].get(name, ""), after, name))
    blocks += [unified(review["texts"].get(name, ""), "", name) for name in review["files"]["removed"]]
    return [line for block in blocks for line in block.splitlines()]


def verified_on(reports_dir: str, inventory: str, source_digest: str) -> bool:
    """Say whether the newest report of an inventory about this source tells of a release that is live and good."""
    told = []
    for path in sorted(Path(reports_dir).glob("[0-9]*T[0-9]*Z-*.json")):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        record = report.get("record", {})
        if report.get("inventory") == inventory and record.get("source", {}).get("digest") == source_digest:
            told.append(not report.get("failure") and record.get("state") in ("live", "good"))
    return bool(told) and told[-1]


class FilterModule:
    """Filters of the review."""

    def filters(self) -> dict:
        return {"review_diff": review_diff, "review_lines": review_lines, "verified_on": verified_on}
