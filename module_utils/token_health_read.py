"""Reads the token table: the catalog first, then one query for each check that its columns allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils import token_health, token_health_rules, token_health_sql
from ansible.module_utils.health_checks import (
    Check,
    HealthError,
    Limits,
    NotKnown,
    choose_checks,
    choose_limits,
)
from ansible.module_utils.health_postgres import Transaction, identifier, quoted, sql

CLOCK_COLUMNS = ("created_at", "expires_at", "revoked_at", "confirmed_at")


class TokenTable:
    """The token table within one transaction. `columns` of the options maps names of the queries to its own."""

    def __init__(
        self, transaction: Transaction, options: Mapping[str, Any], limits: Mapping[str, Limits]
    ) -> None:
        self._transaction = transaction
        self._options = options
        self.catalog = self._read_catalog()
        self.now = transaction.row(
            "SELECT coalesce(%(now)s::timestamptz, transaction_timestamp()) AS now", {"now": options["now"]}
        )["now"]
        self._values = self._read_values(limits)

    def _read_catalog(self) -> dict[str, Any]:
        values = {"table": quoted(self._options["table"])}
        table, columns, indexes = (
            self._transaction.rows(text, values) for text in token_health_sql.CATALOG.values()
        )
        types = {column["name"]: column["type"] for column in columns}
        renamed = self._options["columns"]
        return {
            "table": table[0] if table else {},
            "columns": types,
            "indexes": indexes,
            "missing": [renamed[name] for name in token_health_sql.REQUIRED if renamed[name] not in types],
            "clock_columns": [renamed[name] for name in CLOCK_COLUMNS],
        }

    def _read_values(self, limits: Mapping[str, Limits]) -> dict[str, Any]:
        options, lag = self._options, limits["purge_lag"]
        # A token is rotated some time after it was made: what is due is looked for two lifetimes beyond the limit.
        beyond = options["retention_days"] * 86400 + 2 * options["access_seconds"]
        return {
            "now": self.now,
            "window_days": options["window_days"],
            "access_seconds": options["access_seconds"],
            "retention_days": options["retention_days"],
            "canary_users": options["canary_users"],
            "canaries": self._read_canaries(),
            "purge_ages": [beyond + 3600 * hours for hours in {lag.warning, lag.critical} - {None}],
            "baseline_at": options["baseline"].get("taken_at") or "-infinity",
            **options["reasons"],
        }

    def _read_canaries(self) -> list[str]:
        options = self._options
        if not self.catalog["columns"]:
            return []  # A database before its first migration has no users either, and nothing is asked of it.
        if not (options["canary_users"] and options["user_table"] and options["user_name_column"]):
            return []
        rows = self._transaction.rows(
            token_health_sql.CANARIES, {"canary_users": options["canary_users"]}, self._names()
        )
        return [row["id"] for row in rows]

    def _names(self) -> dict[str, Any]:
        """What the braces of the queries stand for."""
        options = self._options
        columns = {name: sql.Identifier(column) for name, column in options["columns"].items()}
        present = {name for name, column in options["columns"].items() if column in self.catalog["columns"]}
        conditions = {
            "not_adopted": token_health_sql.NOT_ADOPTED if {"token_id", "family_id"} <= present else "",
            "not_canary": token_health_sql.NOT_CANARY if getattr(self, "_values", {}).get("canaries") else "",
        }
        return {
            **columns,
            **{name: sql.SQL(text).format(**columns) for name, text in conditions.items()},
            **self._guarantees(columns),
            "table": identifier(options["table"]),
            "users": identifier(options["user_table"] or "users"),
            "user_key": sql.Identifier(options["user_key_column"]),
            "user_name": sql.Identifier(options["user_name_column"] or "name"),
            "user_active": sql.Identifier(options["user_active_column"]),
        }

    def _guarantees(self, columns: dict[str, Any]) -> dict[str, Any]:
        names = {**columns, "table": identifier(self._options["table"])}
        return {
            name: sql.SQL(
                token_health_sql.choose(guarantee, self.catalog["indexes"], self._options["columns"])
            ).format(**names)
            for name, guarantee in token_health_sql.GUARANTEES.items()
        }

    def ask(self, query: token_health_sql.Query) -> list[dict[str, Any]]:
        """The rows of a query. Raises NotKnown where the table has not what it reads, HealthError."""
        options = self._options
        if not self.catalog["columns"]:
            raise NotKnown(f"there is no table {options['table']}")
        missing = [
            c for name in query.columns if (c := options["columns"][name]) not in self.catalog["columns"]
        ]
        if missing:
            raise NotKnown(f"table {options['table']} has no {', '.join(missing)}, which this check reads")
        if query.users and not options["user_table"]:
            raise NotKnown("user_table does not say which table holds the users")
        return self._transaction.rows(query.text, self._values, self._names())


def read_metrics(table: TokenTable) -> tuple[dict[str, Any], str]:
    """The figures of the result, None for those that cannot be known, and why they cannot; empty when all are known."""
    found: dict[str, Any] = {}
    problems = []
    for name, query in token_health_sql.METRICS.items():
        try:
            found |= token_health.METRICS[name](table.ask(query))
        except NotKnown as reason:
            found |= token_health.METRICS[name](None)
            problems.append(str(reason))
    of_table = table.catalog["table"]
    found["table_oid"] = of_table.get("oid")
    found["scans"] = {
        "sequential": of_table.get("seq_scan"),
        "index": of_table.get("idx_scan"),
        "live_rows": of_table.get("n_live_tup"),
        "dead_rows": of_table.get("n_dead_tup"),
        "vacuumed_at": of_table.get("vacuumed_at"),
    }
    return found | {"reused_per_hour": None}, "; ".join(dict.fromkeys(problems))


def read_health(
    transaction: Transaction, options: Mapping[str, Any]
) -> tuple[list[Check], dict[str, Any], str]:
    """The checks, the metrics, and the time they hold for. Raises HealthError."""
    limits = choose_limits(
        {name: rule.limits for name, rule in token_health_rules.RULES.items()}, options["thresholds"]
    )
    names = choose_checks(token_health_rules.RULES, options["checks"], bool(options["baseline"]))
    table = TokenTable(transaction, options, limits)
    metrics, problem = read_metrics(table)
    baseline = options["baseline"].get("metrics") or {}
    facts = token_health.Facts(options, metrics, table.catalog, baseline, problem)
    readings = {name: _read(table, name) for name in names}
    if isinstance(readings.get("reuse_ratio"), dict):
        metrics["reused_per_hour"] = readings["reuse_ratio"]["reused"]
    checks = [token_health_rules.assess(name, readings[name], facts, limits[name]) for name in names]
    return checks, metrics, table.now.isoformat()


def _read(table: TokenTable, name: str) -> Any:
    """What the query of a check gave, or why it gave nothing."""
    if name in token_health_rules.ALWAYS_ANSWERED:
        return None
    try:
        if name in token_health_rules.OF_THE_CATALOG:
            if not table.catalog["columns"]:
                raise NotKnown("there is no table")
            return None
        rows = table.ask(token_health_sql.CHECKS[name])
        return rows if name == "token_lifetime" else rows[0]
    except NotKnown as reason:
        return reason


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the functions here need them. Raises HealthError."""
    for name in ("window_days", "access_seconds", "retention_days"):
        if options[name] <= 0:
            raise HealthError(f"{name} is {options[name]:g}; a number above 0 is needed")
    baseline = options["baseline"] or {}
    if baseline and not {"taken_at", "metrics"} <= set(baseline):
        raise HealthError(
            "baseline has no taken_at or no metrics; an earlier result of this module is needed"
        )
    return {**options, "baseline": baseline, "thresholds": options["thresholds"] or {}}
