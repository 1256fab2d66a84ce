"""What the page of a run says, and that nothing of a run is markup in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ansible.module_utils.auth_flow import NOT_REACHED
from evidence import broken, check, entry, report
from report import html_page, report_rows, report_summary, report_verdict, report_view, stale_pages

TEMPLATE = "report.html.j2"
INDEX = "index.html.j2"
SKIPPED = "postgres is not given"
FAILURE = {"task": "migrate", "reason": "no lock."}
SWITCHED_BACK = "The traffic was switched back: release v1-0123456789ab serves as before."


def without_traffic(**changes: object) -> dict:
    return report(prober={}, **changes)


@pytest.mark.parametrize(
    ("made", "state", "words"),
    [
        (report(), "kept", "Measured by 40 requests of 5 sessions."),
        (without_traffic(), "unproven", "No traffic was sent"),
        (
            broken(),
            "broken",
            "1 request failed; 1 who were logged in are lost. v2-0123456789ab is live and recorded.",
        ),
        (
            broken() | {"failure": FAILURE, "serves": SWITCHED_BACK},
            "broken",
            f"are lost. {SWITCHED_BACK}",
        ),
        (
            report(failure=FAILURE, serves=SWITCHED_BACK),
            "failed",
            f"migrate: no lock. {SWITCHED_BACK}",
        ),
        (broken() | {"failure": FAILURE}, "broken", "1 request failed"),
        (
            without_traffic(undone=True, failure=FAILURE),
            "undone",
            "cut short before its switch; v1-0123456789ab serves as before.",
        ),
        (without_traffic(note="Nothing went back."), "unproven", "is not known. Nothing went back."),
        (
            without_traffic(
                failure=FAILURE | {"serves": "v2-0123456789ab"},
                serves="v2-0123456789ab has the traffic all the same.",
                record=report()["record"] | {"state": "verified"},
            ),
            "failed",
            "v2-0123456789ab has the traffic all the same. It is not recorded as live: the same command again",
        ),
    ],
)
def test_the_verdict_comes_first(made: dict, state: str, words: str):
    verdict = report_view(made)["verdict"]
    assert verdict["state"] == state
    assert words in verdict["sentence"]


@pytest.mark.parametrize(
    ("failed", "words"), [(1, "; 1 request failed while"), (3, "; 3 requests failed while")]
)
def test_requests_that_may_fail_are_told_where_the_promise_is_kept(failed: int, words: str, tmp_path: Path):
    """The setup hands the public port over: who has a connection open loses it."""
    made = report(verb="setup")
    made["prober"] |= {"failed": failed}
    title = f"Nobody was logged out and no row was lost{words} the port was handed over"
    verdict = report_view(made)["verdict"]
    assert (report_verdict(made), verdict["title"]) == ("kept", title)
    assert verdict["sentence"] == f"Measured by 40 requests of 5 sessions; {failed} of these requests failed."
    assert title in report_summary(made)[0]
    (tmp_path / "20260101T100000Z-setup-v1.json").write_text(json.dumps(made))
    assert [(row["state"], row["title"]) for row in report_rows(str(tmp_path))] == [("kept", title)]


def test_users_notice_requests_that_fail_though_the_run_fails_and_the_port_goes_back():
    made = report(verb="setup", failure=FAILURE)
    made["prober"] |= {"failed": 3}
    assert report_view(made)["verdict"]["title"] == (
        "The run failed; nobody was logged out and no row was lost; 3 requests failed "
        "while the port was handed over"
    )


def test_only_a_setup_hands_the_port_over():
    made = report()
    made["prober"] |= {"failed": 3}
    assert (
        report_view(made)["verdict"]["title"]
        == "Nobody was logged out and no row was lost; 3 requests failed"
    )


def test_who_is_lost_breaks_the_promise_though_no_request_failed():
    made = report()
    made["health"]["proof"]["sessions"]["lost"] = 1
    assert report_view(made)["verdict"]["state"] == "broken"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("canary_plain_idle", "failed"),
        ("canary_plain_idle_again", "broken"),
        ("browser_tab_left_open", "failed"),
        ("browser_tab_left_open_again", "broken"),
        ("public_address", "broken"),
    ],
)
def test_a_session_that_is_lost_after_the_switch_back_breaks_the_promise(name: str, state: str):
    made = without_traffic(failure=FAILURE)
    made["verification"]["checks"].append(check(name, "critical", guide="Test 2", reason="401"))
    assert report_view(made)["verdict"]["state"] == state


@pytest.mark.parametrize("name", ["canary_plain_idle", "browser_tab_left_open"])
@pytest.mark.parametrize("failure", [{}, FAILURE | {"serves": "v1-0123456789ab"}], ids=["", "fails for it"])
def test_a_session_that_a_rollback_has_ended_breaks_the_promise(name: str, failure: dict):
    """It is not undone for it, and fails once it is recorded."""
    made = report(failure=failure)
    made["verification"]["checks"].append(check(name, "critical", guide="Test 2", reason="401"))
    view = report_view(made)
    assert view["verdict"]["state"] == "broken"
    assert view["indicators"][0]["status"] == "critical"


def test_what_a_tab_was_refused_breaks_the_promise_and_logs_nobody_out():
    made = report()
    made["verification"]["checks"].append(check("public_address", "critical", reason="it refused 1 of 9"))
    view = report_view(made)
    assert (view["verdict"]["state"], view["verdict"]["sentence"]) == (
        "broken",
        "the public address: it refused 1 of 9. v2-0123456789ab is live and recorded.",
    )
    assert view["indicators"][0]["status"] == "ok"


def test_a_summary_names_what_was_open_before_where_nothing_else_was_verified():
    made = without_traffic(failure=FAILURE)
    made["verification"] = {"checks": [check("browser_tab_left_open_again", guide="Test 2")]}
    assert "verified by what was open before: 1 of 1 checks ok" in report_summary(made)


def test_a_tab_that_was_never_open_is_not_lost():
    made = report()
    made["verification"]["checks"].append(check("browser_tab_left_open", "skipped", guide="Test 2"))
    assert report_view(made)["verdict"]["state"] == "kept"


def test_what_a_release_does_not_store_cannot_be_lost():
    """A release that stores no tokens has no families to compare."""
    made = report()
    made["health"]["proof"]["families"] = None
    view = report_view(made)
    assert view["verdict"]["state"] == "kept"
    assert [row["name"] for row in view["sessions"]] == ["cookie sessions"]
    assert "4 of 4 cookie sessions" in view["indicators"][0]["evidence"]


def test_where_no_token_was_stored_before_it_is_said():
    """On the first deploy of a version that stores them."""
    made = report()
    made["health"]["proof"]["families"] |= {"taken": 0, "live": 0, "explained": {}}
    view = report_view(made)
    assert "logins with tokens" not in view["indicators"][0]["evidence"]
    assert any("none was stored before the change" in line for line in view["unknown"])


def test_figures_are_good_or_not():
    good = {number["label"]: number["good"] for number in report_view(broken())["numbers"]}
    assert good["requests failed"] is False
    assert good["sessions alive"] is False
    assert good["rows found again"] is True


def test_phases_are_those_of_the_last_run():
    phases = report_view(report())["phases"]
    assert [(p["name"], p["seconds"], p["left"], p["width"], p["ended"]) for p in phases] == [
        ("stage", 6.0, 0.0, 75.0, True),
        ("switch", 2.0, 75.0, 25.0, True),
    ]


def test_a_phase_that_failed_has_not_ended():
    made = report()
    made["record"]["journal"] = [entry(0, "stage", "begins"), entry(3, "stage", "failed")]
    assert [(p["seconds"], p["ended"]) for p in report_view(made)["phases"]] == [(3.0, False)]


def test_the_switch_is_marked_where_it_was():
    chart = report_view(report())["chart"]
    assert chart["switch"] == 650.0  # Second 8 of 10, less the 1.5 s in which the slot that was left drained.
    assert len(chart["bars"]) == 10
    assert report_view(without_traffic())["chart"] == {}


def test_the_slowest_answers_are_shown_where_they_were_measured():
    chart = report_view(report())["chart"]
    assert (chart["slowest_ms"], [bar["slow"] for bar in chart["bars"]][::9]) == (19, [42.11, 80.0])
    made = report()
    for point in made["prober"]["timeline"]:
        del point["slowest_ms"]
    page = html_page(report_view(made), TEMPLATE)
    assert "slowest answer" not in page and 'class="slow"' not in page
    assert page.count('class="sent"') == 10


def test_what_differs_is_told_by_folder():
    view = report_view(report())
    assert [(folder["name"], folder["text"]) for folder in view["files"]] == [
        ("source", "1 added"),
        ("web", "1 added, 1 changed"),
    ]
    assert view["files"][1]["files"] == ["added: web/app.ts", "changed: web/main.ts"]
    assert dict(view["changes"])["migrations new"] == "server/migrations/0002.py"
    assert dict(view["facts"])["by"] == "ann on desk"
    made = report()
    del made["review"], made["by"]
    assert report_view(made)["files"] == []


def test_sessions_from_before_are_evidence_without_the_prober():
    made = without_traffic()
    made["health"]["proof"] = {}
    assert report_view(made)["indicators"][0] == {
        "text": "Users report no random logouts",
        "status": "ok",
        "evidence": "1 of 1 sessions made before the change went on after it",
    }
    made["verification"]["checks"].append(
        check("canary_plain_idle", "critical", guide="Test 2", reason="401")
    )
    assert report_view(made)["indicators"][0]["status"] == "critical"


def test_why_no_session_was_made_before_is_said():
    made = report()
    made["verification"]["canaries"] = {"problem": "POST /login answered 500"}
    assert any("POST /login answered 500" in line for line in report_view(made)["unknown"])


def test_health_is_shown_before_and_after():
    rows = {row["name"]: (row["before"], row["after"]) for row in report_view(report())["health"]}
    assert rows == {
        "tokens: schema": ("critical", "ok"),
        "tokens: index_use": ("", "unknown"),
        "sessions: write": ("", "ok"),
    }


def test_indicators_have_their_evidence():
    states = {row["text"]: row["status"] for row in report_view(report())["indicators"]}
    assert states["Users report no random logouts"] == "ok"
    assert states["Token refresh is invisible to users"] == "ok"
    assert states["Multi-tab usage works smoothly"] == "unknown"
    assert {
        row["status"] for row in report_view(without_traffic(health={}, verification={}))["indicators"]
    } == {"unknown"}


def test_an_indicator_names_what_failed():
    made = report()
    made["verification"]["checks"].append(check("browser_refresh", "critical", guide="Test 2"))
    assert report_view(made)["indicators"][-1]["evidence"] == "failed: browser_refresh"


def indicators(**checks: str) -> dict[str, tuple[str, str]]:
    """Status and evidence by the first word of each indicator, of a run with checks of these verdicts."""
    made = report(verification={"checks": [check(name, status) for name, status in checks.items()]})
    return {
        row["text"].split()[0]: (row["status"], row["evidence"]) for row in report_view(made)["indicators"]
    }


def test_what_every_release_can_do_is_no_evidence_for_the_fix():
    """A release from before it: what it has the fault in was not asked."""
    every = ("login_remember", "forbidden", "payment_required", "refresh", "other_tab")
    only_fixed = ("refresh_lifetimes", "session_survives_errors", "rotation", "replay_grace")
    found = indicators(**dict.fromkeys(every, "ok"), **dict.fromkeys(only_fixed, "skipped"))
    assert {name: status for name, (status, _evidence) in found.items() if name != "Users"} == dict.fromkeys(
        ("Remember-me", "403/402", "Network", "Multi-tab", "Token"), "unknown"
    )
    assert found["403/402"][1] == "not asked of this release: session_survives_errors"


@pytest.mark.parametrize("decides", ["replay_grace", "browser_lost_answer"])
def test_an_indicator_is_shown_by_a_check_that_decides_it(decides: str):
    assert indicators(refresh="ok", **{decides: "ok"})["Network"] == ("ok", f"verified: {decides}")


def test_a_browser_that_may_have_met_no_403_shows_nothing_of_one():
    """It meets what its site names, which may be neither, and a proxy's error and no network in any case."""
    assert indicators(browser_errors="ok", forbidden="skipped")["403/402"] == (
        "unknown",
        "not asked of this release: session_survives_errors",
    )
    assert indicators(browser_errors="ok", forbidden="ok", session_survives_errors="ok")["403/402"] == (
        "ok",
        "verified: session_survives_errors, forbidden, browser_errors",
    )
    assert indicators(browser_errors="critical", session_survives_errors="ok")["403/402"][0] == "critical"


