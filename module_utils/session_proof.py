"""Whether everybody in a snapshot is still logged in, by identity. The comparing is done in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils import session_snapshot
from ansible.module_utils.health_checks import (
    Check,
    HealthError,
    Limits,
    Measured,
    NotKnown,
    judge,
    not_known,
)
from ansible.module_utils.health_postgres import Transaction, identifier, sql
from ansible.module_utils.session_health_read import SessionStore

KINDS = ("families", "sessions")
LIVE, EXPIRED, MISSING, LOGGED_OUT = "live", "expired", "missing", "logged_out"
#: So many of the lost are named; all are counted.
NAMED = 20
NEXT_STEP = "go back to the release before, and look up what the lost have in common"

# A revocation that was about to be committed when the snapshot was taken has a time shortly before it.
ENDED = """
    ended AS MATERIALIZED (
        SELECT DISTINCT ON (family_id) * FROM (
            SELECT {family_id} AS family_id, {revoked_reason} AS reason, {revoked_at} AS at FROM {table}
            WHERE {revoked_reason} <> %(rotated)s AND {revoked_at} > %(taken_at)s::timestamptz - interval '1 minute'
        ) AS ending ORDER BY family_id, at DESC
    )
"""
FAMILIES = (
    "WITH "
    + ENDED
    + """, tip AS (
        SELECT DISTINCT {family_id} AS family_id FROM {table} WHERE {revoked_at} IS NULL AND {expires_at} > %(now)s
    ), fate AS (
        SELECT was.family_id, was.user_id, CASE
            WHEN tip.family_id IS NOT NULL THEN 'live'
            WHEN was.expires_at <= %(now)s THEN 'expired'
            ELSE coalesce((SELECT reason FROM ended WHERE ended.family_id = was.family_id), 'missing') END AS fate
        FROM {schema}.families AS was LEFT JOIN tip ON tip.family_id = was.family_id
    )
    SELECT fate, count(*) AS count, (
        array_agg(left(encode(sha256(convert_to(family_id::text, 'UTF8')), 'hex'), 12) || ' of user ' || user_id)
        FILTER (WHERE fate <> 'live'))[1:%(named)s] AS who
    FROM fate GROUP BY fate
    """
)
LOGOUTS = """
    SELECT count(*) AS count FROM {table} AS ending
    WHERE {revoked_reason} = ANY(%(explained)s) AND {revoked_reason} <> %(rotated)s AND {revoked_at} > %(taken_at)s
"""
# What this run's own users begin and end after the snapshot ended no session that is in it. Of theirs, those count that
# have a family in it, or a token of the version without families, whose id became that of its family. Of anybody else
# all count: who logs in again has a new family in the session of before.
OF_OTHERS = """
    AND ({user_id}::text NOT IN (SELECT {user_key}::text FROM {users} WHERE {user_name} = ANY(%(own_users)s))
         OR {family_id} IN (SELECT was.family_id FROM {schema}.families AS was)
         OR EXISTS (SELECT FROM {table} AS root WHERE root.{token_id} = ending.{family_id}))
"""
SESSIONS = """
    WITH present AS MATERIALIZED (
        SELECT sha256(convert_to(session_key, 'UTF8')) AS key_hash FROM {sessions} WHERE expire_date > %(now)s
    ), fate AS (
        SELECT was.key_hash, CASE
            WHEN EXISTS (SELECT FROM present WHERE present.key_hash = was.key_hash) THEN 'live'
            WHEN was.expires_at <= %(now)s THEN 'expired' ELSE 'missing' END AS fate
        FROM {schema}.sessions AS was
    )
    SELECT fate, count(*) AS count,
           (array_agg(left(encode(key_hash, 'hex'), 12)) FILTER (WHERE fate <> 'live'))[1:%(named)s] AS who
    FROM fate GROUP BY fate
"""
STORED = "SELECT key_hash, coalesce(expires_at <= %(now)s, false) FROM {schema}.sessions"
COUNTS = """
    SELECT (SELECT count(*) FROM {schema}.families) AS families, (SELECT count(*) FROM {schema}.sessions) AS sessions
