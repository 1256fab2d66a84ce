"""The evidence of a run as a page: what is shown of it, and HTML in which nothing of it is markup."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import ansible.module_utils
from jinja2 import Environment, FileSystemLoader, StrictUndefined

# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.auth_flow import NOT_REACHED  # noqa: E402

TEMPLATES = Path(__file__).resolve().parents[1] / "roles" / "report" / "templates"
#: What "Success Indicators" of the deployment guide says, with the checks that decide it and those that only add to
#: them: a release from before the fix passes some of the latter too. Without one of the former nothing is known.
INDICATORS = {
    "Users report no random logouts": ((), ()),
    "Remember-me users stay logged in for 20 days": (
        ("refresh_lifetimes",),
        ("login_remember", "browser_reopen"),
    ),
    "403/402 errors don't log users out": (
        # It is asked where a 403 can be met; a browser may have been given no page that answers one.
        ("session_survives_errors",),
        ("forbidden", "payment_required", "browser_errors"),
    ),
    "Network hiccups don't cause logout": (("replay_grace", "browser_lost_answer"), ()),
    "Multi-tab usage works smoothly": (
        ("replay_grace", "browser_tabs"),
        ("other_tab", "browser_tabs_plain"),
    ),
    "Token refresh is invisible to users": (
        ("rotation", "browser_refresh"),
        ("refresh", "browser_tab_left_open"),
    ),
}
LEVELS = {
    "proof": "the API of the idle slot, before any user met it",
    "api": "the API of the public address",
    "browser": "the API of the public address, and a browser",
    "full": "the API of the public address, and a browser with every check",
}
#: A summary that is longer is not read.
SUMMARY_LINES = 15
#: The guide's five tests, as it names them.
TESTS = {
    "Test 1": "Fresh login with remember-me",
    "Test 2": "Token refresh",
    "Test 3": "Multi-tab",
    "Test 4": "403 and 402 do not log out",
    "Test 5": "Logout",
}
#: What the names of checks begin with that went on after the change with a session from before it.
FROM_BEFORE = ("canary_", "browser_tab_left_open")
WORST = ("critical", "warning", "unknown", "ok", "skipped")
VERBS = {"deploy": "Deploy of", "rollback": "Rollback to", "setup": "Setup with", "restore": "Restore under"}


def report_view(report: Mapping[str, Any], folder: str = "") -> dict[str, Any]:
    """Return what the page shows of a report as playbooks write it: sentences, rows and the points of charts.

    folder: that of the reports, where the pictures of the browser are; without it there are none.
    """
    record, prober = report["record"], report["prober"]
    phases = _phases(record.get("journal", []))
    return {
        "title": f"{VERBS.get(report['verb'], report['verb'])} {report['release']}",
        "verdict": _verdict(report),
        "facts": _facts(report, phases),
        "numbers": _numbers(report),
        "chart": _chart(prober, phases, report["record"].get("switch", {})),
        "phases": phases,
        "changes": _changes(record, report.get("review") or {}),
        "files": _files(report.get("review") or {}),
        "sessions": _sessions(report),
        "health": _health(report["health"]),
        "tests": _tests(report["verification"], folder),
        "indicators": _indicators(report),
        "failures": prober.get("failures", [])[:20],
        "logs": record.get("logs", []) if report["failure"] else [],
        "unknown": _unknown(report),
    }


def report_verdict(report: Mapping[str, Any]) -> str:
    """Return kept, broken, failed, undone or unproven."""
    return _verdict(report)["state"]


def _verdict(report: Mapping[str, Any]) -> dict[str, str]:
    """Return state (kept, broken, failed, undone or unproven), title and sentence."""
    verdict = _judged(report)
    return verdict | {"sentence": f"{verdict['sentence']} {report.get('note', '')}".rstrip()}


def _judged(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the verdict without what a run notes of itself."""
    failure, prober, proof = report["failure"], report["prober"], report["health"].get("proof") or {}
    lost = sum(proof[kind]["lost"] for kind in ("families", "sessions") if proof.get(kind))
    # What a failed release has ended for good, though it has no traffic any more, and what a rollback has ended.
    lost += sum(
        check["status"] == "critical"
        and check["name"].startswith(FROM_BEFORE)
        and (not failure or "serves" in failure or check["name"].endswith("_again"))
        for check in (report["verification"] or {}).get("checks", [])
    )
    # A tab that waits is a user too, also of a deploy that was switched back.
    refused = [
        f"the public address: {check['reason']}"
        for check in (report["verification"] or {}).get("checks", [])
        if check["name"] == "public_address" and check["status"] == "critical"
    ]
    if (prober and not prober.get("kept", True)) or lost or refused:
        reasons = [
            *prober.get("reasons", []),
            *([f"{lost} who were logged in are lost"] if lost else []),
            *refused,
        ]
        return {
            "state": "broken",
            "title": "The promise was not kept",
            "sentence": f"{'; '.join(map(str, reasons))}. {_serves(report)}".rstrip(),
        }
    if report.get("undone"):
        serves = report["predecessor"] or "nothing"
        return {
            "state": "undone",
            "title": "The deploy was undone",
            "sentence": f"It had been cut short before its switch; {serves} serves as before.",
        }
    noticed = _failed_requests(report)
    if failure:
        sentence = f"{failure.get('task', '')}: {failure.get('reason', '')} {_serves(report)}"
        title = "The run failed"
        if noticed:
            title += f"; nobody was logged out and no row was lost; {noticed}"
        elif prober:
            title += ", and users did not notice"
        return {"state": "failed", "title": title, "sentence": sentence}
    if not prober:
        return {
            "state": "unproven",
            "title": "Done, and verified",
            "sentence": "No traffic was sent during the change, so what users met in it is not known.",
        }
    if not proof.get("taken_at", True):
        return {
            "state": "unproven",
            "title": "Done, and verified",
            "sentence": "Who was logged in before the change is not known any more.",
        }
    measured = f"Measured by {prober['sent']} requests of {prober['sessions']['total']} sessions"
    if noticed:
        return {
            "state": "kept",
            "title": f"Nobody was logged out and no row was lost; {noticed}",
            "sentence": f"{measured}; {prober['failed']} of these requests failed.",
        }
    return {
        "state": "kept",
        "title": "Nobody was logged out, no request was dropped, no row was lost",
        "sentence": f"{measured}.",
    }


