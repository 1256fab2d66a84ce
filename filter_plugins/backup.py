"""What a database holds, as roles/postgres/files/contents.sql prints it, and what became of that in a restored copy."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

#: Key of the result -> `kind` of the lines that it is made of.
KINDS = {"objects": "object", "sequences": "sequence", "rows": "rows"}
#: Differences that a sentence names before it counts the rest.
NAMED = 5
#: What the name of a backup begins with that belongs to no deploy.
BY_HAND = re.compile(r"\d{8}t\d{6}z")


def database_contents(text: str) -> dict[str, Any]:
    """Return {taken_at, objects: {name: definition}, sequences: {name: value}, rows: {table: count}}."""
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    taken_at = [line["value"] for line in lines if line["kind"] == "taken_at"]
    if len(taken_at) != 1 or not any(line["kind"] == "rows" for line in lines):
        raise ValueError(f"contents of the database are cut short: they have {len(lines)} lines")
    contents = {
        key: {line["name"]: line["value"] for line in lines if line["kind"] == kind}
        for key, kind in KINDS.items()
    }
    return {"taken_at": taken_at[0], **contents}


def contents_summary(contents: Mapping[str, Any]) -> dict[str, Any]:
    """Return when it was, how many tables and rows there were, and a checksum over the schema."""
    schema = json.dumps(contents["objects"], sort_keys=True).encode()
    return {
        "taken_at": contents["taken_at"],
        "tables": len(contents["rows"]),
        "rows": sum(contents["rows"].values()),
        "schema_sha256": hashlib.sha256(schema).hexdigest(),
    }


def contents_differences(dumped: Mapping[str, Any], restored: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each way in which a restored database is not what was dumped; none when it is."""
    found = [*_schema(dumped["objects"], restored["objects"]), *_rows(dumped["rows"], restored["rows"])]
    for name, value in sorted(dumped["sequences"].items()):
        # A sequence belongs to no snapshot and may have gone on until the dump reached it; it never goes back.
        if value is not None and (restored["sequences"].get(name) or 0) < value:
            found.append(f"sequence {name} is at {restored['sequences'].get(name)}, {value} is needed")
    return found


def _schema(dumped: Mapping[str, str], restored: Mapping[str, str]) -> list[str]:
    missing, new = sorted(set(dumped) - set(restored)), sorted(set(restored) - set(dumped))
    other = sorted(name for name in set(dumped) & set(restored) if dumped[name] != restored[name])
    parts = ((missing, "missing"), (new, "not in the dump"), (other, "different"))
    return [f"{_named(names)} {'is' if len(names) == 1 else 'are'} {what}" for names, what in parts if names]


def _rows(dumped: Mapping[str, int], restored: Mapping[str, int]) -> list[str]:
    return [
        f"{table} has {restored[table]} rows, {count} are needed"
        for table, count in sorted(dumped.items())
        # A table that is missing is an object that is missing.
        if table in restored and restored[table] != count
    ]


def _named(names: list[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def backup_name(named: str, known: list[str], asked: str = "") -> str:
    """Return the backup that a restore is about: what is asked for, what is confirmed, or the newest one.

    ``named`` is what the operator confirms, ``known`` are the names of the backups, the newest first. A backup may be
    named with or without its ending.
    """
    wanted = [name.removesuffix(".dump") for name in (asked, named) if name]
    # A confirmation that names no backup confirms nothing: what it would have been about is shown all the same.
    return next(
        (name for name in wanted if name in known or name == asked.removesuffix(".dump")), (known or [""])[0]
    )


def loss_lines(difference: Mapping[str, Any]) -> list[str]:
    """Return a line for each table that a restore would change, from a result of postgres_difference_info."""
    lines = []
    for table in difference["tables"]:
        counts = [
            f"{_rows_of(table['lost'])} newer than the backup would be lost" if table["lost"] else "",
            f"{_rows_of(table['changed'])} would go back to what it held" if table["changed"] else "",
            f"{_rows_of(table['returned'])} would come back" if table["returned"] else "",
            f"the backup does not have column {_named(table['columns_lost'])}"
            if table["columns_lost"]
            else "",
            f"column {_named(table['columns_returned'])} would come back"
            if table["columns_returned"]
            else "",
            {"now": "the backup does not have the table", "other": "the table would come back"}.get(
                table["only_in"], ""
            ),
        ]
        lines.append(f"{table['name']}: {', '.join(filter(None, counts))}")
    return lines


def _rows_of(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def backups_beyond(files: list[Mapping[str, Any]], keep: int) -> list[str]:
    """Return the paths without ending of the dumps beyond the newest of each kind.

    Files have a `path` and an `mtime`. Apart are those that bear a release's name and those that bear a time: however
    often somebody backs up by hand, the dumps that were made before migrations stay.
    """
    newest = sorted(files, key=lambda file: file["mtime"], reverse=True)
    paths = [file["path"].removesuffix(".dump") for file in newest]
    by_hand = [path for path in paths if BY_HAND.match(path.rpartition("/")[2])]
    return by_hand[keep:] + [path for path in paths if path not in by_hand][keep:]


class FilterModule:
    """Filters of the role postgres."""

    def filters(self) -> dict:
        return {
            "backup_name": backup_name,
            "backups_beyond": backups_beyond,
            "contents_differences": contents_differences,
            "contents_summary": contents_summary,
            "database_contents": database_contents,
            "loss_lines": loss_lines,
        }
