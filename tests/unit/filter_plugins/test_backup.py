"""What a database holds, what became of it in a restored copy, and how that is said."""

from __future__ import annotations

import pytest
from ansible.module_utils.redaction import redacted
from backup import (
    backup_name,
    backups_beyond,
    contents_differences,
    contents_summary,
    database_contents,
    loss_lines,
)

LINES = """
{"kind": "taken_at", "name": "shop", "value": "2026-01-31T12:00:00.000Z"}
{"kind": "database_bytes", "name": "shop", "value": 7000000}
{"kind": "object", "name": "relation public.a", "value": "r p"}
{"kind": "object", "name": "column public.a.id", "value": "integer t"}
{"kind": "sequence", "name": "public.a_id_seq", "value": 7}
{"kind": "sequence", "name": "public.new_seq", "value": null}
{"kind": "rows", "name": "public.a", "value": 3}
{"kind": "rows", "name": "public.b", "value": 2}
"""
CONTENTS = database_contents(LINES)


def changed(key: str, **values: object) -> dict:
    """Return the contents with other values under a key; None removes one."""
    merged = CONTENTS[key] | values
    return CONTENTS | {key: {name: value for name, value in merged.items() if value is not None}}


def test_lines_become_contents():
    assert CONTENTS == {
        "taken_at": "2026-01-31T12:00:00.000Z",
        "database_bytes": 7000000,
        "objects": {"relation public.a": "r p", "column public.a.id": "integer t"},
        "sequences": {"public.a_id_seq": 7, "public.new_seq": None},
        "rows": {"public.a": 3, "public.b": 2},
    }


@pytest.mark.parametrize("lines", [0, 1, 6])
def test_lines_that_are_cut_short_are_no_contents(lines: int):
    with pytest.raises(ValueError, match=f"cut short: they have {lines} lines"):
        database_contents("\n".join(LINES.strip().splitlines()[:lines]))


def test_summary_tells_schemas_apart_and_not_rows():
    summary = contents_summary(CONTENTS)
    assert (summary["tables"], summary["rows"], summary["taken_at"]) == (2, 5, "2026-01-31T12:00:00.000Z")
    assert summary["database_bytes"] == 7000000
    assert contents_summary(changed("rows", **{"public.a": 4}))["schema_sha256"] == summary["schema_sha256"]
    other = changed("objects", **{"column public.a.id": "bigint t"})
    assert contents_summary(other)["schema_sha256"] != summary["schema_sha256"]


@pytest.mark.parametrize(
    ("restored", "sentences"),
    [
        (CONTENTS, []),
        (changed("rows", **{"public.a": 2}), ["public.a has 2 rows, 3 are needed"]),
        (changed("objects", **{"column public.a.id": None}), ["column public.a.id is missing"]),
        (changed("objects", **{"column public.a.id": "bigint t"}), ["column public.a.id is different"]),
        (changed("objects", x="", y=""), ["x, y are not in the dump"]),
        # It may have gone on until the dump reached it.
        (changed("sequences", **{"public.a_id_seq": 9, "public.new_seq": 1}), []),
        (
            changed("sequences", **{"public.a_id_seq": 6}),
            ["sequence public.a_id_seq is at 6, 7 is needed"],
        ),
        (
            changed("sequences", **{"public.a_id_seq": None}),
            ["sequence public.a_id_seq is at None, 7 is needed"],
        ),
    ],
)
def test_each_difference_is_a_sentence(restored: dict, sentences: list[str]):
    assert contents_differences(CONTENTS, restored) == sentences


def test_many_differences_are_counted():
    [sentence] = contents_differences(CONTENTS, changed("objects", **{str(n): "" for n in range(7)}))
    assert sentence == "0, 1, 2, 3, 4 and 2 more are not in the dump"


@pytest.mark.parametrize(
    ("confirmed", "asked", "name"),
    [
        ("", "", "new"),
        ("old", "", "old"),
        ("old.dump", "", "old"),
        ("nothing", "", "new"),
        ("", "old", "old"),
        ("old", "new", "new"),
        # What is asked for by name is never replaced by something else.
        ("old", "nothing", "nothing"),
    ],
)
def test_backup_is_the_one_asked_for_or_confirmed_or_the_newest(confirmed: str, asked: str, name: str):
    assert backup_name(confirmed, ["new", "old"], asked) == name


def test_without_backups_there_is_no_name():
    assert backup_name("", []) == ""


def table(name: str, **values: object) -> dict:
    """Return a table of postgres_difference_info that differs in nothing but what is given."""
    same = {"lost": 0, "changed": 0, "returned": 0, "only_in": "", "columns_lost": [], "columns_returned": []}
    return {"name": name} | same | values


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (table("a", lost=1), "a - 1 row newer than the backup would be lost"),
        (
            table("a", lost=2, changed=3, returned=4),
            "a - 2 rows newer than the backup would be lost, 3 rows would go back to what it held, "
            "4 rows would come back",
        ),
        (
            table("a", lost=1, only_in="now"),
            "a - 1 row newer than the backup would be lost, the backup does not have the table",
        ),
        (table("a", only_in="other"), "a - the table would come back"),
        (
            table("a", columns_lost=["x"], columns_returned=["y", "z"]),
            "a - the backup does not have column x, column y, z would come back",
        ),
    ],
)
def test_loss_of_a_table_is_a_line(found: dict, line: str):
    assert loss_lines({"tables": [found]}) == [line]


def test_loss_of_a_table_of_tokens_is_no_secret():
    [line] = loss_lines({"tables": [table("public.auth_refresh_token", lost=7)]})
    assert redacted(line) == line


R1, R2 = "v1-0123456789ab", "v2-0123456789ab"


def beyond(*names: str, keep: int = 1, records: tuple[dict, ...] = ()) -> set[str]:
    """Return the names that may go, of backups that are named the newest first."""
    files = [{"path": f"/backups/{name}.dump", "mtime": -age} for age, name in enumerate(names)]
    return {path.removeprefix("/backups/") for path in backups_beyond(files, keep, list(records))}


def test_each_kind_of_backup_has_a_count_of_its_own():
    hourly = ["20260131t130000z", "20260131t120000z", "20260131t110000z-before-restore"]
    replaced = ["20260131t100000z-replaced", "20260131t090000z-replaced"]
    assert beyond(*hourly, *replaced, R2, R1) == {*hourly[1:], replaced[1], R1}
    assert beyond(*hourly, *replaced, R2, R1, keep=3) == set()


def test_rows_whose_loss_nobody_has_confirmed_never_go():
    swapped = [f"20260131t{hour}0000z-swapped-back" for hour in (14, 13, 12)]
    assert beyond("20260131t150000z", *swapped) == set()


def test_what_the_record_of_a_kept_release_names_stays():
    record = {"id": R2, "backup": {"file": f"/backups/{R1}.dump"}}
    record["restored"] = {"replaced": {"file": "/backups/20260131t090000z-replaced.dump"}}
    names = [
        "20260131t110000z-replaced",
        "20260131t100000z-replaced",
        "20260131t090000z-replaced",
        "v3",
        "v0",
        R1,
    ]
    assert beyond(*names, records=(record,)) == {"20260131t100000z-replaced", "v0"}


def test_the_oldest_backup_of_a_kept_release_is_from_before_its_migrations_and_stays():
    retried = [R2, *(f"{R2}-20260131t1{hour}0000z" for hour in (5, 4, 3))]
    assert beyond(*retried, records=({"id": R2},)) == set(retried[1:3])
    # Another release's name may begin alike.
    assert beyond(*retried, records=({"id": "v2"},)) == set(retried[1:])
