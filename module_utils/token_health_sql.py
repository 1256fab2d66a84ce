"""The queries of the token health: one for each check, so that a missing column or a slow query costs that check alone.

`{table}`, `{users}` and the names of columns are identifiers, `{not_adopted}` and `{not_canary}` optional conditions (a
session of the version without families is adopted: its token is its family), `%(name)s` are values. What a unique index
guarantees is not counted: see `GUARANTEES`. Columns have the
name of the option that renames them. Ranges of time are open at their old end, as in the guide's queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Every column the queries know; a table may lack those that its version did not add.
COLUMNS = (
    "id", "token_id", "user_id", "family_id", "parent_id", "created_at", "expires_at", "revoked_at",
    "revoked_reason", "rotation_count", "remember_me", "confirmed_at", "replay_count",
)  # fmt: skip
#: The columns of the guide's three queries: without them nothing can be said.
REQUIRED = ("expires_at", "revoked_at", "created_at", "rotation_count", "remember_me")


@dataclass(frozen=True)
class Query:
    """columns: those that the text reads; users: whether it reads the table of users."""

    text: str
    columns: tuple[str, ...]
    users: bool = False


@dataclass(frozen=True)
class Guarantee:
    """What a valid unique index rules out, so that it need not be counted.

    key: the index's only column; predicate: of a partial index, as pg_get_expr prints it; counted: what a query asks
    for without such an index; guaranteed: what it asks for with it.
    """

    key: str
    predicate: str
    counted: str
    guaranteed: str


#: Stand in braces in the queries, by name.
GUARANTEES = {
    "live_tips": Guarantee(
        "family_id",
        "({revoked_at} IS NULL)",
        "SELECT count(*) AS tips FROM {table} WHERE {revoked_at} IS NULL GROUP BY {family_id}",
        "SELECT 1 AS tips FROM {table} WHERE {revoked_at} IS NULL",
    ),
    "forks": Guarantee(
        "parent_id", "({parent_id} IS NOT NULL)", "count(*) - count(DISTINCT child.{parent_id})", "0"
    ),
}


def _query(text: str) -> Query:
    whole = text + "".join(one.counted for name, one in GUARANTEES.items() if f"{{{name}}}" in text)
    used = tuple(column for column in COLUMNS if f"{{{column}}}" in whole)
    return Query(text, used, users="{users}" in text)


def choose(guarantee: Guarantee, indexes: list[dict[str, Any]], columns: dict[str, str]) -> str:
    """What is to be asked beside these indexes; `columns` are the table's own names by those of the queries."""
    wanted = (None, guarantee.predicate.format(**columns))
    given = any(
        index["unique"]
        and index["valid"]
        and index["keys"] == [columns[guarantee.key]]
        and index["predicate"] in wanted
        for index in indexes
    )
    return guarantee.guaranteed if given else guarantee.counted


CATALOG = {
    "table": """
        SELECT c.oid::bigint AS oid, c.relkind::text AS kind, s.seq_scan, s.idx_scan, s.n_live_tup, s.n_dead_tup,
               extract(epoch FROM greatest(s.last_autovacuum, s.last_vacuum))::float8 AS vacuumed_at
        FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
        WHERE c.oid = to_regclass(%(table)s)
    """,
    "columns": """
        SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
        WHERE attrelid = to_regclass(%(table)s) AND attnum > 0 AND NOT attisdropped
    """,
    "indexes": """
        SELECT c.relname AS name, i.indisvalid AND i.indisready AS valid, i.indisunique AS "unique",
               coalesce(s.idx_scan, 0) AS scans, pg_get_expr(i.indpred, i.indrelid) AS predicate,
               ARRAY(SELECT coalesce(a.attname::text, '')
                     FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key (number, place)
                     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.number
                     WHERE key.place <= i.indnkeyatts ORDER BY key.place) AS keys
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
        WHERE i.indrelid = to_regclass(%(table)s)
    """,
}
#: Conditions that a query has where they can be said: the columns are there, there are canaries.
NOT_ADOPTED = "AND {token_id} <> {family_id}"
NOT_CANARY = "AND {user_id}::text <> ALL(%(canaries)s::text[])"

CANARIES = "SELECT {user_key}::text AS id FROM {users} WHERE {user_name} = ANY(%(canary_users)s)"

# The guide's second and third query in one pass; date_part is the same as its extract(epoch ...), without numeric.
METRICS = {
    "active": _query("""
        SELECT count(*) AS active FROM {table} WHERE {revoked_at} IS NULL AND {expires_at} > %(now)s
    """),
    "window": _query("""
        SELECT {remember_me} AS remember_me, count(*) AS count, sum({rotation_count}) AS rotations,
               avg(date_part('epoch', {expires_at} - {created_at})) / 86400 AS avg_days
        FROM {table} WHERE {created_at} > %(now)s - %(window_days)s * interval '1 day'
        GROUP BY 1 ORDER BY 1
    """),
    "newest": _query("SELECT max({id}) AS id FROM {table}"),
}

