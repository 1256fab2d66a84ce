"""What is made of what was seen of a host: every fault of the guide's Troubleshooting is named first, and alone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils import diagnosis, diagnosis_host, diagnosis_release
from ansible.module_utils.auth_flow_app import status_problems
from ansible.module_utils.auth_flow_http import Answer
from ansible.module_utils.diagnosis import Finding
from ansible.module_utils.diagnosis_seen import Seen

RULES = diagnosis_host.RULES + diagnosis_release.RULES
COMMANDS = {
    name: f"run {name}"
    for name in (
        *("browser", "deploy", "doctor", "fix", "monitor", "preflight", "redeploy", "releases"),
        *("restore", "rollback", "setup"),
    )
}


def container(
    name: str, service: str = "", release: str = "", status: str = "Up 2 hours (healthy)", **others: Any
) -> dict:
    """A container as the engine lists it."""
    labels = {"com.docker.compose.service": service, "com.docker.compose.project": name.split("-")[0]}
    labels |= {"release.id": release} if release else {}
    state = "running" if status.startswith("Up") else "exited"
    return {
        "Names": [f"/{name}"],
        "Labels": labels,
        "State": state,
        "Status": status,
        "ImageID": "sha256:a",
    } | others


HEALTHY = [
    container("v1-web-1", "web", "v1"),
    container("v1-api-1", "api", "v1"),
    container("data-redis-1", "redis"),
    container("data-postgres-1", "postgres"),
    container("edge-edge-1", "edge"),
]
GOOD: dict[str, Any] = {
    "blind": {},
    "found": {"host": {"engine": None, "room": ""}, "redis": {"answers": ""}},
    "releases": {
        "live": "v1",
        "rollback_target": "v0",
        "cut_short": "",
        "problems": [],
        "releases": {"v1": {"containers": []}, "v0": {"containers": []}},
    },
    "containers": HEALTHY,
    "edge_container": "edge-edge-1",
    "data_services": {"here": ["postgres", "redis"], "project": "data"},
    "images": ["sha256:a"],
    "built_services": ["web", "api"],
    "release_dir": "/srv/v1",
    "migrations": {"pending": [], "model": "", "table": ""},
    "page": {"served": ["index-1.js"], "built": ["index-1.js", "lazy-2.js"], "talks_to_tabs": True},
    "login": {
        "checks": [{"name": "login", "status": "ok", "reason": ""}],
        "browser": "browser",
        "problem": "",
    },
    "health": {"tokens": {"checks": [{"name": "schema", "status": "ok", "reason": ""}]}},
}


def replaced(name: str, **others: Any) -> dict:
    """What is seen with one container in another state."""
    return {"containers": [c | others if c["Names"] == [f"/{name}"] else c for c in HEALTHY]}


def failed(*names: str) -> dict:
    """What is seen when checks of the login or the browser fail."""
    checks = [{"name": name, "status": "critical", "reason": "it broke"} for name in names]
    return {"login": {"checks": checks, "browser": "browser", "problem": ""}}


def met(*broken: str, forbidden: int = 403, payment_required: int = 402) -> dict:
    """What is seen of an API that answers the denied pages so; other checks are broken. No browser looks then."""
    reasons = [(name, ["it broke"]) for name in broken]
    for name, status, wanted in (("forbidden", forbidden, 403), ("payment_required", payment_required, 402)):
        answer = Answer("GET", f"/{name}", status, {}, {}, {}, 1.0)
        reasons.append((name, status_problems(answer, (wanted,))))
    checks = [
        {"name": name, "status": "critical" if reason else "ok", "reason": "; ".join(reason)}
        for name, reason in reasons
    ]
    return {"login": {"checks": checks, "browser": "browser", "problem": ""}}


def blind(**probes: str) -> dict:
    """What is seen when probes could not look."""
    return {
        "blind": {name: {"reason": reason, "rc": 0, "asserted": False} for name, reason in probes.items()}
    }


def found(**problems: dict) -> dict:
    """What is seen when preflights name problems."""
    return {"found": problems}


def diagnosed(**other: Any) -> list[Finding]:
    """Findings of a good host with something else seen."""
    return diagnosis.arrange(diagnosis.applied(RULES, Seen(GOOD | other, COMMANDS)))


def test_nothing_is_found_on_a_good_host():
    assert diagnosed() == []
    assert diagnosis.lines([]) == [diagnosis.WELL]


TABLE_GONE = {"pending": ["auth.0002_token"], "model": "", "table": "token"}
BROKEN_LOGIN = failed("login", "rotation", "session_survives_errors")
UNWELL = replaced("v1-api-1", Status="Up 2 hours (unhealthy)")
MODULES = {
    "blind": {"modules": {"reason": "django-redis is not usable", "rc": 1}, "key": {"reason": "not running"}}
}
#: What is seen -> kind of the only critical finding, what repairs it, its remedy.
FAULTS = [
    ("table missing", UNWELL | BROKEN_LOGIN | {"migrations": TABLE_GONE}, "migrations", "migrate", "run fix"),
    (
        "table dropped",
        BROKEN_LOGIN | {"migrations": TABLE_GONE | {"pending": []}},
        "token_table",
        "",
        "run restore",
    ),
    (
        "redis stopped",
        BROKEN_LOGIN
        | found(redis={"answers": "refused"})
        | blind(health="refused")
        | {
            "containers": [
                c | ({"State": "exited"} if "redis" in c["Names"][0] else {}) for c in UNWELL["containers"]
            ]
        },
        "redis",
        "host",
        "docker start data-redis-1",
    ),
    (
        "redis hangs",
        found(redis={"answers": "timeout"}) | replaced("data-redis-1", Status="Up 1 hour (unhealthy)"),
        "redis",
        "host",
        "docker restart data-redis-1",
    ),
    (
        "redis paused",
        found(redis={"answers": "timeout"}) | replaced("data-redis-1", State="paused"),
        "redis",
        "host",
        "docker unpause data-redis-1",
    ),
    (
        "redis refuses",
        found(redis={"answers": "invalid password"}),
        "redis",
        "",
        "docker logs --tail 50 data-redis-1",
    ),
    (
        "redis elsewhere",
        found(redis={"answers": "x"}) | {"containers": HEALTHY[:2] + HEALTHY[4:]},
        "redis",
        "",
        "start Redis where it runs",
    ),
    (
        "postgres stopped",
        BROKEN_LOGIN
        | found(postgres={"answers": "refused"})
        | blind(migrations="x", health="x")
        | replaced("data-postgres-1", State="exited"),
        "postgres",
        "host",
        "docker start data-postgres-1",
    ),
    (
        "image without a module",
        MODULES | BROKEN_LOGIN | replaced("v1-api-1", State="restarting", ImageID="sha256:b"),
        "modules",
        "deploy",
        "run redeploy",
    ),
    (
        "old bundle",
        failed("browser_errors", "browser_tabs")
        | replaced("v1-web-1", ImageID="sha256:b")
        | {"page": {"served": ["old.js"], "built": ["index-1.js"], "talks_to_tabs": True}},
        "served_bundle",
        "rollback",
        "run rollback",
    ),
    ("old client", failed("browser_errors", "browser_calm"), "errors", "rollback", "run rollback"),
    ("no rotation", failed("rotation", "replay_grace"), "refresh", "rollback", "run rollback"),
    (
        "deaf tabs",
        failed("browser_logout") | {"page": {"talks_to_tabs": False}},
        "tabs",
        "rollback",
        "run rollback",
    ),
    ("login alone", failed("login"), "login", "", "run rollback"),
    ("login blind", blind(login="connection refused"), "login", "", "run rollback"),
    (
        "web stopped",
        blind(page="503", login="503") | replaced("v1-web-1", State="exited"),
        "stopped",
        "host",
        "docker start v1-web-1",
    ),
    (
        "web crashes",
        blind(page="503") | replaced("v1-web-1", State="restarting"),
        "stopped",
        "",
        "docker logs --tail 50 v1-web-1",
    ),
    ("unhealthy alone", UNWELL, "unhealthy", "host", "docker restart v1-api-1"),
    (
        "web removed",
        blind(page="503", login="503") | {"containers": HEALTHY[1:]},
        "stopped",
        "host",
        "docker compose --project-directory /srv/v1 --file /srv/v1/compose.yml up --detach --no-deps --no-recreate web",
    ),
    (
        "adopted web removed",
        {"containers": HEALTHY[1:]}
        | {
            "releases": GOOD["releases"]
            | {"releases": {"v1": {"containers": [], "record": {"adopted": {"1f": "web"}}}}}
        },
        "stopped",
        "",
        "run deploy",
    ),
    (
        "edge stopped",
        blind(page="x", login="x")
        | found(edge={"nobody": "Nothing listens"})
        | replaced("edge-edge-1", State="exited"),
        "edge",
        "host",
        "docker start edge-edge-1",
    ),
    ("port elsewhere", found(edge={"held": "x has the port"}), "edge", "", "run setup"),
    ("nothing live", {"releases": GOOD["releases"] | {"live": ""}}, "no_live_release", "", "run deploy"),
    ("records damaged", blind(releases="not JSON") | {"releases": {}}, "no_live_release", "", "run releases"),
    (
        "engine stopped",
        blind(containers="no socket", releases="no socket", login="x", page="x")
        | {"containers": [], "releases": {}}
        | found(host={"engine": "x"}, redis={"answers": "x"}, edge={"nobody": "x"}),
        "engine",
        "",
        "systemctl restart docker",
    ),
    (
        "other key",
        {"blind": {"key": {"reason": "another key", "asserted": True}}},
        "signing_key",
        "",
        "run preflight",
    ),
    ("other vault", found(backend={"differs": "it differs"}), "signing_key", "", "run preflight"),
    (
        "other settings",
        {"blind": {"settings": {"reason": "differs", "asserted": True}}},
        "settings",
        "",
        "run preflight",
    ),
    ("clock", failed("login") | found(host={"clock": "off by 60 s"}), "clock", "", "timedatectl status"),
    (
        "code without the model",
        {"migrations": {"pending": [], "model": "no module", "table": ""}},
        "model",
        "deploy",
        "run redeploy",
    ),
    (
        "evicting",
        found(redis={"eviction": "allkeys-lru"}),
        "health_sessions",
        "",
        "docker exec -it data-redis-1 redis-cli --askpass config set maxmemory-policy volatile-ttl",
    ),
    (
        "stuck rotation",
        {
            "health": {
                "tokens": {
                    "checks": [
                        {"name": "rotation_stuck", "status": "critical", "reason": "x", "next_step": "look"}
                    ]
                }
            }
        },
        "health_tokens",
        "",
        "look",
    ),
]


@pytest.mark.parametrize(
    ("other", "kind", "act", "remedy"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_a_fault_is_named_first_and_alone(other: dict, kind: str, act: str, remedy: str):
    findings = diagnosed(**other)
    assert [finding.kind for finding in findings if finding.status == "critical"] == [kind]
    first = findings[0]
    assert (first.kind, first.act, first.remedy) == (kind, act, remedy)
    assert first.symptom and first.evidence
    assert {f.because for f in findings if f.status == "consequence"} <= {first.symptom}
    assert all(f.act == "" and f.argv == [] for f in findings if f.status == "consequence")


@pytest.mark.parametrize(
    ("other", "symptom", "remedy"),
    [
        (found(host={"room": "9 MB free"}), "a deploy would be refused: room", "df -h; docker system df"),
        (found(edge={"differs": "x"}), "a deploy would be refused: edge", "run setup"),
        (
            {"releases": GOOD["releases"] | {"problems": ["cut short."]}},
            "edge and records disagree",
            "run deploy",
        ),
        (
            {
                "containers": [
                    *HEALTHY,
                    container("old-api-1", "api", "old"),
                    container("v0-api-1", "api", "v0"),
                ]
            },
            "compose project old runs, and nothing needs it",
            "docker stop old-api-1",
        ),
    ],
)
def test_what_breaks_nothing_yet_is_a_warning(other: dict, symptom: str, remedy: str):
    [finding] = diagnosed(**other)
    assert (finding.status, finding.symptom, finding.remedy) == ("warning", symptom, remedy)


#: Answers to the denied pages that do not end a session: the user has a right or a plan, or the page is another.
GRANTED = [
    {"forbidden": 200},
    {"payment_required": 200},
    {"forbidden": 404},
    {"payment_required": 403},
    {"forbidden": 200, "payment_required": 200},
]


@pytest.mark.parametrize("answers", GRANTED)
def test_a_user_who_is_not_refused_any_more_is_no_fault_of_the_release(answers: dict):
    [finding] = findings = diagnosed(**met(**answers))
    assert (finding.kind, finding.status, finding.act) == ("granted", "warning", "")
    assert diagnosis.mends(findings) == []
    assert all(f"{name}: GET /{name} answered {answers[name]}" in finding.evidence for name in answers)
    assert "verify_user" in finding.remedy and "verify_paths" in finding.remedy


def test_a_session_that_a_refusal_ends_is_one_whatever_else_is_granted():
    errors, granted = diagnosed(**met("session_survives_errors", forbidden=200))
    assert (errors.kind, errors.status, errors.act) == ("errors", "critical", "rollback")
    assert (granted.kind, granted.status) == ("granted", "warning")
    assert "answered 200" not in errors.evidence


@pytest.mark.parametrize("status", [401, 500, 503])
def test_a_denied_page_that_fails_is_critical_and_no_session_that_ended(status: int):
    [finding] = findings = diagnosed(**met(forbidden=status))
    assert (finding.kind, finding.status, finding.remedy) == ("denied", "critical", "run rollback")
    assert diagnosis.mends(findings) == []


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        (met("session_survives_errors", payment_required=401), "errors"),
        (met(forbidden=500) | found(redis={"answers": "refused"}), "redis"),
        (met(forbidden=401) | found(host={"clock": "off by 60 s"}), "clock"),
        (met("me_bearer", forbidden=401), "login"),
    ],
    ids=["errors", "redis", "clock", "login"],
)
def test_a_denied_page_that_fails_follows_from_what_fails_it(other: dict, cause: str):
    first, *others = diagnosed(**other)
    assert (first.kind, first.status) == (cause, "critical")
    assert [(finding.kind, finding.status) for finding in others] == [("denied", "consequence")]


def asked_again(first: dict, *broken: str, well: str = "", browser: str = "browser") -> list[Finding]:
    """Findings where a browser that showed `first` was asked again: these checks fail now, and one is well."""
    checks = [*failed(*broken)["login"]["checks"], {"name": well, "status": "ok", "reason": ""}]
    before = first["login"]["checks"]
    return diagnosed(login={"checks": checks, "browser": browser, "problem": "", "before": before})


@pytest.mark.parametrize("check", ["browser_errors", "browser_logout", "browser_refresh"])
def test_what_a_browser_alone_has_shown_is_asked_again_before_a_rollback(check: str):
    [mend] = diagnosis.mends(diagnosed(**failed(check)))
    assert (mend.act, mend.once) == ("rollback", True)
    [mend] = diagnosis.mends(asked_again(failed(check), check))
    assert (mend.status, mend.act, mend.once) == ("critical", "rollback", False)


@pytest.mark.parametrize(
    "other", [failed("rotation"), replaced("v1-web-1", ImageID="sha256:b"), failed("browser_calm")]
)
def test_what_is_sure_or_does_nothing_is_not_asked_again(other: dict):
    assert [finding.once for finding in diagnosed(**other)] == [False]


def test_what_a_browser_does_not_show_again_is_a_warning():
    [finding] = findings = asked_again(failed("browser_logout"), well="browser_logout")
    assert (finding.kind, finding.status, finding.act) == ("tabs", "warning", "")
    assert finding.symptom == "seen once and not again: tabs do not follow each other (multi-tab logout)"
    assert finding.evidence == "browser_logout: it broke; asked again, it did not fail"
    assert diagnosis.mends(findings) == []


def test_another_check_that_fails_the_second_time_is_no_proof():
    tabs, before = findings = asked_again(failed("browser_logout"), "browser_tabs", well="browser_logout")
    assert (tabs.status, tabs.evidence, before.status) == ("critical", "browser_tabs: it broke", "warning")
    assert diagnosis.mends(findings) == []


def test_what_could_not_be_asked_again_stays_critical_and_does_nothing():
    tabs, unknown = findings = asked_again(failed("browser_logout"), browser="")
    assert (tabs.status, unknown.status) == ("critical", "unknown")
    assert tabs.evidence == "browser_logout: it broke; asked again, it was not reached"
    assert diagnosis.mends(findings) == []


@pytest.mark.parametrize("probe", ["host", "edge", "migrations", "settings", "key", "key_file", "health"])
def test_what_could_not_be_looked_at_is_unknown(probe: str):
    [finding] = diagnosed(**blind(**{probe: "it went wrong"}))
    assert (finding.kind, finding.status, finding.evidence) == ("unread", "unknown", "it went wrong")


def test_without_a_browser_tabs_are_unknown():
    [finding] = diagnosed(login={"checks": [], "browser": "", "problem": "no Chromium"})
    assert (finding.kind, finding.status, finding.evidence) == ("tabs", "unknown", "no Chromium")


def test_what_makes_no_sense_does_not_keep_the_rest_from_being_told():
    findings = diagnosed(containers=[{"Names": []}], **found(backend={"differs": "it differs"}))
    assert findings[0].kind == "signing_key"
    assert "makes no sense" in findings[-1].evidence


def test_nothing_seen_at_all_does_not_fail():
    assert diagnosis.arrange(diagnosis.applied(RULES, Seen({}, COMMANDS)))


def test_two_causes_are_both_critical():
    findings = diagnosed(**found(redis={"answers": "x"}, backend={"differs": "y"}))
    assert [f.kind for f in findings if f.status == "critical"] == ["redis", "signing_key"]


def test_repairs_come_in_order_and_change_one_release():
    findings = [
        Finding("errors", "c", "", "", "", act="rollback"),
        Finding("migrations", "b", "", "", "", act="migrate"),
        Finding("modules", "d", "", "", "", act="deploy"),
        Finding("redis", "a", "", "", "", act="host"),
        Finding("login", "e", "", "", ""),
        Finding("refresh", "f", "", "", "", status="consequence"),
    ]
    assert [finding.act for finding in diagnosis.mends(findings)] == ["host", "migrate", "deploy"]


def test_every_kind_has_its_rank():
    assert {kind for explained in diagnosis.EXPLAINS.values() for kind in explained} <= set(diagnosis.RANK)
    assert len(set(diagnosis.RANK)) == len(diagnosis.RANK)


def test_a_cause_is_shown_in_full_and_a_consequence_in_a_line():
    cause = Finding(
        "redis", "Redis connection refused", "refused " * 20, "stopped", "docker start data-redis-1"
    )
    login = Finding("login", "logins fail", "500", "x", "y")
    shown = diagnosis.lines(diagnosis.arrange([login, cause]))
    assert shown[0] == "CRITICAL     Redis connection refused"
    assert shown[-2] == "             Remedy: docker start data-redis-1"
    assert shown[-1] == "CONSEQUENCE  logins fail (because: Redis connection refused)"


def test_other_projects_of_the_host_are_left_alone():
    assert diagnosed(containers=[*HEALTHY, container("metrics-prometheus-1", "prometheus")]) == []


STRANGE = container("shop-redis-1", "redis", status="Exited (0) 1 hour ago")


def test_the_redis_of_another_app_is_not_started_in_place_of_ours():
    stopped = replaced("data-redis-1", State="exited")["containers"]
    [finding] = diagnosed(containers=[STRANGE, *stopped], **found(redis={"answers": "refused"}))
    assert finding.argv == ["docker", "start", "data-redis-1"]


def test_the_redis_of_another_app_is_none_where_ours_is_elsewhere():
    elsewhere = {"data_services": {"here": [], "project": "shop"}}
    [finding] = diagnosed(containers=[STRANGE, *HEALTHY], **elsewhere, **found(redis={"answers": "refused"}))
    assert (finding.act, finding.remedy) == ("", "start Redis where it runs")


def test_a_policy_is_set_where_redis_runs():
    elsewhere = {"data_services": {"here": [], "project": "shop"}}
    [finding] = diagnosed(**elsewhere, **found(redis={"eviction": "allkeys-lru"}))
    assert finding.remedy == "redis-cli --askpass config set maxmemory-policy volatile-ttl"
    assert finding.cause.endswith("type the remedy where Redis runs")
