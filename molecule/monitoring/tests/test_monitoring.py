"""What Prometheus on the host says about a live release: quiet, then one fault after the other, then removed."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from app_host import AppHost
from playbook_run import PROJECT, Case, run

ROOT = "/data/app/monitoring"
PASSWORD = "storm-0f1e2d3c"
USERS = "python3 /tmp/users.py"
SETUP = json.dumps(
    {"monitoring_time_scale": 1440, "monitoring_scrape_seconds": 1, "monitoring_cache_seconds": 1}
)
#: Deploys and rollbacks, each as often.
CHANGES = int(os.environ.get("MONITORING_CHANGES", "1"))
DEPLOY = '{"prober_enabled": false, "igny8_version": "next"}'
ROLLBACK = '{"prober_enabled": false}'
PAIRS = [("deploy", DEPLOY), ("rollback", ROLLBACK)]
#: That there is enough to be counted: on the figures as they are the alert would fire if one refresh of two hundred or
#: one answer of twenty failed, five sessions were lost, or tokens were used again.
WOULD_HAVE_FIRED = {
    "RefreshesMissTheirGoal": "0.005 * refresh:all_3d > 1 + 0.001 * refresh:all_3d + 3 * sqrt(0.001 * refresh:all_3d)",
    "AnswersFail": "0.05 * answers:all_6h > 2.5 and "
    "0.05 * answers:all_6h > 1 + 0.001 * answers:all_6h + 3 * sqrt(0.001 * answers:all_6h)",
    "SessionsAreLostFast": "5 / sum(tokens_active) > 0.005 and on() sum(tokens_active) > 0",
    "TokensAreReused": "sum(rotations_hour) > 0",
}


def play(playbook: str, variables: str, inventory: Path) -> str:
    """Run a playbook that has to succeed; what it printed."""
    answer = run(Case(playbook, playbook, "", (f"--extra-vars={variables}",)), inventory)
    assert answer.code == 0, answer.text
    return answer.text


def ask(app: AppHost, query: str) -> list[dict]:
    """What Prometheus answers."""
    text = app.run(f"curl --silent --fail 'http://127.0.0.1:9090/api/v1/query?query={quote(query)}'")
    return json.loads(text)["data"]["result"]


def fired(app: AppHost, seconds: float) -> set[str]:
    """The alerts that fired in the last seconds."""
    found = ask(app, f'max_over_time(ALERTS{{alertstate="firing"}}[{max(int(seconds), 1)}s])')
    return {one["metric"]["alertname"] for one in found}


def unheard(app: AppHost) -> list[str]:
    """The alerts that are silent because there is too little to be counted."""
    return [alert for alert, met in WOULD_HAVE_FIRED.items() if not ask(app, met)]


def wait_for(app: AppHost, alert: str, begun: float) -> None:
    """Wait until an alert has fired since then; the others may, too."""
    for _ in range(90):
        if alert in fired(app, time.monotonic() - begun):
            return
        time.sleep(2)
    pytest.fail(f"{alert} did not fire; {fired(app, time.monotonic() - begun)} did")


def users(app: AppHost, *arguments: object) -> str:
    """Have users do something, from the host itself."""
    return app.run(f"{USERS} {' '.join(map(str, arguments))} < /tmp/password")


@pytest.fixture(scope="module")
def going_on(watched, app) -> Iterator[Callable[[], str]]:
    """Users who refresh through all changes, and have for a while; call it to have them end, and for what they say."""
    app.run(f"nohup {USERS} go_on 7200 </tmp/password >/tmp/users.log 2>&1 & echo $! > /tmp/users.pid")

    def end() -> str:
        app.run(
            "kill $(cat /tmp/users.pid) || true; while kill -0 $(cat /tmp/users.pid) 2>/dev/null; do sleep 0.2; done"
        )
        return app.run("cat /tmp/users.log").strip()

    for _ in range(90):
        if not unheard(app):
            break
        time.sleep(2)
    yield end
    end()


@pytest.fixture(scope="module")
def watched(app: AppHost, inventory: Path) -> float:
    """The host with the monitoring, cron, and users who are no canaries; the time from which on it is watched."""
    app.run("apt-get update -qq && apt-get install -qq --no-install-recommends cron >/dev/null")
    # In a container a process that an SSH session has begun cannot be given another login's identity, which cron does.
    app.run("sed -i '/pam_loginuid/d' /etc/pam.d/cron && cron")
    seed = "python manage.py seed_users --count 30 --prefix storm --domain igny8.test"
    compose = "docker compose --file /data/app/igny8/current/compose.yml"
    app.run(f"echo {PASSWORD} | {compose} exec --no-TTY igny8_backend {seed}")
    program = (Path(__file__).parent / "users.py").read_text()
    app.run(f"echo {PASSWORD} > /tmp/password; cat > /tmp/users.py <<'PROGRAM'\n{program}\nPROGRAM")
    image = run(Case("image", "../sandbox/playbooks/monitoring", ""), inventory)
    assert image.code == 0, image.text
    play("setup", SETUP, inventory)
    return time.monotonic()


@pytest.fixture
def forwarded(app) -> Iterator[str]:
    """Prometheus of the host, at an address of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ssh = app.host.backend
    options = [*shlex.split(ssh.ssh_extra_args), "-i", ssh.ssh_identity_file, "-p", ssh.host.port]
    tunnel = subprocess.Popen(
        ["ssh", "-N", *options, "-L", f"{port}:127.0.0.1:9090", f"{ssh.host.user}@{ssh.host.name}"]
    )
    for _ in range(50):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    tunnel.terminate()
    tunnel.wait(timeout=10)


