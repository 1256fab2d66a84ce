"""Who is logged in, kept in a schema of its own within the application's database: only counts leave it.

Of a session's key only the SHA-256 is kept, so the snapshot lets nobody in. A family is its id, which is no credential.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.health_checks import HealthError, NotKnown
from ansible.module_utils.health_postgres import Transaction, identifier, quoted, sql
from ansible.module_utils.session_health_read import SessionStore

#: Where the application looks for a session: its own table (whatever cache is before it), or Redis alone.
DATABASE, REDIS = "database", "redis"
FAMILY_COLUMNS = ("token_id", "user_id", "family_id", "expires_at", "revoked_at")

# The two large tables are not logged, which saves time; the counts in the logged one tell if a crash has emptied them.
CREATE = """
    CREATE SCHEMA {schema};
    CREATE TABLE {schema}.snapshot (
        name text NOT NULL, taken_at timestamptz NOT NULL, families bigint, adopted bigint, sessions bigint,
        reason text NOT NULL
    );
    CREATE UNLOGGED TABLE {schema}.sessions (key_hash bytea NOT NULL, expires_at timestamptz);
"""
DROP = """
    DROP TABLE {schema}.sessions, {schema}.families, {schema}.snapshot;
    DROP SCHEMA {schema};
"""
EXISTING = """
    SELECT (SELECT true FROM pg_namespace WHERE nspname = %(schema)s) AS in_use,
           to_regclass(%(snapshot)s) IS NOT NULL AS taken
"""
LIVE_FAMILIES = """
    SELECT {family_id} AS family_id, {user_id} AS user_id, {expires_at} AS expires_at,
           {token_id} = {family_id} AS adopted
    FROM {table} WHERE {revoked_at} IS NULL AND {expires_at} > %(now)s
"""
# The columns have the types of the token table, so that its indexes serve the comparison.
TAKE_FAMILIES = f"""
    CREATE UNLOGGED TABLE {{schema}}.families AS {LIVE_FAMILIES};
    ALTER TABLE {{schema}}.families ALTER family_id SET NOT NULL, ALTER user_id SET NOT NULL;
"""
TAKE_NO_FAMILIES = "CREATE UNLOGGED TABLE {schema}.families ()"
COUNT_FAMILIES = "SELECT count(*) AS families, count(*) FILTER (WHERE adopted) AS adopted FROM "
COUNT_LIVE_FAMILIES = f"{COUNT_FAMILIES} ({LIVE_FAMILIES}) AS live"
COUNT_TAKEN_FAMILIES = f"{COUNT_FAMILIES} {{schema}}.families"
TAKE_SESSIONS = """
    INSERT INTO {schema}.sessions
    SELECT sha256(convert_to(session_key, 'UTF8')), expire_date FROM {sessions} WHERE expire_date > %(now)s
"""
COUNT_LIVE_SESSIONS = "SELECT count(*) AS sessions FROM {sessions} WHERE expire_date > %(now)s"
COUNT_TAKEN_SESSIONS = "SELECT count(*) AS sessions FROM {schema}.sessions"
NOTE = """
    INSERT INTO {schema}.snapshot VALUES (%(name)s, %(now)s, %(families)s, %(adopted)s, %(sessions)s, %(reason)s);
    ANALYZE {schema}.families;
    ANALYZE {schema}.sessions;
"""
READ = "SELECT name, taken_at, families, adopted, sessions, reason FROM {schema}.snapshot"
COLUMNS = "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass(%(table)s) AND attnum > 0"


def names_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the braces of the queries stand for."""
    return {
        **{name: sql.Identifier(column) for name, column in options["columns"].items()},
        "schema": sql.Identifier(options["schema"]),
        "table": identifier(options["table"]),
        "sessions": identifier(options["session_table"]),
    }


