"""What was seen of the live release, from its containers to what users meet, as findings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.diagnosis import Finding
from ansible.module_utils.diagnosis_seen import Seen, line, revived

#: Checks of the login and of the browser, by what they say.
CHECKS = {
    "refresh": {"refresh", "rotation", "replay_grace", "other_tab", "browser_refresh", "browser_lost_answer"},
    "errors": {"session_survives_errors", "browser_errors"},
    "tabs": {
        "browser_tabs",
        "browser_tabs_plain",
        "browser_frozen",
        "browser_logout",
        "browser_logout_plain",
    },
}
#: Checks that only need the verification's user to be refused. Whether a session outlives that is for others to show.
DENIALS = {"forbidden", "payment_required"}
#: What no user is answered for having a right or a plan, nor for asking for another page.
FAILS = re.compile(r"answered (401|5\d\d)\b")
#: Symptom and cause of each kind.
TEXTS = {
    "refresh": ("token refresh does not work", "the live release refuses a good token, or gives no new one"),
    "errors": (
        "users are logged out on 403 and 402",
        "the live release ends sessions there, as the old client did",
    ),
    "denied": (
        "a page that should answer 403 or 402 fails",
        "the live release does not do what it was verified to do",
    ),
    "granted": (
        "no 403 or 402 where the verification needs one",
        "the verification's user has a right or a plan that it had not, or verify_paths names another page",
    ),
    "tabs": (
        "tabs do not follow each other (multi-tab logout)",
        "the live release's tabs do not hear of each other",
    ),
    "browser": ("pages fail in a browser", "the live frontend does not do what it was verified to do"),
    "login": ("logins fail", "the live release does not do what it was verified to do"),
    "modules": ("a Python module is not installed", "the image was built without what the app needs"),
    "model": ("model not found", "the image lacks code that the release has"),
    "migrations": ("model not found: its table is missing or old", "migrations are pending"),
    "token_table": ("model not found: its table is missing", "it was dropped or renamed"),
    "signing_key": (
        "users are logged out: the signing key differs",
        "somebody changed a secret or the vault",
    ),
    "settings": (
        "the backend runs with other settings than recorded",
        "somebody changed what it is started with",
    ),
    "served_bundle": ("the frontend is not that of the release", "an old bundle is served"),
    "page": ("the first page is not served", "the frontend's container, or the edge"),
}
#: A release that lets in whom it should refuse looks the same: which of them it is takes a person.
REFUSE_AGAIN = (
    "take that right or plan from the user verify_user in the app, or have verify_paths.forbidden and "
    "verify_paths.payment_required name pages that refuse it; a user who has neither is let in by the release, wrongly"
)
NOT_SEEN = "whether tabs follow each other, and what pages do, is not known"


def containers(seen: Seen) -> Iterator[Finding]:
    """The containers of the live release: that they run, and that they are what was recorded."""
    images, built = seen.seen.get("images") or [], seen.seen.get("built_services") or []
    for container in (c for c in seen.containers if seen.live and c["release"] == seen.live):
        name, state, back = container["name"], container["state"], seen.commands["rollback"]
        if state != "running":
            yield Finding(
                "stopped", f"container {name} does not run", f"docker says {state}", **revived(container)
            )
        elif container["health"] == "unhealthy":
            said = f"its health check fails; where a restart does not help: {back}"
            yield Finding("unhealthy", f"container {name} is not healthy", said, **revived(container))
        if images and container["service"] in built and container["image"] not in images:
            said = f"{name} runs {container['image'][:19]}, which the release's record does not have"
            symptom, cause = f"container {name} is not of the release", "it was made again from another image"
            yield Finding("image", symptom, said, cause, back, act="rollback")


def gone(seen: Seen) -> Iterator[Finding]:
    """Containers that the live release had and that somebody removed. A deploy of what is live already makes none."""
    if not seen.live or seen.blind("containers"):
        return
    there = {container["service"] for container in seen.containers if container["release"] == seen.live}
    for service in sorted(set(seen.seen.get("built_services") or []) - there):
        symptom, said = f"the container of {service} is gone", f"release {seen.live} runs without it"
        yield Finding("stopped", symptom, said, "somebody removed it", **_made(seen, service))


def _made(seen: Seen, service: str) -> dict[str, Any]:
    """Remedy and act that make a container again, of the release's own compose file; one that was adopted has none."""
    live, folder = seen.part("releases")["releases"][seen.live], seen.seen.get("release_dir")
    if not folder or (live.get("record") or {}).get("adopted"):
        return {"remedy": seen.commands["deploy"]}
    file = ["--project-directory", folder, "--file", f"{folder}/compose.yml"]
    argv = ["docker", "compose", *file, "up", "--detach", "--no-deps", "--no-recreate", service]
    return {"remedy": shlex.join(argv), "act": "host", "argv": argv}


def code(seen: Seen) -> Iterator[Finding]:
    """What runs inside: its modules and its migrations."""
    modules, state = seen.blind("modules"), seen.part("migrations")
    again, table = seen.commands["redeploy"], state.get("table")
    if modules.get("rc") == 1:
        yield _of("modules", modules["reason"], again, act="deploy")
    if state.get("model"):
        yield _of("model", state["model"], again, act="deploy")
    if state.get("pending"):
        said = f"not applied: {', '.join(state['pending'])}"
        said += f"; table {table} does not exist" if table else ""
        yield _of("migrations", said, seen.commands["fix"], act="migrate")
    elif table:
        said = f"table {table} does not exist, and every migration is recorded as applied"
        yield _of("token_table", said, seen.commands["restore"])