def test_every_source_is_read_and_a_second_setup_changes_nothing(watched, app, inventory):
    assert {one["metric"]["job"] for one in ask(app, "up == 1")} >= {"postgres", "redis", "edge"}
    assert "changed=0" in play("setup", SETUP, inventory).split("PLAY RECAP")[1]


def test_the_role_reads_what_is_counted_and_nothing_else(watched, app):
    # A role may undo its own settings, as the one that lets it read only.
    as_role = (
        "docker exec -e PGPASSWORD={} -e PGOPTIONS='-c default_transaction_read_only=off' igny8-data-postgres-1 "
        "psql -qtA -h 127.0.0.1 -U monitoring -d igny8 -c"
    )
    as_role = as_role.format(app.run(f"cat {ROOT}/secrets/postgres_password").strip())
    assert app.host.run(f'{as_role} "SELECT count(family_id) FROM auth_refresh_token"').rc == 0
    for statement in (
        "SELECT count(email) FROM igny8_user",
        "SELECT count(session_key) FROM django_session",
        "DELETE FROM auth_refresh_token",
        "UPDATE auth_refresh_token SET replay_count = 0",
    ):
        assert "permission denied" in (app.host.run(f'{as_role} "{statement}"').stderr), statement


def test_no_secret_is_seen(watched, app):
    passwords = json.loads(app.run(f"cat {ROOT}/secrets/redis_passwords.json"))
    secrets = {app.run(f"cat {ROOT}/secrets/postgres_password").strip(), *passwords.values()}
    assert len(secrets) == 2 and all(secrets)
    assert app.run(f"stat -c '%a %u' {ROOT}/secrets/*").splitlines() == ["600 10008"] * 2
    seen = app.run(
        "ps -eo args; docker inspect $(docker ps -q --filter label=com.docker.compose.project=monitoring)"
    )
    assert [secret for secret in secrets if secret in seen] == []


def test_nothing_is_public(watched, app):
    listening = app.run("ss -Htln").splitlines()
    ours = [line for line in listening if any(port in line for port in (":9090", ":9187", ":9121", ":8405"))]
    assert [line.split()[3] for line in ours] == ["127.0.0.1:9090"]
    assert "auth_refresh_total" not in app.get("/metrics").body


@pytest.mark.parametrize("change", PAIRS * CHANGES, ids=lambda change: change[0])
def test_deploys_and_rollbacks_go_unnoticed(going_on, app, inventory, change):
    begun = time.monotonic()
    play(*change, inventory)
    time.sleep(10)
    assert fired(app, time.monotonic() - begun) == set()
    assert unheard(app) == []


def test_the_users_met_no_failure_through_all_of_them(going_on):
    """What was silent had something to be silent about."""
    assert int(going_on()) > 1200


def test_the_figures_of_prometheus_are_shown_with_a_chart_of_each(watched, app, inventory):
    assert "refreshes that failed in an hour" in play("monitor", SETUP, inventory)
    page = (PROJECT / "reports" / "monitor.html").read_text()
    assert "by Prometheus" in page
    assert page.count("<polyline points=") >= 4


