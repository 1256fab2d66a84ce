"""The id of a release, and its compose file."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible.module_utils.release_store import check_id
from release import (
    FilterModule,
    compose_project,
    edit_list,
    history_lines,
    other_slot,
    release_compose,
    release_id,
    release_left,
    release_unfinished,
    release_unverified,
    releases_listed,
    releases_recorded_live,
    releases_running,
)

DIGEST = "ab" * 32
CONFIG = {"services": {"app_api": {"memory": "512m"}}, "build_arguments": {}}
SECRETS = {"signing_key": "s3cret-of-tests", "password": "hunter2-of-tests"}
API = {
    "built_image": "app-api",
    "part": "api",
    "environment": {"KEY_FILE": "/run/secrets/signing_key"},
    "secrets": ["signing_key"],
    "networks": ["data"],
    "healthcheck": {"test": ["CMD", "true"]},
    "stop_grace_seconds": 35,
    "memory": "512m",
    "cpus": 2.0,
}
WORKER = {name: value for name, value in API.items() if name not in ("part", "secrets", "environment")}


def compose(**services: dict) -> dict:
    return release_compose(services, "v1.2-aaa", "/srv/app/secrets", ["edge", "data"], "edge", ["timeout:2"])


def test_id_is_the_version_and_twelve_digits():
    found = release_id("v1.2", DIGEST, CONFIG, SECRETS)
    version, _dash, digits = found.rpartition("-")
    assert (version, len(digits), set(digits) <= set("0123456789abcdef")) == ("v1.2", 12, True)


def test_id_does_not_depend_on_the_order_of_keys():
    turned = dict(reversed(CONFIG.items())), dict(reversed(SECRETS.items()))
    assert release_id("v1", DIGEST, *turned) == release_id("v1", DIGEST, CONFIG, SECRETS)


@pytest.mark.parametrize(
    "changed",
    [
        ("v2", DIGEST, CONFIG, SECRETS),
        ("v1", DIGEST[:-1] + "c", CONFIG, SECRETS),
        ("v1", DIGEST, CONFIG | {"build_arguments": {"BASE": "x"}}, SECRETS),
        ("v1", DIGEST, CONFIG | {"services": {"app_api": {"memory": "513m"}}}, SECRETS),
        ("v1", DIGEST, CONFIG, SECRETS | {"password": "hunter3-of-tests"}),
        ("v1", DIGEST, CONFIG, SECRETS | {"new": ""}),
        ("v1", DIGEST, CONFIG, dict(zip(SECRETS, reversed(SECRETS.values()), strict=True))),
        ("v1", DIGEST, CONFIG, {}),
    ],
)
def test_id_tells_every_change(changed):
    assert release_id(*changed) != release_id("v1", DIGEST, CONFIG, SECRETS)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("text", [*SECRETS.values(), json.dumps(SECRETS, sort_keys=True)])
def test_id_is_no_plain_hash_of_a_secret(algorithm, text):
    digits = release_id("v1", DIGEST, CONFIG, SECRETS).rpartition("-")[2]
    assert digits not in hashlib.new(algorithm, text.encode()).hexdigest()


@pytest.mark.parametrize("version", ["a", "v1.2_3-x", "0", "a" * 50])
def test_id_of_a_well_formed_version_is_a_well_formed_id(version):
    assert check_id(release_id(version, DIGEST, {}, {}))


@pytest.mark.parametrize(
    "version", ["", "V1", ".v1", "-v1", "..", "v1..2", "a/b", "a b", "a" * 51, "é", "$(id)"]
)
def test_version_that_cannot_name_a_release_is_refused(version):
    with pytest.raises(ValueError, match="cannot name a release"):
        release_id(version, DIGEST, {}, {})


def test_compose_names_the_project_its_image_and_its_networks():
    content = compose(app_api=API)
    assert content["name"] == compose_project("v1.2-aaa") == "v1-2-aaa"
    assert content["services"]["app_api"]["image"] == "app-api:v1.2-aaa"
    assert content["networks"] == {name: {"external": True, "name": name} for name in ("edge", "data")}


def test_two_releases_can_run_side_by_side():
    for service in compose(app_api=API, app_worker=WORKER)["services"].values():
        assert not {"ports", "container_name", "network_mode", "hostname"} & set(service)


def test_edge_reaches_a_part_by_its_slot():
    assert compose(app_api=API)["services"]["app_api"]["networks"] == {
        "data": {},
        "edge": {"aliases": ["api-${RELEASE_SLOT}"]},
    }


def test_service_without_a_part_is_not_on_the_network_of_the_edge():
    service = compose(app_worker=WORKER)["services"]["app_worker"]
    assert service["networks"] == {"data": {}}
    assert service["labels"]["release.part"] == ""


def test_labels_name_release_part_and_slot():
    assert compose(app_api=API)["services"]["app_api"]["labels"] == {
        "release.id": "v1.2-aaa",
        "release.part": "api",
        "release.slot": "${RELEASE_SLOT}",
    }


def test_secrets_are_read_only_mounts_and_never_in_the_environment():
    service = compose(app_api=API | {"volumes": ["/srv/kept:/kept:ro"]})["services"]["app_api"]
    assert service["volumes"] == [
        "/srv/kept:/kept:ro",
        "/srv/app/secrets/signing_key:/run/secrets/signing_key:ro",
    ]
    assert service["environment"] == {"KEY_FILE": "/run/secrets/signing_key", "RELEASE_ID": "v1.2-aaa"}


def test_service_cannot_claim_another_release():
    service = compose(app_api=API | {"environment": {"RELEASE_ID": "v9"}})["services"]["app_api"]
    assert service["environment"]["RELEASE_ID"] == "v1.2-aaa"


def test_service_runs_confined_and_is_given_time_to_stop():
    service = compose(app_api=API)["services"]["app_api"]
    assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service["pull_policy"], service["stop_grace_period"]) == ("never", "35s")
    assert (service["mem_limit"], service["cpus"]) == ("512m", 2.0)


def test_services_look_names_up_as_they_are_told():
    assert compose(app_api=API)["services"]["app_api"]["dns_opt"] == ["timeout:2"]


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"command": ["run"]}, "command", ["run"]),
        ({"image": "redis:7"}, "image", "redis:7"),
        ({"tmpfs": ["/run"]}, "tmpfs", ["/run"]),
        ({"tmpfs": ["/run/$A"]}, "tmpfs", ["/run/$$A"]),
        ({"image": "redis:$A"}, "image", "redis:$$A"),
        ({"volumes": ["/srv/$A:/a"], "secrets": []}, "volumes", ["/srv/$$A:/a"]),
        ({"init": True}, "init", True),
        ({"command": "echo $HOME"}, "command", "echo $$HOME"),
        ({"command": ["sh", "-c", "echo ${A}"]}, "command", ["sh", "-c", "echo $${A}"]),
        (
            {"healthcheck": {"test": ["CMD-SHELL", "[ $A = 1 ]"], "retries": 3}},
            "healthcheck",
            {"test": ["CMD-SHELL", "[ $$A = 1 ]"], "retries": 3},
        ),
    ],
)
def test_what_a_service_may_say_of_itself(changes, key, value):
    assert compose(app_api=API | changes)["services"]["app_api"][key] == value


def test_image_keeps_its_own_command():
    assert "command" not in compose(app_api=API)["services"]["app_api"]


@pytest.mark.parametrize("missing", ["healthcheck", "memory", "cpus", "stop_grace_seconds", "built_image"])
def test_service_must_say_what_it_needs(missing):
    with pytest.raises(KeyError, match=missing):
        compose(app_api={name: value for name, value in API.items() if name != missing})


@pytest.mark.parametrize(("slot", "found"), [("", ["v1", "v2"]), ("blue", ["v1"]), ("green", ["v2"])])
def test_releases_running(slot, found):
    containers = [("v2", "green", True), ("v1", "blue", False), ("v1", "blue", True), ("v0", "blue", False)]
    releases = {name: {"containers": []} for name in ("v2", "v1", "v0", "none")}
    for name, where, running in containers:
        releases[name]["containers"].append({"slot": where, "running": running})
    assert releases_running(releases, slot) == found


def test_other_slot():
    assert (other_slot("blue"), other_slot("green")) == ("green", "blue")
    with pytest.raises(KeyError):
        other_slot("")


FILTERS = (
    "edit_list",
    "history_lines",
    "other_slot",
    "release_compose",
    "release_id",
    "release_left",
    "release_unfinished",
    "release_unverified",
    "releases_listed",
    "releases_recorded_live",
    "releases_running",
    "releases_unproven",
)


def test_releases_recorded_live_are_those_whose_record_says_so():
    releases = {"a": {"record": {"state": "live"}}, "b": {"record": {"state": "good"}}, "c": {"record": {}}}
    assert releases_recorded_live(releases) == ["a"]


def test_filters_have_the_names_of_their_functions():
    assert {name: call.__name__ for name, call in FilterModule().filters().items()} == {
        name: name for name in FILTERS
    }


def listed(**releases: dict) -> dict[str, str]:
    info = {"live": "v3", "rollback_target": "v2", "problems": ["edge is odd."]}
    info["releases"] = {
        name: {
            "record": {"state": "good", "created_at": f"2026-01-0{name[-1]}", **release.get("record", {})},
            "serving": release.get("serving", False),
            "missing_images": release.get("missing_images", []),
        }
        for name, release in releases.items()
    }
    lines = releases_listed(info, "deploy-command")
    assert lines.pop() == "edge is odd."
    return dict(line.split(": ", 1) for line in lines)


def test_list_names_live_previous_and_targets_newest_first():
    lines = listed(v1={}, v3={"serving": True, "record": {"state": "live"}}, v2={})
    assert list(lines) == ["v3", "v2", "v1"]
    assert lines["v3"] == "live, runs, deployed 2026-01-03"
    assert lines["v2"] == "previous, a rollback goes here, stopped, deployed 2026-01-02"
    assert lines["v1"] == "a rollback may go here: -e release=v1, stopped, deployed 2026-01-01"


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (
            {"record": {"state": "failed", "failure": {"task": "build"}}},
            'failed in "build", never a rollback target',
        ),
        ({"record": {"state": "staged"}}, "unfinished (staged), never a rollback target"),
        ({"missing_images": ["app_api"]}, "image of app_api is gone"),
    ],
)
def test_list_says_why_a_release_is_no_target(release, said):
    assert listed(v1=release)["v1"].startswith(said)


def test_list_of_a_bare_host_says_what_to_do():
    nothing = {"releases": {}, "problems": [], "live": "", "rollback_target": ""}
    assert releases_listed(nothing, "deploy-command") == [
        "no release is on this host; deploy one: deploy-command"
    ]


def test_edits_are_a_line_each():
    steps = [
        {"step": "7b", "outcome": "applied", "file": "store.ts", "line": 7, "reason": "kept out"},
        {"step": "7d", "outcome": "not_applicable", "file": "", "line": 0, "reason": "no interval"},
    ]
    assert edit_list(steps) == [
        "step 7b: applied, store.ts:7, kept out",
        "step 7d: not applicable, no interval",
    ]


def test_the_history_begins_with_the_newest_run():
    runs = [
        {
            "at": f"2026-01-0{n}T10:00:00.000Z",
            "verb": "deploy",
            "release": f"v{n}",
            "user": "ann",
            "from": "desk",
        }
        | {"outcome": "kept", "evidence": f"page-{n}"}
        for n in (1, 2, 3)
    ]
    text = "\n".join([*map(json.dumps, runs), '{"verb": "dep', ""])
    lines = history_lines(text, 2)
    assert lines[0] == "2026-01-03 10:00 deploy v3 by ann from desk: kept, page-3"
    assert [line.split()[3] for line in lines] == ["v3", "v2"]
    nameless = json.dumps(runs[0] | {"release": "", "outcome": "cut short", "evidence": "in phase stage"})
    assert history_lines(nameless) == ["2026-01-01 10:00 deploy by ann from desk: cut short, in phase stage"]


def beside(**other: object) -> dict:
    """What is read of a container that the edge would reach in the idle slot."""
    return {"slot": "blue", "running": True, "part": "api", **other}


def cut_short(new: dict | None = None, old: dict | None = None, **serving: object) -> dict:
    """What is read of a host on which v2 has the traffic since a deploy that left v1, and v1 runs beside it."""
    containers = [beside()]
    return {
        "live": "v2",
        "idle_slot": "blue",
        "releases": {
            "v0": {"record": {"state": "good"}, "containers": [], "serving": False},
            "v1": {
                "record": {"state": "live"} | (old or {}),
                "containers": containers,
                "serving": True,
                **serving,
            },
            "v2": {
                "record": {"state": "verified", "predecessor": "v1"} | (new or {}),
                "containers": [],
                "serving": True,
            },
        },
    }


GOOD = {"state": "good"}
STOPPED = {"serving": False, "containers": [beside(running=False)]}


@pytest.mark.parametrize(
    ("info", "left"),
    [
        pytest.param(cut_short(), "v1", id="died before it was recorded"),
        pytest.param(cut_short(old=GOOD), "v1", id="died while it was recorded"),
        pytest.param(cut_short(old=GOOD, **STOPPED), "", id="died once the one before was stopped"),
        pytest.param(cut_short(**STOPPED), "", id="another run has stopped the one that is recorded live"),
        pytest.param(cut_short(containers=[]), "", id="the one that is recorded live has no containers"),
        pytest.param(cut_short(containers=[beside(slot="green")]), "", id="runs in another slot"),
        pytest.param(
            cut_short(containers=[beside(), beside(part="", running=False)]), "v1", id="without its worker"
        ),
        pytest.param(
            cut_short(containers=[beside(), beside(part="web", running=False)]), "", id="without its pages"
        ),
        pytest.param(cut_short(GOOD), "v1", id="a rollback that died before it was recorded"),
        pytest.param(cut_short(GOOD, GOOD), "", id="good from before, and nothing says what was left"),
        pytest.param(
            cut_short(GOOD | {"left": "v1"}, GOOD), "v1", id="a rollback that died while it was recorded"
        ),
        pytest.param(
            cut_short(GOOD | {"left": "v1"}, GOOD, **STOPPED), "", id="which had stopped the one before"
        ),
        pytest.param(cut_short({"left": "v0"}, GOOD), "", id="what was left is not what runs beside it"),
        pytest.param(cut_short({"left": ""}, GOOD), "", id="a first deploy, which has left nothing"),
        pytest.param(cut_short({"state": "live"}, GOOD), "", id="nothing died"),
        pytest.param(cut_short(old={"state": "failed"}), "", id="the one before was never good"),
        pytest.param(cut_short({"predecessor": ""}, GOOD), "", id="a first deploy"),
        pytest.param(cut_short(GOOD) | {"live": ""}, "v1", id="the edge has no release"),
    ],
)
def test_what_a_run_that_died_has_left_can_be_gone_back_to(info, left):
    assert release_left(info) == left


def test_what_a_run_that_died_was_at_is_told_with_what_is_live():
    info = cut_short(old={"settings": {"A": "1"}}) | {"live": "v1", "unfinished": "v2"}
    record = {"state": "verified", "predecessor": "v1"}
    found = {"id": "v2", "slot": "blue", "record": record, "beside": "v1", "beside_settings": {"A": "1"}}
    assert release_unfinished(info) == found
    nothing = release_unfinished(info | {"unfinished": "", "live": ""})
    assert (nothing["id"], nothing["record"], nothing["beside_settings"]) == ("", {}, {})


@pytest.mark.parametrize(
    ("info", "found"),
    [
        pytest.param(cut_short(), "v2", id="died before it was recorded"),
        pytest.param(cut_short({"state": "started"}), "v2", id="died right after the switch"),
        pytest.param(cut_short({"failure": {}}), "v2", id="an earlier attempt had failed"),
        pytest.param(cut_short({"failure": {"task": "verify"}}), "", id="found bad, and nothing went back"),
        pytest.param(cut_short(old=GOOD, **STOPPED), "v2", id="died once the one before was stopped"),
        pytest.param(cut_short(GOOD), "v2", id="a rollback that died before it was recorded"),
        pytest.param(
            cut_short(GOOD | {"left": "v1"}, GOOD), "v2", id="a rollback that died while it was recorded"
        ),
        pytest.param(cut_short(GOOD, GOOD), "", id="good from before"),
        pytest.param(cut_short({"state": "live"}, GOOD), "", id="recorded"),
        pytest.param(cut_short({"predecessor": ""}, GOOD), "v2", id="a first deploy that died"),
        pytest.param(cut_short({"failure": {"task": "verify"}}, GOOD), "", id="a first deploy that failed"),
        pytest.param(cut_short() | {"live": ""}, "", id="the edge has no release"),
        pytest.param(cut_short() | {"live": "v9"}, "", id="the edge has one without a record"),
    ],
)
def test_a_live_release_that_nobody_has_verified_is_found(info, found):
    assert release_unverified(info) == found
