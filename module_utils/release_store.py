"""Releases on the app host: their records, their journal, and what follows from both.

A release is the folder ``<root>/releases/<id>``. Its ``record.json`` holds what was found and done::

    {id, version, state, predecessor, slot, images: {service: image id}, features: [...], settings: {...},
     migrations: [...], schema_floor: [...], applied: [...], applied_at, restored: {taken_at, at, ...},
     next_predecessor, created_at, updated_at, journal: [{at, run, phase, event, ...}]}

``migrations`` are those that its code knows. ``schema_floor`` are those that it applied, or began to, or found applied,
although code without them cannot bear the schema. ``applied`` is what the database had when a run read that last.
``restored`` is the last restore while the release was live. ``next_predecessor`` becomes ``predecessor`` when the
release is live, at once where it never was: until then, the one that it has, or none, says where a rollback past it
leads.
``state`` is the furthest point that the release has reached: see `STATES`.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import takewhile

STATES = ("staged", "migrated", "started", "switched", "verified", "live", "good", "failed")
#: States of a release that has proved itself on the public address: only these can be rolled back to.
PROVEN = ("live", "good")
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class ReleaseError(Exception):
    """A release cannot be read, written or chosen; the text is one sentence for the operator."""


def utc_now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_id(name: str) -> bool:
    """Say whether a name is a well-formed release id."""
    return bool(ID_PATTERN.fullmatch(name)) and ".." not in name


def check_id(release: str) -> str:
    """Return ``release`` if it is a well-formed id, so that it may become part of a path."""
    if not is_id(release):
        raise ReleaseError(
            f"release id {release!r} is not well-formed; lower-case letters, digits, '.', '_' and '-' are allowed, at "
            "most 63. List the releases in the releases folder of the app host."
        )
    return release


def release_dir(root: str, release: str) -> str:
    """Return the folder of a release."""
    return os.path.join(root, "releases", check_id(release))


def record_path(root: str, release: str) -> str:
    """Return the path of a release's record."""
    return os.path.join(release_dir(root, release), "record.json")


def read_record(root: str, release: str) -> dict | None:
    """Return a release's record, None where there is none."""
    path = record_path(root, release)
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise ReleaseError(
            f"record {path} is not JSON ({error}); move it away and deploy the version again."
        ) from error


def read_records(root: str) -> dict[str, dict]:
    """Return all records by release id."""
    folder = os.path.join(root, "releases")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    records = {name: read_record(root, name) for name in names if is_id(name)}
    return {name: record for name, record in records.items() if record}


def write_json(path: str, content: dict) -> None:
    """Replace a JSON file in one rename, flushed to disk first. It is root's alone: it may quote logs."""
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".json-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            json.dump(content, handle, indent=2, sort_keys=True)
            handle.write("\n")
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, 0o600)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def advance(
    record: dict | None, release: str, run: str, changes: dict, entries: list[dict], now: str
) -> dict:
    """Return the record with ``changes`` merged in and ``entries`` added to its journal. Changes nothing in place."""
    known = record or {"id": release, "created_at": now, "state": "new", "journal": []}
    coming = changes.get("next_predecessor", known.get("next_predecessor"))
    if coming and (changes.get("state") == "live" or known["state"] not in PROVEN):
        changes = {**changes, "predecessor": coming, "next_predecessor": ""}
    if "applied" in changes:
        changes = {**changes, "applied_at": now}
    journal = known["journal"] + [{"at": now, "run": run, **entry} for entry in entries]
    return {**known, **changes, "journal": journal, "updated_at": now}


def rollback_target(
    records: dict[str, dict], live: str | None, wanted: str | None, allowed: Iterable[str] = ()
) -> str:
    """Choose the release to go back to: the one named, or the nearest proven predecessor of the live one.

    allowed: migrations that its code need not know, although the schema floor has them.

    The predecessor is the release that was live when the live one was *deployed*; a rollback does not change
    it. So a second rollback goes further back, and never returns to the release that was just left.
    """
    if live is None or live not in records:
        raise ReleaseError(
            "no live release is recorded on this host, so there is nothing to roll back from. Deploy first."
        )
    if wanted:
        return _check_schema(records, live, _check_target(records, live, wanted), allowed)
    seen = {live}
    candidate = records[live].get("predecessor")
    while candidate and candidate not in seen:
        seen.add(candidate)
        if candidate in records and records[candidate]["state"] in PROVEN:
            return _check_schema(records, live, candidate, allowed)
        candidate = records.get(candidate, {}).get("predecessor")
    able = " or ".join(f"-e release={name}" for name in _proven(records, live))
    raise ReleaseError(
        f"live release {live} has no proven predecessor to roll back to; "
        + (f"name one of those that are: {able}." if able else "no release of this host is one.")
    )


def _proven(records: dict[str, dict], live: str) -> list[str]:
    return [name for name, record in records.items() if record["state"] in PROVEN and name != live]


def served_migrations(records: dict[str, dict]) -> list[str]:
    """Return the migrations that are known to code which has served users, or may again."""
    known = (record.get("migrations", []) for record in records.values() if _has_served(record))
    return sorted({name for names in known for name in names})


def _has_served(record: dict) -> bool:
    # Whatever has become of it since: from the moment in which its switch begins, users may meet it.
    switched = any(entry["phase"] == "switch" for entry in record.get("journal", []))
    return switched or record["state"] in PROVEN


