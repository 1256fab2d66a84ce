"""The host after the ledger's second version was deployed over its first, under traffic."""

import json

import pytest

REPORTS = "reports/ledger"
SECRETS = ["books_password", "cache_password", "signing_key"]


@pytest.fixture
def report(app, request) -> dict:
    """What the control node keeps of the deploy."""
    return json.loads((request.config.rootpath / REPORTS / f"{app.live()}.json").read_text())


def test_page_and_api_are_served_by_the_second_version(app):
    live = app.live()
    assert live.startswith("two-")
    answer = app.get("/api/v2/session/whoami")
    assert (answer.status, answer.headers["x-release"]) == (401, live)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_nobody_met_the_deploy(report):
    prober = report["prober"]
    assert (prober["failed"], prober["sessions"]["ended"], prober["kept"]) == (0, [], True)
    assert prober["rows"]["acknowledged"] == prober["rows"]["found"] > 0
    assert {name.split("-")[0] for name in prober["by_release"]} == {"one", "two"}


def test_the_release_has_shown_what_it_is_asked_for(app):
    shown = set(app.record(app.live())["features"])
    assert {"remember_me", "rotation", "redis_sessions", "revocation"} <= shown


def test_containers_images_and_networks_have_the_names_of_the_inventory(app):
    live = app.live()
    assert app.running() == [f"{live}-app-1", f"{live}-spa-1"]
    shown = app.run("docker ps --filter label=release.id --format '{{.Image}} {{.Networks}}'").splitlines()
    joined = {image: set(networks.split(",")) for image, networks in map(str.split, shown)}
    assert joined == {f"ledger-app:{live}": {"back", "front"}, f"ledger-spa:{live}": {"front"}}


def test_only_the_containers_user_reads_the_secrets(app, host):
    folder = f"{app.root}/releases/{app.live()}/secrets"
    assert {(host.file(f"{folder}/{name}").mode, host.file(f"{folder}/{name}").uid) for name in SECRETS} == {
        (0o400, 10021)
    }
    assert sorted(host.file(folder).listdir()) == SECRETS
    assert (host.file(folder).mode, host.file(folder).uid) == (0o700, 0)


def test_sessions_are_in_the_cookie_table_and_store_that_the_inventory_names(app):
    settings = app.record(app.live())["settings"]
    assert settings["SESSION_COOKIE_NAME"] == "ledger_sid"
    assert settings["SESSION_ENGINE"].endswith("cached_db")
    assert int(app.sql("SELECT count(*) FROM access_device_token")) > 0


def test_assets_of_both_releases_are_served(app):
    for version in ("one", "two"):
        names = app.run(f"ls {app.root}/releases/{app.releases()[version]['id']}/assets").split()
        assert [app.get(f"/static/{name}").status for name in names] == [200] * len(names)
        assert len(names) == 5


def test_nothing_on_the_host_is_named_after_the_sandboxs_own_app(app, host):
    found = app.run("docker ps --all --format '{{.Names}}'; docker network ls --format '{{.Name}}'; ls /srv")
    assert "igny8" not in found
    assert not host.file("/data/app").exists