def _failed_requests(report: Mapping[str, Any]) -> str:
    """Return how many requests failed, in words, of a run that lets them fail; empty for none."""
    failed = (report["prober"] or {}).get("failed", 0)
    if not failed:
        return ""
    when = " while the port was handed over" if report["verb"] == "setup" else ""
    return f"{failed} request{'' if failed == 1 else 's'} failed{when}"


def _facts(report: Mapping[str, Any], phases: list[dict]) -> list[tuple[str, str]]:
    record = report["record"]
    seconds = sum(phase["seconds"] for phase in phases)
    browser = (report["verification"] or {}).get("browser_seconds")
    found = {
        "release": report["release"],
        "at the end of this run": record.get("state", ""),
        "live before it": report["predecessor"],
        "inventory": report["inventory"],
        "by": report.get("by", ""),
        "begun": phases[0]["at"] if phases else "",
        "took": f"{seconds:.0f} s in {len(phases)} phases" if phases else "",
        "verified by": _level(report["verification"]) + (f", which took {browser:.0f} s" if browser else ""),
    }
    return [(name, value) for name, value in found.items() if value]


def _level(verification: Mapping[str, Any]) -> str:
    return LEVELS.get(verification.get("level", ""), "") if verification else ""


def _numbers(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the figures of the head: label, value and state."""
    prober, record = report["prober"], report["record"]
    numbers = []
    if prober:
        alive, total = prober["sessions"]["alive"], prober["sessions"]["total"]
        rows = prober.get("rows", {})
        numbers = [
            {
                "label": "requests failed",
                "value": f"{prober['failed']} of {prober['sent']}",
                "good": not prober["failed"],
            },
            {"label": "sessions alive", "value": f"{alive} of {total}", "good": alive == total},
            {
                "label": "rows found again",
                "value": f"{rows.get('found', 0)} of {rows.get('acknowledged', 0)}",
                "good": rows.get("found") == rows.get("acknowledged"),
            },
            {"label": "slowest of 99 %", "value": f"{prober['latency_ms']['p99']:.0f} ms", "good": True},
        ]
    if "switch" in record:
        numbers.append(
            {"label": "switch", "value": f"{record['switch']['switch_seconds'] * 1000:.0f} ms", "good": True}
        )
    return numbers


def _phases(journal: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the phases of the journal's last run: name, at, seconds, ended; left and width in percent of it."""
    entries = [entry for entry in journal if entry.get("run") == journal[-1]["run"]] if journal else []
    found: list[dict[str, Any]] = []
    for entry in entries:
        if entry["event"] == "begins":
            found.append({"name": entry["phase"], "at": entry["at"], "seconds": 0.0, "ended": False})
        # A failure names the run's verb, whatever phase it was in.
        elif found and (entry["event"] == "failed" or found[-1]["name"] == entry["phase"]):
            found[-1] |= {
                "seconds": _seconds(found[-1]["at"], entry["at"]),
                "ended": entry["event"] == "ended",
                "until": entry["at"],
            }
    whole = sum(phase["seconds"] for phase in found) or 1.0
    begins = 0.0
    for phase in found:
        phase |= {"left": round(100 * begins / whole, 2), "width": round(100 * phase["seconds"] / whole, 2)}
        begins += phase["seconds"]
    return found


def _chart(prober: Mapping[str, Any], phases: list[dict], switch: Mapping[str, Any]) -> dict[str, Any]:
    """Return bars by second (x, sent, failed, slow in units of the chart), the highest, and where the switch was."""
    timeline = prober.get("timeline", []) if prober else []
    if not timeline:
        return {}
    most = max(point["sent"] for point in timeline) or 1
    slowest = max(point.get("slowest_ms", 0.0) for point in timeline) or 1.0
    last = max(point["second"] for point in timeline) + 1
    phase = next((phase for phase in phases if phase["name"] == "switch" and "until" in phase), None)
    # The phase ends when what was left has answered its last requests, and is over in no time but for that.
    drained = switch.get("drain_seconds", 0.0)
    at = _seconds(prober["started_at"], phase["until"]) - drained if phase else None
    return {
        "most": most,
        "seconds": last,
        "width": round(1000 / last, 3),
        "bars": [
            {
                "x": round(1000 * point["second"] / last, 2),
                "sent": round(200 * point["sent"] / most, 2),
                "failed": round(200 * point["failed"] / most, 2),
                "slow": round(80 * point.get("slowest_ms", 0.0) / slowest, 2),
                "text": f"second {point['second']}: {point['sent']} requests, {point['failed']} failed"
                + (f", the slowest took {point['slowest_ms']:.0f} ms" if "slowest_ms" in point else ""),
            }
            for point in timeline
        ],
        "slowest_ms": round(slowest) if any("slowest_ms" in point for point in timeline) else None,
        "switch": round(1000 * at / last, 2) if at is not None and 0 <= at <= last else None,
    }


def _changes(record: Mapping[str, Any], review: Mapping[str, Any]) -> list[tuple[str, str]]:
    source, backup = record.get("source", {}), record.get("backup", {})
    rows = [
        ("version", record.get("version", "")),
        ("source", source.get("commit") or source.get("digest", "")),
        *((f"image {name}", digest) for name, digest in sorted(record.get("images", {}).items())),
        *((name, str(value)) for name, value in sorted(record.get("settings", {}).items())),
        ("features shown", ", ".join(record.get("features", []))),
        ("migrations known", str(len(record["migrations"])) if record.get("migrations") else ""),
        ("migrations new", ", ".join(review.get("migrations", []))),
        ("backup", f"{backup['file']}, {backup['bytes']} bytes" if backup else ""),
    ]
    return [(name, value) for name, value in rows if value]


def _files(review: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each folder of the source in which files differ from the release before: name, text, files."""
    kinds = {kind: names for kind, names in (review.get("files") or {}).items() if names}
    folders: dict[str, list[tuple[str, str]]] = {}
    for kind, names in kinds.items():
        for name in names:
            folder, slash, _rest = name.partition("/")
            folders.setdefault(folder if slash else "", []).append((kind, name))
    return [
        {
            "name": folder or "source",
            "text": ", ".join(
                f"{count} {kind}" for kind in kinds if (count := sum(one == kind for one, _name in found))
            ),
            "files": [f"{kind}: {name}" for kind, name in sorted(found, key=lambda pair: pair[1])],
        }
        for folder, found in sorted(folders.items())
    ]


def _sessions(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row for token families and one for cookie sessions: those before, and what became of them."""
    proof = report["health"].get("proof") or {}
    names = {"families": "logins with tokens", "sessions": "cookie sessions"}
    return [
        {
            "name": name,
            "taken": proof[kind]["taken"],
            "live": proof[kind]["live"],
            "explained": sum(proof[kind]["explained"].values()),
            "lost": proof[kind]["lost"],
        }
        for kind, name in names.items()
        if proof.get(kind)
    ]


def _health(health: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the checks of tokens and sessions with their states before and after."""
    rows = []
    for part in ("tokens", "sessions"):
        before, after = (
            {check["name"]: check for check in ((health.get(when) or {}).get(part) or {}).get("checks", [])}
            for when in ("before", "after")
        )
        for name in [*after, *(name for name in before if name not in after)]:
            last = after.get(name) or before[name]
            rows.append(
                {
                    "name": f"{part}: {name}",
                    "before": before.get(name, {}).get("status", ""),
                    "after": after.get(name, {}).get("status", ""),
                    "reason": last["reason"],
                    "next_step": last["next_step"],
                }
            )
    return rows


def _tests(verification: Mapping[str, Any], folder: str) -> list[dict[str, Any]]:
    pictures = _pictures(verification, folder) if verification and folder else {}
    checks = [
        {**check, "picture": pictures.get(check["name"], "")}
        for check in (verification or {}).get("checks", [])
    ]
    return [
        {
            "name": f"{test}: {name}",
            "status": _worst(_shows(check) for check in checks if check["guide"] == test),
            "checks": [check for check in checks if check["guide"] == test],
        }
        for test, name in TESTS.items()
        if any(check["guide"] == test for check in checks)
    ]


def _shows(check: Mapping[str, Any]) -> str:
    """Return what a check says about its test of the guide."""
    if check["reason"] == NOT_REACHED:
        return "unknown"
    # There may be nothing to clean up: that this went well shows nothing.
    return "skipped" if (check["name"], check["status"]) == ("cleanup", "ok") else check["status"]


def _pictures(verification: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Return the pictures of the browser as addresses that hold them, by check; those that are gone are left out."""
    said = verification.get("pictures") or {}
    # By their names alone: a report says nothing of where else on this machine something may be.
    place = Path(folder) / "pictures" / Path(said.get("folder") or "none").name
    files = {name: place / Path(file).name for name, file in (said.get("files") or {}).items()}
    return {
        name: f"data:image/jpeg;base64,{base64.b64encode(file.read_bytes()).decode()}"
        for name, file in files.items()
        if file.is_file()
    }


def _indicators(report: Mapping[str, Any]) -> list[dict[str, str]]:
    checks = (report["verification"] or {}).get("checks", [])
    asked = {check["name"]: check["status"] for check in checks if check["status"] != "skipped"}
    missed = {check["name"] for check in checks if check["reason"] == NOT_REACHED}
    found = []
    for text, names in INDICATORS.items():
        status, evidence = _shown_by(asked, missed, *names) if any(names) else _no_logouts(report)
        found.append({"text": text, "status": status, "evidence": evidence})
    return found


def _shown_by(
    asked: Mapping[str, str], missed: set[str], deciding: tuple[str, ...], others: tuple[str, ...]
) -> tuple[str, str]:
    """Return status and evidence of an indicator.

    asked: the verdicts by check, without those that were skipped. missed: checks that were not reached.
    """
    seen = [name for name in (*deciding, *others) if name in asked]
    if failed := [name for name in seen if asked[name] == "critical"]:
        return "critical", f"failed: {', '.join(failed)}"
    if not any(name in asked for name in deciding):
        why = "not reached" if missed.intersection(deciding) else "not asked of this release"
        return "unknown", f"{why}: {', '.join(deciding)}"
    return _worst(asked[name] for name in seen), f"verified: {', '.join(seen)}"


def _no_logouts(report: Mapping[str, Any]) -> tuple[str, str]:
    prober, proof = report["prober"], report["health"].get("proof") or {}
    parts = []
    if prober:
        parts.append(
            (prober["sessions"]["alive"], prober["sessions"]["total"], "sessions of the prober are alive")
        )
    went_on = [
        check["status"]
        for check in (report["verification"] or {}).get("checks", [])
        if check["name"].startswith(FROM_BEFORE) and check["status"] != "skipped"
    ]
    if went_on:
        parts.append((went_on.count("ok"), len(went_on), "sessions made before the change went on after it"))
    parts += [
        (proof[kind]["taken"] - proof[kind]["lost"], proof[kind]["taken"], f"{name} are live or explained")
        for kind, name in (("families", "logins with tokens"), ("sessions", "cookie sessions"))
        if proof.get(kind) and proof[kind]["taken"]
    ]
    if not parts:
        return "unknown", "neither traffic nor sessions from before were part of this run"
    good = all(found == of for found, of, _text in parts)
    return "ok" if good else "critical", "; ".join(f"{found} of {of} {text}" for found, of, text in parts)


def _unknown(report: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each thing that this run could not know."""
    checks = (report["verification"] or {}).get("checks", [])
    level, problem = ((report["verification"] or {}).get(key) or "" for key in ("level", "level_problem"))
    canaries = ((report["verification"] or {}).get("canaries") or {}).get("problem")
    proof = report["health"].get("proof") or {}
    families = proof.get("families")
    unproven = proof.get("checks", []) if not proof.get("taken_at", True) else []
    unstored = families is not None and not families["taken"]
    health = [row for row in _health(report["health"]) if row["after"] == "unknown"]
    unread = "tokens" not in (report["health"].get("after") or {"tokens": {}})
    return [
        *([] if report["prober"] else ["What users met during the change: no traffic was sent."]),
        *(
            [f"What a browser shows: the verification used the API. {problem}".strip()]
            if checks and level not in ("browser", "full")
            else []
        ),
        *(
            ["Who of the logins with tokens is still there: none was stored before the change."]
            if unstored
            else []
        ),
        *(["The health of the tokens: this release stores none in a table."] if unread else []),
        *([f"Who was logged in before the change: {unproven[0]['reason']}."] if unproven else []),
        *([f"How every session from before the change goes on: {canaries}."] if canaries else []),
        *_by_reason([check for check in checks if check["status"] == "skipped"]),
        *_by_reason(health),
    ]


def _by_reason(rows: list[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each reason, with the names of all rows that give it."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(row["reason"] or "not asked of this release", []).append(row["name"])
    return [f"{', '.join(found)}: {reason}" for reason, found in names.items()]


def _worst(states: Iterable[str]) -> str:
    return min(states, key=lambda state: WORST.index(state) if state in WORST else 0, default="unknown")


def _seconds(begin: str, end: str) -> float:
    return round((_moment(end) - _moment(begin)).total_seconds(), 1)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def report_summary(report: Mapping[str, Any]) -> list[str]:
    """Return what an operator reads at the end of a run: the verdict, the figures, and what is not as it should be."""
    view = report_view(report)
    numbers = ", ".join(f"{number['label']} {number['value']}" for number in view["numbers"])
    sessions = [
        f"{row['name']}: {row['taken']} before, {row['live']} live, {row['explained']} explained, {row['lost']} lost"
        for row in view["sessions"]
    ]
    checks = [check for test in view["tests"] for check in test["checks"]]
    bad = [f"{check['name']}: {check['reason']}" for check in checks if check["status"] == "critical"]
    sick = [f"{row['name']}: {row['reason']}" for row in view["health"] if row["after"] == "critical"]
    asked = [check["status"] for check in checks if check["status"] != "skipped"]
    lines = [
        f"{view['title']}: {view['verdict']['title']}",
        view["verdict"]["sentence"],
        *([numbers] if numbers else []),
        *sessions,
        *(
            [
                f"verified by {_level(report['verification']) or 'what was open before'}: "
                f"{asked.count('ok')} of {len(asked)} checks ok"
            ]
            if checks
            else []
        ),
        *bad,
        *sick,
    ]
    # The path of the page follows.
    return [_shortened(line) for line in lines[: SUMMARY_LINES - 1]]


def _shortened(line: str) -> str:
    """Return a line of 300 characters at most; it ends with what serves, which stays."""
    return line if len(line) <= 300 else f"{line[:177]} ... {line[-118:]}"


def _serves(report: Mapping[str, Any]) -> str:
    """Say what serves at the end of a run that did not go as it should, and whether that is recorded."""
    served = report.get("serves", "")
    if "serves" in report["failure"] and report["record"].get("state") != "live":
        served += " It is not recorded as live: the same command again does that."
    return served


def report_rows(folder: str) -> list[dict[str, str]]:
    """Return a row for each run in a folder of reports, the newest first: file, at, verb, release, state and title.

    Files that are no report of a run are left out.
    """
    rows = []
    for path in sorted(Path(folder).glob("*Z-*.json"), reverse=True):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            verdict = _verdict(report)
        except (ValueError, KeyError, TypeError):
            continue
        at, _dash, _rest = path.name.partition("-")
        page = path.with_suffix(".html").name
        rows.append(
            {
                "file": page if path.with_suffix(".html").exists() else path.name,
                "at": f"{at[:4]}-{at[4:6]}-{at[6:8]} {at[9:11]}:{at[11:13]} UTC",
                "verb": report["verb"],
                "release": report["release"],
                "state": verdict["state"],
                "title": verdict["title"],
            }
        )
    return rows


def image_digests(images: Mapping[str, str]) -> dict[str, str]:
    """Return {name: digest}: the same image may come from another registry."""
    return {name: reference.rpartition("@")[2] for name, reference in images.items()}


def read_reports(reports_dir: str, inventory: str) -> list[dict]:
    """Return the reports of an inventory, the oldest first; one that is torn is no report."""
    found = []
    for path in sorted(Path(reports_dir).glob("[0-9]*T[0-9]*Z-*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return [report for report in found if report.get("inventory") == inventory]


def verified_on(reports_dir: str, inventory: str, source_digest: str, images: Mapping[str, str]) -> bool:
    """Say whether the reports of an inventory tell that this source, with these images, is live and good there.

    The newest report about them counts by its verdict, and so does a rollback that left them: its own report is about
    another source.
    """
    verified, releases = False, set()
    for report in read_reports(reports_dir, inventory):
        record, failure = report.get("record", {}), report.get("failure") or {}
        left = report.get("predecessor") in releases and (not failure or "serves" in failure)
        if report.get("verb") == "rollback" and left:
            verified = False
        source = record.get("source", {}).get("digest"), image_digests(record.get("pulled") or {})
        if source == (source_digest, image_digests(images)):
            releases.add(report.get("release"))
            good = report_verdict(report) in ("kept", "unproven")
            verified = good and record.get("state") in ("live", "good")
    return verified


def stale_pages(files: list[Mapping[str, Any]]) -> list[str]:
    """Return paths of reports, without their ending, that have no page or one that is older than they are.

    files: as ansible.builtin.find returns them, {path, mtime}.
    """
    times = {file["path"]: file["mtime"] for file in files}
    reports = [Path(path).with_suffix("") for path in times if path.endswith(".json")]
    return sorted(str(stem) for stem in reports if times.get(f"{stem}.html", -1) < times[f"{stem}.json"])


def html_page(view: Any, template: str) -> str:
    """Return the page that a template of the role makes of a view; every value in it is text, whatever it holds."""
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(__view=view)


class FilterModule:
    """The filters."""

    def filters(self) -> dict:
        return {
            "report_view": report_view,
            "report_summary": report_summary,
            "report_verdict": report_verdict,
            "report_rows": report_rows,
            "stale_pages": stale_pages,
            "verified_on": verified_on,
            "html_page": html_page,
        }