def parity(seen: Seen) -> Iterator[Finding]:
    """What runs is started with what was recorded."""
    for probe, kind in (("key", "signing_key"), ("settings", "settings")):
        if seen.blind(probe).get("asserted"):
            yield _of(kind, seen.blind(probe)["reason"], seen.commands["preflight"])
    if text := seen.problems("backend").get("differs") or seen.problems("backend").get("missing"):
        yield _of("signing_key", text, seen.commands["preflight"])


def frontend(seen: Seen) -> Iterator[Finding]:
    """The bundle that users get."""
    page = seen.part("page")
    if blind := seen.blind("page"):
        yield _of("page", blind["reason"], seen.commands["rollback"])
    strange = sorted(set(page.get("served") or []) - set(page.get("built") or []))
    if strange and page.get("built"):
        said = f"the first page asks for {', '.join(strange)}, which the live release was not built with"
        yield _of("served_bundle", said, seen.commands["rollback"], act="rollback")


def logins(seen: Seen) -> Iterator[Finding]:
    """What the verification met, on the API and in a browser."""
    met, back = seen.part("login"), seen.commands["rollback"]
    if blind := seen.blind("login"):
        yield _of("login", blind["reason"], back)
    failed, before = _failed(met.get("checks")), _failed(met.get("before"))
    kinds = _by_kind(failed | _not_reached(met))
    if told := kinds.pop("granted", {}):
        yield _of("granted", _told(told), REFUSE_AGAIN, status="warning")
    for kind, reasons in kinds.items():
        silent = kind == "tabs" and not seen.part("page").get("talks_to_tabs", True)
        others: dict[str, Any] = (
            {"cause": "no script of the live release uses BroadcastChannel"} if silent else {}
        )
        # A tab may have been slow: of a browser it takes the same check twice.
        sure = any(name in failed and (name in before or not name.startswith("browser_")) for name in reasons)
        if kind in CHECKS and (sure or "before" not in met):
            others |= {"act": "rollback", "once": not sure}
        yield _of(kind, _told(reasons), back, **others)
    yield from _seen_once(met, seen.commands["browser"])
    if not met.get("browser"):
        said = line(met.get("problem") or "no browser has looked")
        yield Finding("tabs", NOT_SEEN, said, "", seen.commands["browser"], "unknown")


def _seen_once(met: Mapping[str, Any], look: str) -> Iterator[Finding]:
    """What a browser has shown, and not when it was asked again."""
    passed = {check["name"] for check in met.get("checks") or [] if check["status"] == "ok"}
    gone = {name: reason for name, reason in _failed(met.get("before")).items() if name in passed}
    for kind, reasons in _by_kind(gone).items():
        symptom, said = (
            f"seen once and not again: {TEXTS[kind][0]}",
            f"{_told(reasons)}; asked again, it did not fail",
        )
        yield Finding(kind, symptom, line(said), "", look, "warning")


def _not_reached(met: Mapping[str, Any]) -> dict[str, str]:
    """Return what failed before and came to no verdict when it was asked again."""
    known = {check["name"] for check in met.get("checks") or [] if check["status"] in ("ok", "critical")}
    before = _failed(met.get("before")).items()
    return {
        name: f"{reason}; asked again, it was not reached" for name, reason in before if name not in known
    }


def _failed(checks: list[Mapping[str, str]] | None) -> dict[str, str]:
    """Return the reasons of the checks that failed, by name."""
    return {check["name"]: check["reason"] for check in checks or [] if check["status"] == "critical"}


def _by_kind(failed: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the same by kind of finding."""
    kinds: dict[str, dict[str, str]] = {}
    for name, reason in failed.items():
        kinds.setdefault(kind_of(name, reason), {})[name] = reason
    return kinds


def _told(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in reasons.items())


def health(seen: Seen) -> Iterator[Finding]:
    """What is critical of tokens and sessions."""
    for what, result in seen.part("health").items():
        for check in result.get("checks") or []:
            if check["status"] == "critical":
                symptom, remedy = f"{what}: {check['name'].replace('_', ' ')}", check.get("next_step")
                yield Finding(
                    f"health_{what}", symptom, check["reason"], "", remedy or seen.commands["monitor"]
                )


def kind_of(check: str, reason: str) -> str:
    """Return what kind of finding a failed check is."""
    if check in DENIALS:
        return "denied" if FAILS.search(reason) else "granted"
    kinds = (kind for kind, names in CHECKS.items() if check in names)
    # What a logout leaves on the server is no fault of the page.
    shown = check.startswith("browser_") and not check.startswith("browser_logout_")
    return next(kinds, "browser" if shown else "login")


def _of(kind: str, evidence: str, remedy: str, **others: Any) -> Finding:
    symptom, cause = TEXTS[kind]
    given = {"cause": cause} | others
    return Finding(kind, symptom, line(evidence), remedy=remedy, **given)


RULES = (containers, gone, code, parity, frontend, logins, health)