CHECKS = {
    "single_live_tip": _query("""
        SELECT count(*) FILTER (WHERE tips > 1) AS forked, count(*) AS families
        FROM ({live_tips}) AS family
    """),
    # Nearly all parents are among the rows of the same day; the others are fetched one by one. One plain join would
    # read the whole table; a look-up for each child would be counted as that many scans of the index, and hide from
    # the check index_use what the application itself scans.
    "token_chain": _query("""
        SELECT count(*) AS children, {forks} AS forks,
               count(*) FILTER (WHERE coalesce(near.{id}, far.{id}) IS NULL) AS orphans,
               count(*) FILTER (
                   WHERE child.{rotation_count} - 1 <> coalesce(near.{rotation_count}, far.{rotation_count})
                      OR child.{user_id} <> coalesce(near.{user_id}, far.{user_id})
                      OR child.{family_id} <> coalesce(near.{family_id}, far.{family_id})) AS mixed
        FROM {table} AS child
        LEFT JOIN (
            SELECT * FROM {table} WHERE {created_at} > %(now)s - interval '26 hours'
        ) AS near ON near.{id} = child.{parent_id}
        LEFT JOIN LATERAL (
            SELECT * FROM {table} AS old WHERE near.{id} IS NULL AND old.{id} = child.{parent_id} OFFSET 0
        ) AS far ON true
        WHERE child.{created_at} > %(now)s - interval '1 day' AND child.{parent_id} IS NOT NULL
    """),
    "revocation_rate": _query("""
        SELECT count(*) FILTER (WHERE {revoked_at} > %(now)s - interval '5 minutes') AS recent,
               count(*) FILTER (WHERE {revoked_at} < %(now)s - interval '6 days') / 12.0::float8 AS usual
        FROM {table}
        WHERE {revoked_reason} <> %(rotated)s AND {revoked_reason} <> %(canary)s
          AND ({revoked_at} > %(now)s - interval '5 minutes'
               OR ({revoked_at} > %(now)s - interval '7 days 30 minutes'
                   AND {revoked_at} <= %(now)s - interval '7 days' + interval '30 minutes'))
          {not_canary}
    """),
    "reuse_ratio": _query("""
        SELECT (SELECT count(*) FROM {table} WHERE {revoked_reason} = %(reuse)s AND {revoked_reason} <> %(rotated)s
                AND {revoked_at} > %(now)s - interval '1 hour') AS reused,
               (SELECT count(*) FROM {table} WHERE {created_at} > %(now)s - interval '1 hour'
                AND {rotation_count} > 0) AS rotations
    """),
    "reuse_since_baseline": _query("""
        SELECT count(*) AS reused FROM {table}
        WHERE {revoked_reason} = %(reuse)s AND {revoked_reason} <> %(rotated)s AND {revoked_at} > %(baseline_at)s
    """),
    "revocation_burst": _query("""
        SELECT coalesce(max(together), 0) AS together, count(*) AS revocations FROM (
            SELECT count(*) OVER (PARTITION BY {user_id} ORDER BY {revoked_at}
                                  RANGE BETWEEN interval '1 millisecond' PRECEDING AND CURRENT ROW) AS together
            FROM {table}
            WHERE {revoked_reason} <> %(rotated)s AND {revoked_reason} <> ALL(%(bulk)s)
              AND {revoked_reason} <> %(canary)s AND {revoked_at} > %(now)s - interval '1 day'
        ) AS burst
    """),
    # A live tip that is older than the new login has not been rotated or first used since: its client has lost it.
    "involuntary_logouts": _query("""
        WITH login AS MATERIALIZED (
            SELECT {user_id} AS user_id, {family_id} AS family_id, {created_at} AS at FROM {table}
            WHERE {created_at} > %(now)s - interval '1 day' AND {rotation_count} = 0
              {not_adopted} {not_canary}
        ), left_behind AS MATERIALIZED (
            SELECT {user_id} AS user_id, {family_id} AS family_id, {revoked_at} AS ended_at, {expires_at} AS expires_at,
                   greatest({created_at}, {confirmed_at}) AS active_at
            FROM {table}
            WHERE {created_at} > %(now)s - interval '1 day' - 2 * %(access_seconds)s * interval '1 second'
              AND {revoked_at} IS NULL AND {expires_at} > %(now)s - interval '1 day'
            UNION ALL
            SELECT {user_id}, {family_id}, {revoked_at}, {expires_at}, greatest({created_at}, {confirmed_at})
            FROM {table}
            WHERE {created_at} > %(now)s - interval '1 day' - 2 * %(access_seconds)s * interval '1 second'
              AND {revoked_at} > %(now)s - interval '1 day' - 2 * %(access_seconds)s * interval '1 second'
              AND {revoked_reason} = %(reuse)s AND {revoked_reason} <> %(rotated)s
        )
        SELECT count(DISTINCT login.family_id) AS involuntary, (SELECT count(*) FROM login) AS logins
        FROM login JOIN left_behind AS old USING (user_id)
        WHERE old.family_id <> login.family_id AND old.expires_at > login.at AND old.active_at <= login.at
          AND old.active_at > login.at - 2 * %(access_seconds)s * interval '1 second'
          AND (old.ended_at <= login.at
               OR (old.ended_at IS NULL AND login.at <= %(now)s - %(access_seconds)s * interval '1 second'))
    """),
    # A release that does not rotate confirms nothing: what was rotated before a change is not held against it.
    "unconfirmed_tips": _query("""
        SELECT count(*) AS tips, count(*) FILTER (WHERE {confirmed_at} IS NULL) AS unconfirmed
        FROM {table}
        WHERE {created_at} > greatest(%(now)s - interval '1 hour', %(baseline_at)s)
          AND {created_at} < %(now)s - interval '2 minutes'
          AND {rotation_count} > 0 AND {revoked_at} IS NULL AND {expires_at} > %(now)s {not_canary}
    """),
    "replay_ratio": _query("""
        SELECT count(*) AS rotations, coalesce(sum({replay_count}), 0) AS replays
        FROM {table} WHERE {created_at} > %(now)s - interval '1 hour' AND {rotation_count} > 0 {not_canary}
    """),
    "rotation_stuck": _query("""
        SELECT count(*) AS families, count({revoked_at}) AS rotated
        FROM {table}
        WHERE {created_at} > %(now)s - greatest(86400, 8 * %(access_seconds)s) * interval '1 second'
          AND {created_at} < %(now)s - 4 * %(access_seconds)s * interval '1 second'
          AND {rotation_count} = 0 AND {confirmed_at} IS NOT NULL {not_adopted}
          AND ({revoked_at} IS NULL OR {revoked_reason} = %(rotated)s)
    """),
    "token_lifetime": _query("""
        SELECT {remember_me} AS remember_me, count(*) AS roots,
               min(date_part('epoch', {expires_at} - {created_at})) AS shortest,
               max(date_part('epoch', {expires_at} - {created_at})) AS longest
        FROM {table}
        WHERE {created_at} > greatest(%(now)s - interval '1 day', %(baseline_at)s)
          AND {rotation_count} = 0 {not_adopted}
        GROUP BY 1 ORDER BY 1
    """),
    "clock": _query("""
        SELECT count(*) AS future FROM {table} WHERE {created_at} > %(now)s + interval '1 second'
    """),
    # A row that is due lies just beyond the limit, among those of the same age: a thousand of each age are enough. Kept
    # on purpose are the parent of a token that its client has not used, while that lives, and a token of the version
    # without families, while it verifies: they are due when that is over, however long ago they were rotated.
    "purge_lag": _query("""
        SELECT coalesce(max(extract(epoch FROM %(now)s - greatest(
                   sample.{revoked_at},
                   least(child.{revoked_at}, child.{confirmed_at}, child.{expires_at}) - kept,
                   CASE WHEN sample.{token_id} = sample.{family_id} THEN sample.{expires_at} - kept END
               ))), 0)::float8 AS oldest, count(*) AS rows
        FROM (SELECT %(retention_days)s * interval '1 day' AS kept) AS purge,
             unnest(%(purge_ages)s::float8[]) AS age, LATERAL (
            SELECT * FROM {table}
            WHERE {created_at} < %(now)s - age * interval '1 second' ORDER BY {created_at} DESC LIMIT 1000
        ) AS sample
        LEFT JOIN {table} AS child ON child.{parent_id} = sample.{id}
        WHERE sample.{revoked_reason} = %(rotated)s
    """),
    "tips_per_user": _query("""
        SELECT coalesce(max(tips), 0) AS most, count(*) AS users FROM (
            SELECT count(*) AS tips FROM {table} WHERE {revoked_at} IS NULL AND {expires_at} > %(now)s
            {not_canary} GROUP BY {user_id}
        ) AS holder
    """),
    "inactive_users": _query("""
        SELECT count(token.{user_id}) AS tips, count(DISTINCT holder.{user_key}) AS users
        FROM {users} AS holder LEFT JOIN {table} AS token ON token.{user_id} = holder.{user_key}
             AND token.{revoked_at} IS NULL AND token.{expires_at} > %(now)s
        WHERE NOT holder.{user_active}
    """),
    "revivable_tokens": _query("""
        SELECT count(*) AS revivable FROM {table}
        WHERE {revoked_reason} <> %(rotated)s AND {expires_at} > %(now)s
    """),
}