def schema_floor(records: dict[str, dict], allowed: Iterable[str] = ()) -> list[str]:
    """Return the migrations that code must know to bear the schema as it is: earlier code cannot.

    What the database did not have when that was read last is in none of it, however it got lost, unless a release has
    begun to apply it since. Those that are allowed count as borne.
    """
    read = [record for record in records.values() if "applied_at" in record]
    last = max(read, key=lambda record: record["applied_at"], default=None)
    return sorted(
        {
            name
            for record in records.values()
            for name in record.get("schema_floor", [])
            if name not in allowed
            and (last is None or name in last["applied"] or _began_to_migrate(record) >= last["applied_at"])
        }
    )


def _began_to_migrate(record: dict) -> str:
    began = [
        entry["at"]
        for entry in record.get("journal", [])
        if (entry["phase"], entry["event"]) == ("migrate", "begins")
    ]
    return max(began, default="")


def _check_schema(records: dict[str, dict], live: str, target: str, allowed: Iterable[str]) -> str:
    floor = schema_floor(records, allowed)
    unknown = [name for name in floor if name not in records[target].get("migrations", [])]
    if unknown:
        bearing = [
            name for name in _proven(records, live) if set(floor) <= set(records[name].get("migrations", []))
        ]
        exception = json.dumps({"release_floor_allow": sorted({*allowed, *unknown})})
        raise ReleaseError(
            f"release {target} is older than the database's schema: {', '.join(unknown)} was applied, which its code "
            f"does not know and could not bear. Those that can: {', '.join(bearing) or 'none on this host'}. To bring "
            f"its code over that schema all the same, until a backup of before is restored: -e release={target} "
            f"-e '{exception}'."
        )
    return target


def _check_target(records: dict[str, dict], live: str, wanted: str) -> str:
    if wanted == live:
        raise ReleaseError(f"release {wanted} is live already; a rollback needs another one.")
    record = records.get(check_id(wanted))
    if record is None or record["state"] not in PROVEN:
        found = "has no record on this host" if record is None else f"is in state {record['state']!r}"
        raise ReleaseError(
            f"release {wanted} {found}; a rollback needs a release that was live and good: "
            f"{', '.join(_proven(records, live)) or 'there is none on this host'}."
        )
    return wanted


def left_unfinished(records: dict[str, dict], live: str | None, followed: Sequence[str] = ()) -> str:
    """Return the release beside the live one that a run which died was at, empty where that is not what happened last.

    ``followed`` are the deploys and rollbacks that died last. What has been done to the live release since, by a
    restore or the doctor, is none of theirs. One of them that has recorded a failure had still to clear away.
    """
    touched = _touched(records, followed) or _touched(records)
    name = max(touched)[1] if touched else ""
    if not name or name == live:
        return ""
    last = records[name]["journal"][-1]
    died = last["event"] == "begins" or last["event"] == "failed" and last["run"] in followed
    return name if died else ""


def _touched(records: dict[str, dict], runs: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return when each release was touched last, by any run or by one of some, and its id."""
    return [
        (entries[-1]["at"], name)
        for name, record in records.items()
        if (entries := [one for one in record.get("journal", []) if not runs or one["run"] in runs])
    ]


def cut_short_deploy(records: dict[str, dict], live: str | None, followed: Sequence[str] = ()) -> str:
    """Return the release whose deploy was cut short before its switch, empty where that is not what happened last.

    It stays one for the run after one that failed, or died, while it undid that deploy: what undoes begins no phase.
    """
    name = left_unfinished(records, live, followed)
    journal = records[name]["journal"] if name else []
    last = [entry["run"] for entry in journal if entry["event"] == "begins"][-1:]
    return name if any(entry["phase"] == "stage" and entry["run"] in last for entry in journal) else ""


def began_nothing(records: dict[str, dict], followed: Sequence[str]) -> list[str]:
    """Return the runs that died last and had written nothing in a journal, the last first.

    What runs before them had done is no part of that: it stands.
    """
    runs = {entry["run"] for record in records.values() for entry in record.get("journal", [])}
    return list(takewhile(lambda run: run not in runs, followed))


def recorded_by(record: dict | None, followed: Sequence[str] = ()) -> str:
    """Return the run that has recorded a release as live, empty where another deploy or rollback was at it since.

    ``followed`` as in `left_unfinished`.
    """
    journal = record.get("journal", []) if record else []
    last = ([one for one in journal if one["run"] in followed] or journal or [{}])[-1]
    return last["run"] if (last.get("event"), last.get("phase")) == ("ended", "record") else ""


def unended(record: dict | None, followed: Sequence[str]) -> bool:
    """Say whether one of the runs that died was at a release, and had not come to its end."""
    mine = [entry for entry in (record or {}).get("journal", []) if entry["run"] in followed]
    return bool(mine) and mine[-1]["event"] == "begins"


def prunable(records: dict[str, dict], live: str | None, keep: int, running: Iterable[str] = ()) -> list[str]:
    """Return the releases that may go: the oldest beyond ``keep``.

    Never the live one nor its rollback target, nor the one that was live before, to which a rollback is undone, nor one
    that runs: it may have requests to answer still.
    """
    protected = {live, *running}
    try:
        protected.add(rollback_target(records, live, None))
    except ReleaseError:
        pass
    newest_first = sorted(records, key=lambda name: records[name]["updated_at"], reverse=True)
    protected.update([name for name in newest_first if name in _proven(records, live)][:1])
    others = [name for name in newest_first if name not in protected]
    return others[max(0, keep - len(protected & set(records))) :]