"""

Fates = dict[str, int]


def sort_fates(taken: int, fates: Fates, explained: list[str], logouts: int = 0) -> dict[str, Any]:
    """What became of the members: {taken, live, explained: {by: number}, lost, lost_by}.

    logouts: so many missing ones are explained, because a removed session does not say who removed it.
    """
    gone = {fate: count for fate, count in fates.items() if fate != LIVE and count}
    known = {fate: count for fate, count in gone.items() if fate == EXPIRED or fate in explained}
    lost = {fate: count for fate, count in gone.items() if fate not in known}
    by_logout = min(lost.get(MISSING, 0), logouts)
    if by_logout:
        known[LOGGED_OUT] = by_logout
        lost[MISSING] -= by_logout
    lost = {fate: count for fate, count in lost.items() if count}
    return {
        "taken": taken,
        "live": fates.get(LIVE, 0),
        "explained": known,
        "lost": sum(lost.values()),
        "lost_by": lost,
    }


def judge_kind(kind: str, outcome: Mapping[str, Any] | None, reason: str, limits: Limits) -> Check:
    """The check of families or sessions; without an outcome it is unknown for the reason."""
    name = f"{kind}_kept"
    if outcome is None:
        return not_known(name, limits, reason)
    words = ", ".join(f"{count} {fate}" for fate, count in outcome["lost_by"].items())
    found = f"{outcome['lost']} of {outcome['taken']} {kind} that were live are lost ({words})"
    return judge(name, Measured(outcome["lost"], outcome["taken"], found), limits, NEXT_STEP)


class Proof:
    """The comparison of a snapshot with what is now, within one transaction."""

    def __init__(
        self, transaction: Transaction, options: Mapping[str, Any], snapshot: Mapping[str, Any]
    ) -> None:
        self._transaction = transaction
        self._options = options
        self._snapshot = snapshot
        self._names = session_snapshot.names_of(options)
        self._values = {
            "now": transaction.row("SELECT transaction_timestamp() AS now", {})["now"],
            "taken_at": snapshot["taken_at"],
            "rotated": options["rotated_reason"],
            "explained": options["explained_reasons"],
            "named": NAMED,
        }
        self.lost: list[dict[str, str]] = []

    def families(self) -> dict[str, Any]:
        """Raises NotKnown where families cannot be told apart, HealthError."""
        columns = (*session_snapshot.FAMILY_COLUMNS, "revoked_reason")
        reason = self._snapshot["reason"] or session_snapshot.missing_of(
            self._transaction, self._options, columns
        )
        if reason:
            raise NotKnown(reason)
        rows = self._transaction.rows(FAMILIES, self._values, self._names)
        return self._sort("family", self._snapshot["families"], rows, 0)

    def sessions(self) -> dict[str, Any]:
        """Raises NotKnown, HealthError."""
        if self._options["sessions_in"] == session_snapshot.DATABASE:
            rows = self._transaction.rows(SESSIONS, self._values, self._names)
        else:
            rows = self._compare_with_redis()
        return self._sort("session", self._snapshot["sessions"], rows, self._logouts())

    def _logouts(self) -> int:
        columns = ("revoked_at", "revoked_reason")
        if session_snapshot.missing_of(self._transaction, self._options, columns):
            return 0
        options = self._options
        told_apart = options["own_users"] and options["user_table"] and options["user_name_column"]
        if self._snapshot["reason"] or not told_apart:
            return self._transaction.row(LOGOUTS, self._values, self._names)["count"]
        names = self._names | {
            "users": identifier(options["user_table"]),
            "user_key": sql.Identifier(options["user_key_column"]),
            "user_name": sql.Identifier(options["user_name_column"]),
        }
        values = self._values | {"own_users": options["own_users"]}
        return self._transaction.row(LOGOUTS + OF_OTHERS, values, names)["count"]

    def _compare_with_redis(self) -> list[dict[str, Any]]:
        with SessionStore(session_snapshot.store_options(self._options)) as store:
            present = set(session_snapshot.hashes(store, self._options["scan_seconds"]))
        found: dict[str, dict[str, Any]] = {}
        for key_hash, expired in self._transaction.stream(STORED, self._values, self._names):
            digest = bytes(key_hash)
            fate = LIVE if digest in present else EXPIRED if expired else MISSING
            row = found.setdefault(fate, {"fate": fate, "count": 0, "who": []})
            row["count"] += 1
            if fate != LIVE and len(row["who"]) < NAMED:
                row["who"].append(digest.hex()[:12])
        return list(found.values())

    def _sort(self, kind: str, taken: int, rows: list[dict[str, Any]], logouts: int) -> dict[str, Any]:
        fates = {row["fate"]: row["count"] for row in rows}
        outcome = sort_fates(taken, fates, self._options["explained_reasons"], logouts)
        lost = [
            (row["fate"], who)
            for row in rows
            if row["fate"] in outcome["lost_by"]
            for who in row["who"] or []
        ]
        self.lost += [{"kind": kind, "fate": fate, "who": who} for fate, who in lost[:NAMED]]
        return outcome


def prove(transaction: Transaction, options: Mapping[str, Any]) -> dict[str, Any]:
    """The checks and outcomes of the proof; without a whole snapshot they are unknown, where none is needed.

    Raises HealthError, also where one is.
    """
    limits = Limits(None, options["lost_allowed"])
    snapshot = session_snapshot.existing(transaction, options)
    problem = _problem(transaction, options, snapshot)
    if problem and options["snapshot_needed"]:
        raise HealthError(f"{transaction.place}: {problem}")
    if problem:
        checks = [judge_kind(kind, None, problem, limits) for kind in KINDS]
        return {"checks": checks, **dict.fromkeys(KINDS), "lost": [], "name": "", "taken_at": ""}
    proof = Proof(transaction, options, snapshot)
    checks, outcomes = [], {}
    for kind, ask in zip(KINDS, (proof.families, proof.sessions), strict=True):
        try:
            outcome, reason = ask(), ""
        except NotKnown as error:
            outcome, reason = None, str(error)
        checks.append(judge_kind(kind, outcome, reason, limits))
        outcomes[kind] = outcome
    taken_at = snapshot["taken_at"].isoformat()
    return {"checks": checks, **outcomes, "lost": proof.lost, "name": snapshot["name"], "taken_at": taken_at}


def _problem(transaction: Transaction, options: Mapping[str, Any], snapshot: Mapping[str, Any] | None) -> str:
    """Why the snapshot proves nothing; empty where it is whole."""
    if not snapshot:
        return f"there is no snapshot in schema {options['schema']}; one must be taken first"
    counts = transaction.row(COUNTS, {}, session_snapshot.names_of(options))
    if counts == {"families": snapshot["families"] or 0, "sessions": snapshot["sessions"]}:
        return ""
    return (
        f"the snapshot in schema {options['schema']} holds {counts['families']} families and "
        f"{counts['sessions']} sessions, but {snapshot['families'] or 0} and {snapshot['sessions']} were taken; "
        "PostgreSQL has crashed since, so nobody can say who was logged in"
    )