def test_a_prometheus_is_asked_where_the_control_node_reaches_it(watched, app, inventory, forwarded):
    given = json.dumps(json.loads(SETUP) | {"monitoring_prometheus_url": forwarded})
    assert "refreshes that failed in an hour" in play("monitor", given, inventory)
    page = (PROJECT / "reports" / "monitor.html").read_text()
    assert f"by {forwarded}" in page
    assert page.count("<polyline points=") >= 4


def test_a_storm_of_logins_alerts(watched, app):
    begun = time.monotonic()
    users(app, "storm", 30)
    wait_for(app, "SessionsAreLostFast", begun)


def test_one_failed_refresh_of_two_hundred_alerts(watched, app):
    begun = time.monotonic()
    assert int(users(app, "refresh", 120)) > 1000
    wait_for(app, "RefreshesMissTheirGoal", begun)
    assert "RefreshesFailFast" not in fired(app, time.monotonic() - begun)


def test_an_eviction_alerts(watched, app):
    begun = time.monotonic()
    client = "docker exec -i igny8-data-redis-1 redis-cli"
    password = app.run("cat /data/app/igny8/current/secrets/redis_password").strip()
    fillers = "for n in $(seq 300); do echo SETEX filler:$n 60 $(head -c 20000 /dev/zero | tr '\\0' x); done"
    app.run(f"(printf 'AUTH {password}\nCONFIG SET maxmemory 3mb\n'; {fillers}) | {client} >/dev/null")
    wait_for(app, "RedisEvicts", begun)
    app.run(f"printf 'AUTH {password}\\nCONFIG SET maxmemory 256mb\\n' | {client}")


def test_old_tokens_go(watched, app):
    assert f"{ROOT}/purge" in app.run("cat /etc/cron.d/monitoring-purge")
    old = (
        "UPDATE auth_refresh_token SET created_at = now() - interval '10 days', revoked_at = now() - interval '9 days' "
        "WHERE id IN (SELECT id FROM auth_refresh_token WHERE revoked_reason = 'rotated' "
        "AND token_id <> family_id LIMIT 50)"
    )
    app.sql(old)
    count = "SELECT count(*) FROM auth_refresh_token WHERE revoked_at < now() - interval '8 days 1 hour'"
    tips = "SELECT count(*) FROM auth_refresh_token WHERE revoked_at IS NULL"
    before = app.sql(tips)
    assert app.sql(count) == "50"
    # The line of setup as it is, but for each minute: cron has to find and run it by itself.
    app.run(
        f"rm -f {ROOT}/purge.log; sed -i 's/^17 /* /' /etc/cron.d/monitoring-purge; touch /etc/cron.d/monitoring-purge"
    )
    log = ""
    for _ in range(75):
        log = app.run(f"cat {ROOT}/purge.log 2>/dev/null || true")
        if "exit code" in log:
            break
        time.sleep(2)
    assert "exit code 0" in log, log
    assert app.sql(count) == "0"
    assert app.sql(tips) == before


def test_a_prometheus_elsewhere_reads_each_source_at_one_address(watched, app, inventory):
    play("setup", json.dumps(json.loads(SETUP) | {"monitoring_external": True}), inventory)
    label = "label=com.docker.compose.project=monitoring"
    assert "prometheus" not in app.run(f"docker ps -a --filter {label} --format '{{{{.Names}}}}'")
    for source, figure in (
        ("postgres", "tokens_active"),
        ("redis", "redis_up 1"),
        ("edge", "haproxy_"),
    ):
        assert figure in app.run(f"curl --silent --fail http://127.0.0.1:9090/{source}"), source


def test_removal_leaves_nothing(watched, app, inventory):
    play("setup", '{"monitoring_state": "absent"}', inventory)
    assert app.run("docker ps -aq --filter label=com.docker.compose.project=monitoring") == ""
    assert (
        app.run("docker network ls -q --filter name=monitoring; docker volume ls -q --filter name=monitoring")
        == ""
    )
    assert app.run(f"ls -d {ROOT} /etc/cron.d/monitoring-purge 2>/dev/null || true") == ""
    assert app.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'monitoring' AND rolcanlogin") == "0"
    assert (
        app.sql(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'auth_refresh_token'::regclass AND attacl IS NOT NULL"
        )
        == "0"
    )
