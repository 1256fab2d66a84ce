"""Which migrations a deploy may apply while the release before it serves, and what is said of those it may not.

A migration may do what is listed here as harmless. Two linters look at each that is not applied yet, too:
django-migration-linter in the new image, and squawk over the migration's SQL. What is not harmless, and what they find,
becomes refusals, one sentence each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible.module_utils.migration_sql import (
    ADD,
    ADDED_KEY,
    COLUMN,
    NAME,
    TABLE,
    actions,
    bare,
    columns_added,
    normal,
    split,
    subjects,
    tables_held,
    tables_made,
    tables_used,
    without_brackets,
)

SHOWN_CHARACTERS = 120


@dataclass(frozen=True)
class Rule:
    """What is refused: the names that the linters have for it, why, and what to do instead.

    `contracts` tells that code of before can not bear it. Else it is only that it locks a table for long, which does
    no harm to a small one. `sql` is the form of it, as `actions` returns it; it is found by that without any linter.
    """

    names: tuple[str, ...]
    does: str
    why: str
    instead: str
    contracts: bool = True
    sql: str = ""


READS = "the release that serves still uses it"
LOCKS = "nobody can write to the table until it is done"
CONCURRENTLY = "Use AddIndexConcurrently or RemoveIndexConcurrently in a migration with atomic = False"
VALIDATE = "Add it with NOT VALID, and validate it in a migration after that"
RULES = (
    Rule(
        ("DROP_COLUMN", "ban-drop-column"),
        "drops a column",
        READS,
        "Take the field out of the code in one release, and drop its column in the next",
        sql=r"alter table drop (?:column )?(?!constraint\b)",
    ),
    Rule(
        ("DROP_TABLE", "ban-drop-table", "ban-truncate-cascade", "ban-drop-database"),
        "drops a table or what is in it",
        READS,
        "Take the model out of the code in one release, and drop its table in the next",
        sql="drop table |truncate ",
    ),
    Rule(
        ("RENAME_COLUMN", "RENAME_TABLE", "renaming-column", "renaming-table"),
        "renames",
        "the release that serves still uses the old name",
        "Add the new one beside it, fill it, and drop the old one in a later release",
        sql="alter table rename ",
    ),
    Rule(
        ("NOT_NULL", "adding-required-field"),
        "makes a column NOT NULL without a default in the database",
        "the release that serves does not fill it, so its inserts would fail",
        "Make the field null=True, or give it a db_default",
        sql=rf"{ADD}(?!.*\bdefault (?!\(?null\b)).*\bnot null\b"
        rf"|alter table alter (?:column )?{NAME} (?:drop default|set default null)",
    ),
    Rule(
        ("ALTER_COLUMN", "changing-column-type"),
        "changes the type of a column",
        "the table is locked and rewritten, and the release that serves expects the old type",
        "Add a column of the new type beside it, fill it, and drop the old one in a later release",
        sql=rf"alter table alter (?:column )?{NAME} (?:set data )?type ",
    ),
    Rule(
        ("ban-drop-constraint", "ban-drop-not-null"),
        "drops a constraint",
        "the release that serves may rely on it",
        "Drop it in the release after the one whose code can do without it",
        sql=rf"alter table (?:drop constraint|alter (?:column )?{NAME} drop not null)",
    ),
    Rule(
        ("ADD_UNIQUE", "disallowed-unique-constraint"),
        "adds a unique constraint to a table that is in use",
        "the release that serves may write rows that it refuses, and the table is locked while its index is built",
        "Build a unique index with CREATE UNIQUE INDEX CONCURRENTLY once no code writes such rows, and add the "
        "constraint USING INDEX",
        sql=rf"alter table add (?:constraint {NAME} )?(?:unique|primary key)\b|{ADD}.*\bunique\b|create unique index ",
    ),
    Rule(
        ("adding-not-nullable-field",),
        "sets a column NOT NULL",
        "the release that serves may write nothing into it, and the table is locked while all of it is read",
        "Add a CHECK constraint with NOT VALID once all code fills it, and validate it in a migration after that",
        sql=rf"alter table alter (?:column )?{NAME} set not null",
    ),
    Rule(
        ("adds-constraint",),
        "adds a constraint to a table that is in use",
        "the release that serves may write rows that it refuses",
        "Add it in the release after the one whose code keeps to it",
        sql=rf"alter table add (?:constraint {NAME} )?(?:check|foreign key|exclude)\b",
    ),
    Rule(
        ("changes-rows",),
        "changes or deletes rows",
        READS,
        "Fill only columns that the same deploy adds, and delete rows in the release after the one that needs them",
        sql="(?:update|delete from|insert into) ",
    ),
    Rule(
        ("runs-python",),
        "runs Python",
        "no linter can tell what that does to the release that serves",
        "Write it as SQL that only adds, or read it yourself",
    ),
    Rule(
        ("syntax-error",),
        "has SQL that squawk cannot read",
        "so squawk says nothing about the whole migration",
        "Write it in a form that squawk reads, or read it yourself",
    ),
    Rule(
        ("require-concurrent-index-creation", "require-concurrent-index-deletion"),
        "builds or drops an index with the table locked",
        LOCKS,
        CONCURRENTLY,
        contracts=False,
    ),
    Rule(
        ("adding-foreign-key-constraint", "constraint-missing-not-valid"),
        "adds a constraint and checks every row at once",
        LOCKS,
        VALIDATE,
        contracts=False,
    ),
    Rule(
        ("adding-field-with-default", "adding-primary-key-constraint", "adding-serial-primary-key-field"),
        "rewrites a table",
        "nobody can read or write it until that is done",
        "Add a nullable column without a default, fill it in batches, and set the default in a migration after that",
        contracts=False,
    ),
    Rule(
        ("ban-concurrent-index-creation-in-transaction",),
        "builds an index CONCURRENTLY in a transaction",
        "PostgreSQL refuses that",
        "Set atomic = False on the migration",
        contracts=False,
    ),
    Rule(
        ("updates-large-table",),
        "updates a large table in one statement",
        "who writes to one of these rows waits until all of them are done",
        "Fill it after the deploy, in batches that are committed one by one",
        contracts=False,
        sql="update ",
    ),
    Rule(
        ("slow-under-lock",),
        "goes through a large table while it has a table locked",
        "whoever uses that one waits until the migration is committed",
        "Do it in a migration of its own after that",
        contracts=False,
    ),
)
UNLISTED = Rule(
    ("not-listed",),
    "does what is not known to be harmless",
    READS,
    "Do it in the release after the one whose code can do without it",
)
#: What only locks, and has a form of its own.
LOCKING = [rule for rule in RULES if rule.sql and not rule.contracts]
#: What a SELECT may call, and what only looks like a call.
CALLS = "as|and|any|coalesce|count|exists|from|in|max|min|not|on|or|pg_sleep|select|values|where"
#: What code of before can bear, as `actions` returns it. Whether it locks a table for long is squawk's to say.
HARMLESS = re.compile(
    r"(?:begin|commit)$"
    r"|set (?:local |session )?(?:\w+_timeout|(?:maintenance_)?work_mem)\b|set constraints "
    rf"|select (?!.*\binto\b)(?!.*\b(?!(?:{CALLS})\b)[\w$]+\"? ?\()"
    r"|create (?:(?:global |local )?temp(?:orary)? |unlogged )?table "
    r"|create (?:index|extension|schema|sequence|statistics|type|view|materialized view) "
    rf"|alter type {TABLE} add value "
    r"|insert into (?!.*\bdo update\b)"
    r"|(?:analyze|comment on|drop index|grant)\b"
    rf"|alter table (?:validate constraint |alter (?:column )?{NAME} set default (?!\(?null\b))"
)
#: What takes the longer, the larger the tables are that it goes through, as `actions` returns it.
SLOW = re.compile(
    r"(?:alter table validate constraint|update|delete from|select) |insert into .*\b(?:select|table|with)\b"
    r"|create (?:\w+ )*(?:table|materialized view) .*\bas (?:\( ?)*(?:select|table|with)\b(?!.*\bwith no data$)"
)


@dataclass(frozen=True)
class Finding:
    """What one linter says: its rule, the table and the statement, or its own words where the rule is not listed."""

    rule: str
    table: str
    statement: str = ""
    message: str = ""


@dataclass(frozen=True)
class Refusal:
    """What may not be applied. `sentence` is for the operator; `contracts` as in `Rule`."""

    migration: str
    contracts: bool
    sentence: str


def migration_file(migration: dict) -> str:
    """Return the SQL of a migration as a file in which each statement is one line: squawk reports by lines."""
    return "".join(f"{one['sql'].rstrip(';')};\n" for one in migration["statements"])


def squawk_findings(migration: dict, reported: list[dict]) -> list[Finding]:
    """Return what squawk reports of the file of a migration, with the statement of each line."""
    statements = migration["statements"]
    return [
        Finding(
            one["rule_name"], statements[one["line"]]["table"], statements[one["line"]]["sql"], one["message"]
        )
        for one in reported
        # A new column that is empty has nothing to check.
        if one["rule_name"] != "adding-foreign-key-constraint"
        or not _adds_column(statements[one["line"]]["sql"])
    ]


def _adds_column(sql: str) -> bool:
    found = [re.match(COLUMN, action) for action in actions(normal(sql))]
    return all(one and _harmless_column(one[2]) for one in found)


def linter_findings(migration: dict) -> list[Finding]:
    """Return the errors that django-migration-linter has found."""
    return [
        Finding(issue["rule"], issue["table"], _first_statement(migration, issue["table"]), issue["message"])
        for issue in migration["issues"]
    ]


def _first_statement(migration: dict, table: str) -> str:
    return next((one["sql"] for one in migration["statements"] if table and one["table"] == table), "")


@dataclass(frozen=True)
class Deploy:
    """What is known of the database, and what the migrations of one deploy add to it.

    tables: bytes of each table that exists. made: tables that no code uses yet, to which anything may happen. added:
    definitions of the columns that no code uses yet, by table and name. large: bytes from which a table is large.
    """

    tables: dict[str, int]
    made: set[str]
    added: dict[tuple[str, str], str]
    large: int

    @classmethod
    def of(cls, plan: dict, large: int) -> Deploy:
        """Return what the plan that was read in the new image tells."""
        pending, unserved = (
            [one["sql"] for migration in plan[part] for one in migration["statements"]]
            for part in ("pending", "unserved")
        )
        # A table that is there is not made, whatever CREATE TABLE IF NOT EXISTS says of it.
        made = (tables_made(pending) - set(plan["tables"])) | tables_made(unserved)
        return cls(plan["tables"], made, columns_added(unserved + pending), large)

    def size(self, table: str) -> int | None:
        """Return the bytes of a table, None for one that no code uses. One that is not known counts as large."""
        return None if table in self.made else self.tables.get(table, self.large)


def own_findings(migration: dict, deploy: Deploy) -> list[Finding]:
    """Return what a migration does that is not listed as harmless, its Python, and what keeps others waiting."""
    found = [Finding("runs-python", "", one) for one in migration["python"]]
    for sql in (one["sql"] for one in migration["statements"]):
        text = normal(sql)
        tables = [table for table in subjects(text) or [""] if deploy.size(table) is not None]
        for table in tables:
            for action in actions(text):
                if not _harmless(action, table, deploy.added):
                    found.append(Finding(_form(action).names[0], table, sql))
                found += [
                    Finding(rule.names[0], table, sql) for rule in LOCKING if re.match(rule.sql, action)
                ]
    return found + _held_findings(migration, deploy)


def _held_findings(migration: dict, deploy: Deploy) -> list[Finding]:
    """Return what goes through tables while its own transaction has one locked that is in use."""
    found, held = [], False
    for sql in (one["sql"] for one in migration["statements"] if migration["atomic"]):
        text = normal(sql)
        held = held or any(deploy.size(table) is not None for table in tables_held(text))
        if held and any(re.match(SLOW, action) for action in actions(text)):
            found += [Finding("slow-under-lock", table, sql) for table in tables_used(text, deploy.tables)]
    return found


def _harmless(action: str, table: str, added: dict[tuple[str, str], str]) -> bool:
    if column := re.match(COLUMN, action):
        return _harmless_column(column[2])
    if key := re.match(ADDED_KEY, action):
        # Code of before writes nothing into it, and nothing refers to nothing.
        return all(
            not re.search(r"\bnot null\b|\bdefault\b", added.get((table, bare(name)), "not null"))
            for name in split(key[1])
        )
    if dropped := re.match(
        rf"alter table alter (?:column )?({NAME}) (?:drop default|set default null)", action
    ):
        return not re.search(r"\bnot null\b", added.get((table, bare(dropped[1])), "not null"))
    if filled := re.match(rf"update (?:only )?{TABLE} set (.*)", action):
        columns = [
            re.match(rf"({NAME}) ?=", part)
            for part in split(re.split(r" (?:from|where) ", without_brackets(filled[1]))[0])
        ]
        return all(one and (table, bare(one[1])) in added for one in columns)
    return bool(re.match(HARMLESS, action))


def _harmless_column(definition: str) -> bool:
    """Say whether rows can be written without a new column, and whether its table is not rewritten for it."""
    filled = re.search(r"\bdefault (?!\(?null\b)", definition)
    if re.search(r"\b(?:primary key|generated|unique|(?:big|small)?serial\d?)\b", definition):
        return False
    return "references " not in definition if filled else not re.search(r"\bnot null\b", definition)


def _form(action: str) -> Rule:
    return next((rule for rule in RULES if rule.sql and re.match(rule.sql, action)), UNLISTED)


def refusals(migration: dict, findings: list[Finding], deploy: Deploy) -> list[Refusal]:
    """Return why a migration may not be applied: one refusal for each rule and table."""
    if migration["unread"]:
        sentence = (
            f"{migration['name']} cannot be looked at ({migration['unread']}). "
            f"Read it yourself, and {_allow(migration['name'])}"
        )
        return [Refusal(migration["name"], True, sentence)]
    grouped: dict[tuple[Rule, str], list[Finding]] = {}
    for finding in findings:
        rule, size = _rule_of(finding), deploy.size(finding.table)
        if rule and size is not None and (rule.contracts or size >= deploy.large):
            grouped.setdefault((rule, finding.table), []).append(finding)
    return [_refusal(migration["name"], rule, table, found) for (rule, table), found in grouped.items()]


def _rule_of(finding: Finding) -> Rule | None:
    for rule in (*RULES, UNLISTED):
        if finding.rule in rule.names:
            return rule
    # Of squawk the listed rules are enough: the others are about style. An error of the linter always counts.
    if finding.rule.isupper():
        return Rule((finding.rule,), f"breaks a rule of the linter: {finding.message}", READS, "Correct it")
    return None


def _refusal(name: str, rule: Rule, table: str, found: list[Finding]) -> Refusal:
    statement = next((one.statement for one in found if one.statement), table).rstrip("; ")
    rules = ", ".join(sorted({one.rule for one in found}))
    shown = f"{statement[:SHOWN_CHARACTERS]}{'...' if len(statement) > SHOWN_CHARACTERS else ''}"
    place = f"{shown}; {rules}" if shown else rules
    return Refusal(
        name, rule.contracts, f"{name} {rule.does} ({place}): {rule.why}. {rule.instead}, or {_allow(name)}"
    )


def _allow(name: str) -> str:
    return f'allow it for this deploy: -e \'{{"migration_allow": ["{name}"]}}\'.'


def judge(refused: list[Refusal], allowed: list[str], known: list[str]) -> tuple[list[str], list[str]]:
    """Return the problems that remain, and the allowed migrations that code of before can not bear."""
    problems = [
        f"migration_allow names {name}, which this version does not have; its migrations are called <app>.<name>."
        for name in allowed
        if name not in known
    ]
    problems += [one.sentence for one in refused if one.migration not in allowed]
    contracting = sorted({one.migration for one in refused if one.contracts and one.migration in allowed})
    return problems, contracting