def test_what_failed_counts_though_nothing_decides():
    assert indicators(forbidden="critical")["403/402"] == ("critical", "failed: forbidden")


def test_what_could_not_be_known_is_said():
    unknown = report_view(without_traffic())["unknown"]
    assert any("no traffic was sent" in sentence for sentence in unknown)
    assert "logout_access: not expected" in unknown
    assert "tokens: index_use: no statistics yet" in unknown


def test_what_could_not_be_known_for_one_reason_is_one_sentence():
    made = report()
    made["verification"]["checks"].append(
        check("logout_row", "skipped", guide="Test 5", reason="not expected")
    )
    assert "logout_access, logout_row: not expected" in report_view(made)["unknown"]


def verified_in_a_browser() -> dict:
    made = report()
    made["verification"] |= {
        "level": "browser",
        "browser_seconds": 14.2,
        "pictures": {"folder": "../v2-20260101T100000Z", "files": {"browser_tabs": "../../browser_tabs.jpg"}},
    }
    made["verification"]["checks"].append(check("browser_tabs", guide="Test 3"))
    return made


def test_the_pictures_of_a_browser_are_in_the_page(tmp_path: Path):
    folder = tmp_path / "pictures" / "v2-20260101T100000Z"
    folder.mkdir(parents=True)
    (folder / "browser_tabs.jpg").write_bytes(b"picture")
    (tmp_path.parent / "browser_tabs.jpg").write_bytes(b"elsewhere")
    view = report_view(verified_in_a_browser(), str(tmp_path))
    [shown] = [one["picture"] for test in view["tests"] for one in test["checks"] if one["picture"]]
    assert shown == "data:image/jpeg;base64,cGljdHVyZQ=="
    assert shown in html_page(view, "report.html.j2")
    assert dict(view["facts"])["verified by"].endswith("a browser, which took 14 s")
    assert not any("browser shows" in line for line in view["unknown"])


