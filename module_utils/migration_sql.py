"""Reads the SQL of migrations as far as a rule needs it: which tables a statement is about, and what it does.

It is no parser. A rule knows the form of what it lets pass, and what has no form that is known is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
TABLE = rf"{NAME}(?:\.{NAME})*"
TABLES = rf"{TABLE}(?: ?, ?{TABLE})*"
TOKEN = re.compile(
    r"""(?P<text>e'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<quoted>"(?:[^"]|"")*")|(?P<word>[^\W\d][\w$]*)|(?P<space>\s+)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
CREATE_TABLE = (
    rf"create (?:(?:global |local )?temp(?:orary)? |unlogged )?table (?P<maybe>if not exists )?({TABLE})"
)
ALTER_TABLE = rf"alter table (?:if exists )?(?:only )?({TABLE}) "
#: Statements whose tables are all of those that they change.
SUBJECTS = (
    CREATE_TABLE.replace("?P<maybe>", "?:"),
    ALTER_TABLE,
    rf"create (?:unique )?index (?:concurrently )?(?:if not exists )?(?:{NAME} )?on (?:only )?({TABLE})",
    rf"(?:drop table (?:if exists )?|truncate (?:table )?(?:only )?)({TABLES})",
    rf"(?:delete from|insert into|update) (?:only )?({TABLE})",
)
#: What adds a column: the words that follow ADD and begin something else are reserved, so no column is called so.
ADD = r"alter table add (?:column )?(?:if not exists )?(?!(?:constraint|check|foreign|unique|primary|exclude)\b)"
COLUMN = rf"{ADD}({NAME}) (.+)"
ADDED_KEY = rf"alter table add (?:constraint {NAME} )?foreign key ?\(({TABLES})\) references "
#: What others wait behind until the transaction ends. VALIDATE CONSTRAINT lets them read and write.
HOLDING = r"alter table (?!validate constraint )|create (?:unique )?index |.*\breferences "


def normal(sql: str) -> str:
    """Return a statement in one form: words in lower case, as PostgreSQL folds them, and no text of literals."""
    parts = []
    for token in TOKEN.finditer(sql.strip().rstrip("; ")):
        if token["text"]:
            parts.append("''")
        else:
            parts.append(token["word"].lower() if token["word"] else " " if token["space"] else token[0])
    return "".join(parts)


def bare(name: str) -> str:
    """Return a name without its quotes; its schema stays where it is written."""
    return ".".join(part.strip('"') for part in name.split("."))


def split(text: str) -> list[str]:
    """Return the parts between the commas that are in no brackets."""
    parts, depth = [""], 0
    for token in TOKEN.finditer(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token[0], 0)
        if token[0] == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token[0]
    return [part.strip() for part in parts]


def without_brackets(text: str) -> str:
    """Return a statement without what is in its round brackets."""
    while (shorter := re.sub(r"\([^()]*\)", "", text)) != text:
        text = shorter
    return text


def subjects(text: str) -> list[str]:
    """Return the tables that a statement in normal form changes; none where its form is not known."""
    for form in SUBJECTS:
        if found := re.match(form, text):
            return [bare(name) for name in split(found.group(1))]
    return []


def actions(text: str) -> list[str]:
    """Return what a statement in normal form does, one by one: ALTER TABLE without its table, else the statement."""
    found = re.match(ALTER_TABLE, text)
    return [f"alter table {part}" for part in split(text[found.end() :])] if found else [text]


def tables_held(text: str) -> list[str]:
    """Return the tables that a statement in normal form locks until its transaction ends."""
    if not any(re.match(HOLDING, action) for action in actions(text)):
        return []
    return subjects(text) + [bare(name) for name in re.findall(rf"\breferences ({TABLE})", text)]


def tables_used(text: str, known: Iterable[str]) -> list[str]:
    """Return the tables whose rows a statement in normal form may read or change: each that is known and named in it.

    Where it inserts, only those count that the rows come from.
    """
    rest = re.sub(rf"^insert into {TABLE} ?(?:\([^()]*\))?", "", text)
    return sorted({*subjects(rest), *({bare(name) for name in re.findall(NAME, rest)} & set(known))})


def tables_made(statements: list[str]) -> set[str]:
    """Return the tables that statements create, as they name them."""
    found = [re.match(CREATE_TABLE, normal(sql)) for sql in statements]
    # With a schema it may be there all the same: only the tables on the search path are known.
    return {bare(one[2]) for one in found if one and not (one["maybe"] and "." in one[2])}


def columns_added(statements: list[str]) -> dict[tuple[str, str], str]:
    """Return the definitions of the columns that statements add, by table and name."""
    found = {}
    for table, action in _altering(statements):
        if column := re.match(COLUMN, action):
            found[table, bare(column[1])] = column[2]
    return found


def _altering(statements: list[str]) -> Iterator[tuple[str, str]]:
    for text in map(normal, statements):
        for table in subjects(text):
            yield from ((table, action) for action in actions(text))
