"""The host after a deploy of the fix over the version before it."""

import json
from pathlib import Path

from app_host import EDGE, ROOT

REPORTS = Path(__file__).resolve().parents[3] / "reports"


def test_the_fix_serves_page_and_api_as_one_release(app):
    live = app.live()
    assert live.startswith("fix-")
    assert app.get("/api/auth/me/").headers["x-release"] == live


def test_an_expired_or_missing_token_is_answered_401_with_a_challenge(app):
    answer = app.get("/api/auth/me/")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_record_tells_what_happened(app):
    record = app.record(app.live())
    assert record["state"] == "live"
    assert record["predecessor"].startswith("before-")
    phases = [entry["phase"] for entry in record["journal"] if entry["event"] == "ended"]
    assert phases == ["stage", "backup", "migrate", "start", "prove", "switch", "verify", "record"]
    assert record["settings"]["SESSION_ENGINE"].endswith("cached_db")


def test_the_switch_took_less_than_half_a_second(app):
    assert app.record(app.live())["switch"]["switch_seconds"] < 0.5


def test_the_version_before_is_stopped_and_kept(app):
    before = app.releases()["before"]
    assert before["state"] == "good"
    names = app.run("docker ps --all --filter label=release.id --format '{{.Names}} {{.State}}'")
    assert f"{before['id']}-igny8_backend-1 exited" in names
    assert all(name.startswith("fix-") for name in app.running())


def test_nobody_holds_the_lock(app, host):
    assert not host.file(f"{ROOT}/lock.json").exists


def test_the_current_link_and_the_edge_agree(app, host):
    assert host.file(f"{ROOT}/current").linked_to == f"{ROOT}/releases/{app.live()}"
    slot = app.record(app.live())["slot"]
    assert f"live {slot}" in host.file(f"{EDGE}/etc/maps/live.map").content_string


def test_the_edge_is_the_only_one_on_the_public_port(host, app):
    assert host.socket("tcp://0.0.0.0:80").is_listening
    ports = app.run("docker ps --filter label=release.id --format '{{.Ports}}'")
    assert "->" not in ports


def test_secrets_are_files_of_the_containers_user_and_nowhere_else(app, host):
    folder = host.file(f"{ROOT}/current/secrets")
    names = folder.listdir()
    assert (folder.mode, folder.uid) == (0o700, 0)
    assert sorted(names) == ["django_secret_key", "postgres_password", "redis_password"]
    everything = app.run("docker ps --quiet | xargs docker inspect")
    for name in names:
        secret = host.file(f"{ROOT}/current/secrets/{name}")
        assert (secret.mode, secret.uid) == (0o400, 10001)
        assert secret.content_string not in everything


def test_containers_run_without_root(app):
    for name in app.running():
        assert app.run(f"docker exec {name} id -u").strip() == "10001"


def test_the_token_table_has_its_indexes_and_no_row_of_the_smoke(app):
    indexes = app.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'auth_refresh_token'").split()
    assert {"rt_one_live_tip", "rt_one_child", "rt_live_exp", "rt_created_cov", "rt_user"} <= set(indexes)
    assert app.sql("SELECT count(*) FROM igny8_user WHERE email LIKE 'token-smoke%'") == "0"


def test_the_backup_is_there_and_readable_by_root_alone(app, host):
    backup = host.file(app.record(app.live())["backup"]["file"])
    assert backup.size > 0
    assert host.file(f"{ROOT}/backups").mode == 0o700


def test_assets_of_both_releases_are_served(app):
    for version in ("before", "fix"):
        release = app.releases()[version]["id"]
        for asset in app.run(f"ls {ROOT}/releases/{release}/assets").split():
            assert app.get(f"/assets/{asset}").status == 200


def test_a_browser_has_seen_it_and_a_tab_stayed_open(app):
    report = json.loads((REPORTS / f"{app.live()}.json").read_text())
    checks = {check["name"]: check for check in report["verification"]["checks"]}
    seen = {name: check["status"] for name, check in checks.items() if name.startswith("browser_")}
    not_asked = {"browser_frozen", "browser_logout_plain", "browser_logout_access"}
    on_the_server = {f"browser_logout_{what}" for what in ("session", "row", "key", "token")}
    assert report["verification"]["level"] == "browser"
    assert {name for name, status in seen.items() if status != "ok"} == not_asked, checks
    assert set(seen) >= on_the_server | {"browser_tab_left_open"}
    assert checks["public_address"]["status"] == "ok"
    page = (REPORTS / f"{app.live()}.html").read_text()
    without_picture = not_asked | on_the_server | {"browser_calm", "browser_tab_left_open"}
    assert page.count("data:image/jpeg;base64,") == len(set(seen) - without_picture)


def test_the_history_tells_who_did_what(app):
    *_, last = (json.loads(line) for line in app.run(f"cat {ROOT}/audit.jsonl").splitlines())
    assert (last["verb"], last["release"], last["outcome"]) == ("deploy", app.live(), "kept")
    assert (REPORTS / f"{last['evidence']}.html").is_file()


def test_no_browser_and_no_marker_of_a_tab_is_left():
    assert list((REPORTS / "pictures").glob(".tab-*")) == []