def test_pictures_that_are_gone_are_left_out(tmp_path: Path):
    view = report_view(verified_in_a_browser(), str(tmp_path))
    assert not any(one["picture"] for test in view["tests"] for one in test["checks"])


def test_why_no_browser_was_asked_is_said():
    made = report()
    made["verification"] |= {"level": "api", "level_problem": "There is no browser on this machine."}
    assert any("There is no browser on this machine." in line for line in report_view(made)["unknown"])


def test_a_release_that_failed_in_the_proof_says_where():
    made = report(failure=FAILURE)
    made["verification"]["level"] = "proof"
    view = report_view(made)
    assert dict(view["facts"])["verified by"] == "the API of the idle slot, before any user met it"
    assert any("the verification used the API" in line for line in view["unknown"])


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ({"logout": SKIPPED, "logout_row": SKIPPED, "cleanup": "ok"}, "skipped"),
        ({"logout": NOT_REACHED, "logout_row": SKIPPED, "cleanup": "ok"}, "unknown"),
        ({"logout": "ok", "logout_row": NOT_REACHED, "cleanup": "ok"}, "unknown"),
        ({"logout": "critical", "logout_row": NOT_REACHED, "cleanup": "ok"}, "critical"),
        ({"logout": "ok", "logout_row": SKIPPED, "cleanup": "ok"}, "ok"),
        ({"logout": NOT_REACHED, "cleanup": "critical"}, "critical"),
    ],
)
def test_a_test_of_the_guide_is_ok_by_its_own_checks(checks: dict[str, str], status: str):
    """That canaries were cleaned up, of which there may be none, is no logout."""
    found = [
        check(
            name, "skipped" if said in (SKIPPED, NOT_REACHED) else said, guide="Test 5",
            reason=said if said in (SKIPPED, NOT_REACHED) else "",
        )
        for name, said in checks.items()
    ]  # fmt: skip
    [test] = report_view(report(verification={"checks": found}))["tests"]
    assert (test["name"], test["status"]) == ("Test 5: Logout", status)
    assert len(test["checks"]) == len(checks)


