"""What the promise stands and falls with, broken by hand: one session is enough to turn a run red, and it is named."""

from __future__ import annotations

import json

from app_host import PSQL, ROOT, AppHost
from faulty_runs import begun, deploy, noted
from left_over import left_over
from playbook_run import PROJECT, check_refusal, run

CANARY = "canary_remember_idle"
#: Revokes that one as soon as it is made, right before the switch. On the host, since a look from afar takes longer.
REVOKE = f"""python3 - <<'END'
import base64, json, subprocess, time

def made():
    try:
        with open("{ROOT}/canaries.json") as file:
            canaries = json.load(file)["canaries"]
    except (FileNotFoundError, ValueError):
        return []
    return [one["refresh"] for one in canaries if one["remember"] and one["stores"] and not one["refreshing"]]

end = time.monotonic() + 900
while not made():
    assert time.monotonic() < end, "no session was made"
    time.sleep(0.02)
payload = made()[0].split(".")[1]
token = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]
end_it = "UPDATE auth_refresh_token SET revoked_at = now(), revoked_reason = 'admin' WHERE token_id = "
subprocess.run(["sh", "-c", '{PSQL} -c "$0"', end_it + "'" + token + "'"], check=True)
END"""


def report_on(app: AppHost, version: str) -> dict:
    """The report of the run that deployed a version."""
    return json.loads((PROJECT / "reports" / f"{app.releases()[version]['id']}.json").read_text())


def critical(report: dict) -> set[str]:
    return {check["name"] for check in report["verification"]["checks"] if check["status"] == "critical"}


def test_the_first_deploy_was_verified_in_all_ways_there_are(app):
    """A tab that slept and a logout without BroadcastChannel among them; both logouts left nothing on the server."""
    verification = report_on(app, "fix")["verification"]
    seen = {check["name"]: check["status"] for check in verification["checks"]}
    browser = {name: status for name, status in seen.items() if name.startswith("browser_")}
    assert verification["level"] == "full"
    # No release of the sandbox is asked to end access tokens.
    assert {name for name, status in browser.items() if status != "ok"} == {"browser_logout_access"}, browser
    assert {"browser_frozen", "browser_logout_plain"} <= set(browser)
    assert {f"browser_logout_{what}" for what in ("session", "row", "key", "token")} <= set(browser)


def test_one_session_that_is_revoked_turns_the_run_red_and_is_named(app, inventory):
    """Between its making and its use: all else of that release is well."""
    before = app.live()
    case = deploy(
        "next",
        rf"1 of 8 sessions that were made before the change do not go on: {CANARY}: .* 401.* serves as before",
    )
    with noted("one session revoked during the switch", "old release serves"):
        with begun(case, inventory) as going:
            app.run(REVOKE)
        check_refusal(case, going.result())
    assert app.live() == before
    assert app.releases()["next"]["state"] == "failed"
    assert critical(report_on(app, "next")) == {CANARY, f"{CANARY}_again"}
    assert left_over(app) == ""


def test_a_release_that_keeps_sessions_in_the_cache_alone_is_refused_in_its_proof(app, inventory):
    before = app.live()
    case = deploy("sessions-in-cache", "2 of 2 sessions are not in postgres.* serves as before")
    with noted("release that keeps sessions in the cache alone", "old release serves"):
        check_refusal(case, run(case, inventory))
    assert app.live() == before
    release = app.releases()["sessions-in-cache"]
    assert release["state"] == "failed"
    assert "switch" not in {entry["phase"] for entry in release["journal"]}
    # Its key is there too, under another name than the one that the next release reads.
    assert critical(report_on(app, "sessions-in-cache")) == {"session_row", "session_key"}
    assert left_over(app) == ""
