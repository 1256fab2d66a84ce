"""What an operator reads of a database that is migrated."""

from __future__ import annotations

import json

REBUILD = (
    "Drop it (DROP INDEX CONCURRENTLY {0};) and have it built again, or rebuild it "
    "(REINDEX INDEX CONCURRENTLY {0};)."
)


def migration_problems(plan: dict, floor: list[str]) -> list[str]:
    """Return why the database must not be migrated with this image, whatever the linters say.

    plan: what `python -m migrating plan` has printed. floor: migrations that code on this host must know.
    """
    problems = []
    if plan["missing"]:
        problems.append(
            f"models have changes without a migration ({plan['missing']}). Run makemigrations where the app is "
            "developed, and deploy what it writes."
        )
    unknown = [name for name in floor if name in plan["applied"] and name not in plan["known"]]
    if unknown:
        problems.append(
            f"this version does not know {', '.join(unknown)}, and the database has what no earlier code can bear. "
            "Deploy a version whose source has it, or bring this code over that schema all the same: "
            f"-e '{json.dumps({'release_floor_allow': unknown})}'."
        )
    return problems + [_invalid(name) for name in plan["invalid_indexes"]]


def _invalid(index: str) -> str:
    remedy = REBUILD.format(index)
    return f"index {index} is not valid: its building was cut short, and PostgreSQL does not use it. {remedy}"


def migration_lines(plan: dict, contracting: list[str]) -> list[str]:
    """Return the migrations that will be applied and what each does, a line each."""
    lines = [
        f"{one['name']}: {'; '.join(one['operations']) or 'nothing'}"
        f"{' (allowed, and no earlier release can bear it)' if one['name'] in contracting else ''}"
        for one in plan["pending"]
    ]
    return lines or ["no migration is pending"]


def migration_failure(result: dict) -> str:
    """Return one sentence on why the database is not what the image needs; empty where it is.

    result: what `python -m migrating apply` has printed.
    """
    failure = result["failure"]
    if not failure:
        return _unproven(result)
    done = f"Applied in this run: {_named(result['applied'])}. Not applied: {_named(result['pending'])}."
    if not result["reached"]:
        done = "PostgreSQL does not answer, so what is applied is not known."
    after = [_invalid(name) for name in result["invalid_indexes"]]
    return " ".join([_cause(failure, result["tries"]), done, *after, _next_step(failure)])


def _cause(failure: dict, tries: int) -> str:
    subject = f"migration {failure['migration']}" if failure["migration"] else "the migration"
    if failure["kind"] == "busy":
        return f"another runner migrates this database: {failure['message']}."
    if failure["kind"] == "session":
        return f"{subject} was not begun: {failure['message']}. A pooler that keeps no sessions is between (PgBouncer)."
    if failure["kind"] == "lock":
        blocker = f" The transaction open for longest: {failure['blocker']}." if failure["blocker"] else ""
        return f"{subject} did not get its lock in {_times(tries)} ({failure['message']}).{blocker}"
    if failure["kind"] == "away":
        return f"{subject} lost PostgreSQL ({failure['message']}), tried {_times(tries)}."
    return f"{subject} failed: {failure['message']}."


def _times(tries: int) -> str:
    return "1 try" if tries == 1 else f"{tries} tries"


def _next_step(failure: dict) -> str:
    return {
        "busy": "Wait for it, and deploy again.",
        "session": "Give the app the address of PostgreSQL itself, or of a pooler in session mode, and deploy again.",
        "lock": "End that transaction or wait for it, and deploy again.",
        "away": "Deploy again once it answers; that goes on where this stopped.",
        "ended": (
            "Have each statement do less, or give it more time (-e migration_statement_timeout_seconds=<seconds>, 0 is "
            "no limit), and deploy again; that goes on where this stopped."
        ),
    }.get(failure["kind"], "Correct the migration and deploy again; that goes on where this stopped.")


def _unproven(result: dict) -> str:
    wrong = [f"{name} is not applied" for name in result["pending"]]
    wrong += [f"{name} is missing" for name in result["missing"]]
    sentence = f"the migrations ran, and the schema is not theirs: {', '.join(wrong)}." if wrong else ""
    if result["missing"]:
        sentence += " Look who changed it by hand, or which migration was applied with --fake."
    return " ".join(filter(None, [sentence, *(_invalid(name) for name in result["invalid_indexes"])]))


def _named(migrations: list[str]) -> str:
    return ", ".join(migrations) or "none"


def releases_migrations(releases: dict[str, dict]) -> dict[str, list[str]]:
    """Return the migrations that the code knows of each release that was live and good, as far as that is recorded."""
    records = {name: one["record"] for name, one in releases.items()}
    return {
        name: record["migrations"]
        for name, record in records.items()
        if record.get("state") in ("live", "good") and "migrations" in record
    }


def restored_problem(applied: list[str], known: dict[str, list[str]], live: str) -> dict:
    """Return what the live release needs that a restored database lacks, and who can serve it, the best first.

    applied: migrations of the restored database. known: migrations of each release that can be live.
    """
    able = [name for name, migrations in known.items() if set(migrations) <= set(applied)]
    return {
        "lacks": [name for name in known.get(live, []) if name not in applied],
        "able": sorted(able, key=lambda name: len(known[name]), reverse=True),
    }


class FilterModule:
    """Filters of the migration role."""

    def filters(self) -> dict:
        return {
            "migration_failure": migration_failure,
            "migration_lines": migration_lines,
            "migration_problems": migration_problems,
            "releases_migrations": releases_migrations,
            "restored_problem": restored_problem,
        }