def test_the_summary_fits_a_screen_and_begins_with_the_verdict():
    made = broken()
    made["verification"]["checks"] += [
        check(f"c{n}", "critical", guide="Test 2", reason="x" * 900) for n in range(40)
    ]
    lines = report_summary(made)
    assert "The promise was not kept" in lines[0]
    assert len(lines) == 14 and max(map(len, lines)) <= 300
    assert report_verdict(made) == "broken"
    assert "requests failed 1 of 40" in " ".join(report_summary(broken()))


def test_nothing_of_a_run_is_markup():
    hostile = "<script>alert(1)</script>\"'&{{ 1 }}"
    made = broken() | {
        "failure": {"task": hostile, "reason": hostile},
        "predecessor": hostile,
        "inventory": hostile,
    }
    made["record"] |= {"logs": [hostile], "version": hostile, "settings": {hostile: hostile}}
    made["prober"] |= {"reasons": [hostile], "failures": [{"kind": hostile, "reason": hostile}]}
    made["verification"]["checks"][0]["reason"] = hostile
    page = html_page(report_view(made), TEMPLATE)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 7


def test_the_page_loads_nothing():
    page = html_page(report_view(report()), TEMPLATE)
    assert set(re.findall(r"(?:src|href)=\"([^\"]*)\"|url\(", page)) == {"data:,", "index.html"}
    assert "default-src 'none'" in page


