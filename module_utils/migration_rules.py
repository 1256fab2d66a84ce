"""Which migrations a deploy may apply while the release before it serves, and what is said of those it may not.

Two linters look at each migration that is not applied yet: django-migration-linter in the new image, and squawk over
the migration's SQL. Here their findings become refusals, one sentence each.
"""

from __future__ import annotations

from dataclasses import dataclass

SHOWN_CHARACTERS = 120


@dataclass(frozen=True)
class Rule:
    """What is refused: the names that the linters have for it, why, and what to do instead.

    `contracts` tells that code of before can not bear it. Else it is only that it locks a table for long, which does
    no harm to a small one.
    """

    names: tuple[str, ...]
    does: str
    why: str
    instead: str
    contracts: bool = True


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
    ),
    Rule(
        ("DROP_TABLE", "ban-drop-table", "ban-truncate-cascade", "ban-drop-database"),
        "drops a table or what is in it",
        READS,
        "Take the model out of the code in one release, and drop its table in the next",
    ),
    Rule(
        ("RENAME_COLUMN", "RENAME_TABLE", "renaming-column", "renaming-table"),
        "renames",
        "the release that serves still uses the old name",
        "Add the new one beside it, fill it, and drop the old one in a later release",
    ),
    Rule(
        ("NOT_NULL", "adding-required-field"),
        "makes a column NOT NULL without a default in the database",
        "the release that serves does not fill it, so its inserts would fail",
        "Make the field null=True, or give it a db_default",
    ),
    Rule(
        ("ALTER_COLUMN", "changing-column-type"),
        "changes the type of a column",
        "the table is locked and rewritten, and the release that serves expects the old type",
        "Add a column of the new type beside it, fill it, and drop the old one in a later release",
    ),
    Rule(
        ("ban-drop-constraint", "ban-drop-not-null"),
        "drops a constraint",
        "the release that serves may rely on it",
        "Drop it in the release after the one whose code can do without it",
    ),
    Rule(
        ("ADD_UNIQUE", "disallowed-unique-constraint"),
        "adds a unique constraint to a table that is in use",
        "the release that serves may write rows that it refuses, and the table is locked while its index is built",
        "Build a unique index with CREATE UNIQUE INDEX CONCURRENTLY once no code writes such rows, and add the "
        "constraint USING INDEX",
    ),
    Rule(
        ("adding-not-nullable-field",),
        "sets a column NOT NULL",
        "the release that serves may write nothing into it, and the table is locked while all of it is read",
        "Add a CHECK constraint with NOT VALID once all code fills it, and validate it in a migration after that",
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
    ]


def linter_findings(migration: dict) -> list[Finding]:
    """Return the errors that django-migration-linter has found."""
    return [
        Finding(issue["rule"], issue["table"], _first_statement(migration, issue["table"]), issue["message"])
        for issue in migration["issues"]
    ]


def _first_statement(migration: dict, table: str) -> str:
    return next((one["sql"] for one in migration["statements"] if table and one["table"] == table), "")


def refusals(migration: dict, findings: list[Finding], tables: dict[str, int], large: int) -> list[Refusal]:
    """Return why a migration may not be applied: one refusal for each rule and table.

    tables: bytes of each table that exists. What happens to a table that is made in the same deploy harms nobody.
    large: bytes from which a table counts as large.
    """
    if migration["unread"]:
        sentence = (
            f"{migration['name']} cannot be looked at ({migration['unread']}). "
            f"Read it yourself, and {_allow(migration['name'])}"
        )
        return [Refusal(migration["name"], True, sentence)]
    grouped: dict[tuple[Rule, str], list[Finding]] = {}
    for finding in findings:
        rule = _rule_of(finding)
        size = tables.get(finding.table, None if finding.table else large)
        if rule and size is not None and (rule.contracts or size >= large):
            grouped.setdefault((rule, finding.table), []).append(finding)
    return [_refusal(migration["name"], rule, table, found) for (rule, table), found in grouped.items()]


def _rule_of(finding: Finding) -> Rule | None:
    for rule in RULES:
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
