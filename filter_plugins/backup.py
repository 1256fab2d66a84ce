"""What a database holds, as roles/postgres/files/contents.sql prints it, and what became of that in a restored copy."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

#: Key of the result -> `kind` of the lines that it is made of.
KINDS = {"objects": "object", "sequences": "sequence", "rows": "rows"}
#: `kind` of the lines of which there is one, of the database itself.
OF_DATABASE = ("taken_at", "database_bytes")
#: Differences that a sentence names before it counts the rest.
NAMED = 5
#: A time in the name of a backup.
TIME = r"\d{8}t\d{6}z"
#: Name of a backup that belongs to no deploy: its time, and what it is of.
BY_HAND = re.compile(rf"{TIME}(?:-(.+))?")


def database_contents(text: str) -> dict[str, Any]:
    """Return what the lines say.

    That is {taken_at, database_bytes, objects: {name: definition}, sequences: {name: value}, rows: {table: count}}.
    """
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    database = [(line["kind"], line["value"]) for line in lines if line["kind"] in OF_DATABASE]
    if len(database) != len(OF_DATABASE) or not any(line["kind"] == "rows" for line in lines):
        raise ValueError(f"contents of the database are cut short: they have {len(lines)} lines")
    contents = {
        key: {line["name"]: line["value"] for line in lines if line["kind"] == kind}
        for key, kind in KINDS.items()
    }
    return {**dict(database), **contents}


def contents_summary(contents: Mapping[str, Any]) -> dict[str, Any]:
    """Return when it was, the size, how many tables and rows there were, and a checksum over the schema."""
    schema = json.dumps(contents["objects"], sort_keys=True).encode()
    return {
        **{kind: contents[kind] for kind in OF_DATABASE},
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
    """Return a line for each table that a restore would change, from a result of postgres_difference_info.

    A colon after the name of a table of tokens would have what follows taken for one where secrets are taken out.
    """
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
        lines.append(f"{table['name']} - {', '.join(filter(None, counts))}")
    return lines


def _rows_of(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def backups_beyond(files: list[Mapping[str, Any]], keep: int, records: list[Mapping[str, Any]]) -> list[str]:
    """Return the paths without ending of the dumps that may go.

    Files have a `path` and an `mtime`, ``records`` are those of the releases that are kept. Of the dumps of deploys,
    of what restores replaced, and of the others the newest stay, each by a count of its own: however often somebody
    backs up by hand, those stay that were made before migrations, and those that undo a restore. Never go, by any
    count: what a record names, the oldest dump of a release, which is from before its migrations where it was tried
    again, and what was swapped back, which has rows whose loss nobody has confirmed.
    """
    newest = sorted(files, key=lambda file: file["mtime"], reverse=True)
    kinds: dict[str, list[str]] = {}
    for path in (file["path"].removesuffix(".dump") for file in newest):
        kinds.setdefault(_kind(_name(path)), []).append(path)
    kinds.pop("swapped-back", None)
    needed = _needed(records, [_name(file["path"]) for file in reversed(newest)])
    return [path for paths in kinds.values() for path in paths[keep:] if _name(path) not in needed]


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".dump")


def _kind(name: str) -> str:
    by_hand = BY_HAND.fullmatch(name)
    if not by_hand:
        return "deploy"
    return by_hand[1] if by_hand[1] in ("replaced", "swapped-back") else "by hand"


def _needed(records: list[Mapping[str, Any]], oldest_first: list[str]) -> set[str]:
    """Return the names of the backups that the records of kept releases name, and the oldest one of each release."""
    named = [record.get("backup", {}).get("file", "") for record in records]
    named += [record.get("restored", {}).get("replaced", {}).get("file", "") for record in records]
    for record in records:
        own = re.compile(rf"{re.escape(record['id'])}(?:-{TIME})?")
        named += [name for name in oldest_first if own.fullmatch(name)][:1]
    return {_name(path) for path in named}


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