def test_every_run_is_listed_the_newest_first(tmp_path: Path):
    (tmp_path / "20260101T100000Z-deploy-v1.json").write_text(json.dumps(report()))
    (tmp_path / "20260102T100000Z-deploy-v2.json").write_text(json.dumps(broken()))
    (tmp_path / "20260102T100000Z-deploy-v2.html").write_text("")
    (tmp_path / "20260103T100000Z-x.json").write_text("{}")
    (tmp_path / "20260104T100000Z-x.json").write_text("not json")
    (tmp_path / "v2.json").write_text(json.dumps(report()))
    rows = report_rows(str(tmp_path))
    assert [(row["at"], row["file"], row["state"]) for row in rows] == [
        ("2026-01-02 10:00 UTC", "20260102T100000Z-deploy-v2.html", "broken"),
        ("2026-01-01 10:00 UTC", "20260101T100000Z-deploy-v1.json", "kept"),
    ]
    assert "20260102T100000Z-deploy-v2.html" in html_page(rows, INDEX)


def test_a_page_is_made_where_it_is_missing_or_old():
    files = [
        {"path": "/r/a.json", "mtime": 5.0},
        {"path": "/r/b.json", "mtime": 5.0},
        {"path": "/r/b.html", "mtime": 4.0},
        {"path": "/r/c.json", "mtime": 5.0},
        {"path": "/r/c.html", "mtime": 6.0},
        {"path": "/r/index.html", "mtime": 1.0},
    ]
    assert stale_pages(files) == ["/r/a", "/r/b"]


def test_a_run_that_verified_nothing_has_a_page():
    made = without_traffic(verification={}, health={"before": {}, "after": {}, "proof": {}})
    made["record"] = {"state": "staged", "journal": [entry(0, "stage", "begins")], "version": "v2"}
    page = html_page(report_view(made), TEMPLATE)
    assert "Phases" in page
    assert "The guide&#39;s tests" not in page


def test_a_phase_that_failed_took_until_it_failed():
    """A failure is of the run's verb, and not of a phase."""
    journal = [
        {"at": "2026-01-01T10:00:00.000Z", "run": "r", "phase": "verify", "event": "begins"},
        {"at": "2026-01-01T10:00:21.500Z", "run": "r", "phase": "deploy", "event": "failed"},
    ]
    [phase] = report_view(report(record=report()["record"] | {"journal": journal}))["phases"]
    assert (phase["name"], phase["seconds"], phase["ended"]) == ("verify", 21.5, False)


def test_what_serves_is_said_however_long_the_cause_is():
    failed = FAILURE | {"reason": "refused " * 90}
    made = report(prober={}, failure=failed, serves=SWITCHED_BACK)
    [line] = [line for line in report_summary(made) if line.startswith("migrate: ")]
    assert len(line) <= 300
    assert line.endswith(SWITCHED_BACK)


def test_an_indicator_whose_check_was_not_reached_says_so():
    made = report()
    made["verification"]["checks"] = [check("session_survives_errors", "skipped", reason=NOT_REACHED)]
    said = [one["evidence"] for one in report_view(made)["indicators"]]
    assert any(words.startswith("not reached: ") and "session_survives_errors" in words for words in said), (
        said
    )


def test_a_snapshot_that_is_gone_leaves_unknown_who_was_logged_in():
    made = report()
    gone = "there is no snapshot in schema deploy_snapshot; one must be taken first"
    made["health"]["proof"] = {
        "families": None,
        "sessions": None,
        "taken_at": "",
        "checks": [check("families_kept", "unknown", reason=gone)],
    }
    view = report_view(made)
    assert f"Who was logged in before the change: {gone}." in view["unknown"]
    assert (view["verdict"]["state"], view["verdict"]["title"]) == ("unproven", "Done, and verified")