def missing_of(transaction: Transaction, options: Mapping[str, Any], columns: tuple[str, ...]) -> str:
    """Why families cannot be told apart in the token table; empty when they can."""
    found = {row["name"] for row in transaction.rows(COLUMNS, {"table": quoted(options["table"])})}
    if not found:
        return (
            f"there is no table {options['table']}: no family is recorded before the migration that makes it"
        )
    missing = [column for name in columns if (column := options["columns"][name]) not in found]
    return (
        f"table {options['table']} has no {', '.join(missing)}: families cannot be told apart"
        if missing
        else ""
    )


def existing(transaction: Transaction, options: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot there is; empty when there is none. Raises HealthError for a schema of somebody else."""
    schema = options["schema"]
    found = transaction.row(EXISTING, {"schema": schema, "snapshot": quoted(f"{schema}.snapshot")})
    if found["taken"]:
        return transaction.row(READ, {}, names_of(options))
    if found["in_use"]:
        raise HealthError(
            f"{transaction.place}: schema {schema} holds something else than a snapshot; name one of its own"
        )
    return {}


def take(transaction: Transaction, options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Keep who is logged in now, in place of an earlier snapshot; check mode only counts. Raises HealthError."""
    names = names_of(options)
    now = transaction.row("SELECT transaction_timestamp() AS now", {})["now"]
    reason = missing_of(transaction, options, FAMILY_COLUMNS)
    taken: dict[str, Any] = {
        "name": options["name"],
        "now": now,
        "reason": reason,
        "families": None,
        "adopted": None,
    }
    try:
        (_count if check_mode else _write)(transaction, options, names, taken)
    except NotKnown as error:
        raise HealthError(str(error)) from error
    return {**taken, "taken_at": now}


def _count(
    transaction: Transaction, options: Mapping[str, Any], names: dict[str, Any], taken: dict[str, Any]
) -> None:
    if not taken["reason"]:
        taken |= transaction.row(COUNT_LIVE_FAMILIES, taken, names)
    if options["sessions_in"] == DATABASE:
        taken |= transaction.row(COUNT_LIVE_SESSIONS, taken, names)
    else:
        with SessionStore(store_options(options)) as store:
            taken["sessions"] = sum(1 for _ in hashes(store, options["scan_seconds"]))


def _write(
    transaction: Transaction, options: Mapping[str, Any], names: dict[str, Any], taken: dict[str, Any]
) -> None:
    transaction.rows(CREATE, {}, names)
    if taken["reason"]:
        transaction.rows(TAKE_NO_FAMILIES, {}, names)
    else:
        transaction.rows(TAKE_FAMILIES, taken, names)
        taken |= transaction.row(COUNT_TAKEN_FAMILIES, {}, names)
    if options["sessions_in"] == DATABASE:
        transaction.rows(TAKE_SESSIONS, taken, names)
    else:
        table = sql.SQL("{}.sessions (key_hash)").format(names["schema"])
        with SessionStore(store_options(options)) as store:
            lines = Lines(f"\\\\x{digest.hex()}\n" for digest in hashes(store, options["scan_seconds"]))
            transaction.copy(table, lines)
    taken |= transaction.row(COUNT_TAKEN_SESSIONS, {}, names)
    transaction.rows(NOTE, taken, names)


def drop(transaction: Transaction, options: Mapping[str, Any]) -> None:
    """Remove the snapshot's own tables and its schema, and nothing else. Raises HealthError."""
    transaction.rows(DROP, {}, names_of(options))


def store_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of Redis. Raises HealthError."""
    if not options["redis"]:
        raise HealthError(
            "sessions_in is redis, but redis does not say where it is; its login_host is needed"
        )
    return options["redis"]


def hashes(store: SessionStore, seconds: float) -> Iterator[bytes]:
    """The hash of each session's key, once. Raises HealthError, NotKnown."""
    seen: set[bytes] = set()
    for batch in store.scan(seconds):
        for session_key in batch:
            digest = hashlib.sha256(session_key).digest()
            if digest not in seen:
                seen.add(digest)
                yield digest


class Lines:
    """A generator of lines as the file that COPY reads."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, _size: int = -1) -> str:
        return "".join(itertools.islice(self._lines, 1000))
