"""The monitoring's files and what it asks, as the role's own defaults render them."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, trust_as_template
from project_files import ROOT, Role, load, tasks_of

filter_loader.add_directory(str(ROOT / "filter_plugins"))
ROLE, LOADER = Role("monitoring"), DataLoader()
GIVEN = {
    "ansible_managed": "",
    "monitoring_postgres": {"login_user": "app", "login_db": "shop", "ssl_mode": "prefer"},
    "monitoring_postgres_host": "postgres",
    "monitoring_redis_password": "redis-password",
    "monitoring_redis_host": "redis",
    "monitoring_database_password": "database-password",
    "monitoring_root": "/srv/monitoring",
    "monitoring_slot_network": "edge",
    "monitoring_data_network": "data",
    "monitoring_gateway_image": "edge:1",
    "monitoring_postgres_exporter_image": "exporter:1",
    "monitoring_redis_exporter_image": "exporter:2",
    "monitoring_prometheus_image": "prometheus:1",
    "monitoring_token_table": "token",
    **dict.fromkeys((f"__monitoring_{name}_sum" for name in ("queries", "gateway", "prometheus")), "sum"),
    "__monitoring_passwords": {
        "results": [
            {"item": "postgres_password", "stat": {"exists": True, "mtime": 1700000000.5}},
            {"item": "redis_passwords.json", "stat": {"exists": False}},
        ]
    },
}


def templar(**variables: Any) -> Templar:
    """What renders with the role's defaults and constants."""
    parts = [
        LOADER.load_from_file(str(ROLE.path / part / "main.yml"), trusted_as_template=True)
        for part in ("defaults", "vars")
    ]
    return Templar(LOADER, variables={**parts[0], **parts[1], **GIVEN, **variables})


def rendered(template: str, **variables: Any) -> str:
    """A template of the role."""
    text = (ROLE.path / "templates" / template).read_text()
    return templar(**variables).template(trust_as_template(text))


def task(file: str, name: str) -> dict[str, Any]:
    """One task of the role, as Ansible reads it."""
    tasks = LOADER.load_from_file(str(ROLE.path / "tasks" / f"{file}.yml"), trusted_as_template=True)
    [found] = [one for one in tasks_of(tasks) if one["name"] == name]
    return found


def holds(condition: str, **variables: Any) -> bool:
    """Whether a condition of a task is met."""
    return templar(**variables).evaluate_conditional(trust_as_template(condition))


def test_the_exporter_logs_in_without_tls_where_tls_is_only_preferred():
    services = yaml.safe_load(rendered("docker-compose.yml.j2"))["services"]
    source = services["postgres_exporter"]["environment"]["DATA_SOURCE_URI"]
    assert source == "postgres:5432/shop?sslmode=disable"


@pytest.mark.parametrize(
    ("source", "text", "good"),
    [
        ("postgres", "# HELP pg_up Whether it could\npg_up 1\n", True),
        ("postgres", "# HELP pg_up Whether it could\npg_up 0\n", False),
        ("redis", "redis_up 1\n", True),
        ("redis", "redis_up 0\n", False),
        ("edge", "haproxy_frontend_http_requests_total 3\n", True),
        ("edge", "", False),
    ],
)
def test_a_source_that_answers_has_to_have_reached_what_it_tells_of(source: str, text: str, good: bool):
    until = task("verify", "verify | Ask the sources, as a Prometheus elsewhere does")["until"]
    [sign] = [sign for sign in ROLE.constants["__monitoring_signs"] if sign["job"] == source]
    assert holds(until, item=sign, __monitoring_gateway={"status": 200, "content": text}) is good


def test_what_gives_nothing_is_named():
    said = task("verify", "verify | Name the sources that give none")
    read = {"json": {"data": {"result": [{"metric": {"job": "edge"}}]}}}
    skipped = {"results": [{"skipped": True, "item": sign} for sign in ROLE.constants["__monitoring_signs"]]}
    message = templar(
        **said["vars"], __monitoring_read=read, __monitoring_gateway=skipped, monitoring_external=False
    ).template(said["ansible.builtin.fail"]["msg"])
    assert message.startswith("postgres and redis give no figures.")


@pytest.mark.parametrize(("url", "asked"), [("", "of this host"), ("https://prometheus.internal", "named")])
def test_one_prometheus_is_asked_the_named_one_from_the_control_node(url: str, asked: str):
    tasks = LOADER.load_from_file(str(ROLE.path / "tasks/prometheus.yml"), trusted_as_template=True)
    [used] = [one for one in tasks if holds(one["when"], monitoring_prometheus_url=url)]
    assert asked in used["name"]
    assert (used.get("delegate_to"), used.get("become")) == (("localhost", False) if url else (None, None))


def test_no_figure_has_a_value_where_nothing_is_known():
    """By the earliest value of any of them a Prometheus says since when it measures."""
    figures = ROLE.constants["__monitoring_figures"]
    assert [figure["name"] for figure in figures if re.search(r"\b(vector|absent)\b", figure["query"])] == []


@pytest.mark.parametrize(("problem", "read"), [("", False), ("It does not answer.", True)])
def test_database_and_logs_are_read_over_time_where_no_prometheus_answers(problem: str, read: bool):
    kept = task("read", "read | Read what is kept without a Prometheus")
    points = dict.fromkeys((figure["name"] for figure in ROLE.constants["__monitoring_figures"]), [[0, "1"]])
    assert holds(kept["when"], __monitoring_here={"points": points, "problem": problem}) is read
    assert holds(kept["when"], __monitoring_here={"points": dict.fromkeys(points, []), "problem": ""})


def test_a_look_at_the_database_ends_by_itself_and_changes_nothing():
    for file, name in (
        ("read", "read | Ask the database how long remembered sessions last, and what it knows of now"),
        ("kept", "kept | Ask the database for what its rows tell over time"),
    ):
        settings = templar().template(
            task(file, name)["community.postgresql.postgresql_query"]["connect_params"]
        )
        assert "statement_timeout=10s" in settings["options"]
        assert "default_transaction_read_only=on" in settings["options"]


def test_the_logs_of_backends_are_those_of_all_releases_and_of_no_frontend():
    containers = [
        {"name": "v1-api-1", "service": "api"},
        {"name": "v2-api-1", "service": "api"},
        {"name": "v2-web-1", "service": "web"},
    ]
    backends = templar(monitoring_containers=containers, monitoring_backend_service="api").template(
        trust_as_template("{{ __monitoring_backends }}")
    )
    assert backends == ["v1-api-1", "v2-api-1"]


def test_the_sessions_of_the_checks_count_for_nothing_that_the_database_is_asked():
    users = {"monitoring_user_table": "person", "monitoring_user_name_column": "email"}
    own = '"user_id" <> ALL(ARRAY(SELECT id FROM "person" WHERE "email" = ANY(string_to_array(%(canaries)s, \',\'))))'
    assert rendered("now.sql.j2", **users).count(own) == 2
    assert rendered("kept.sql.j2", **users).count(own) == 1
    assert "canaries" not in rendered("now.sql.j2") + rendered("kept.sql.j2")


@pytest.mark.parametrize(("retention", "purge", "seconds"), [(30, 8, 8 * 86400), (3, 8, 3 * 86400)])
def test_no_longer_ago_is_counted_than_all_rows_are_kept(retention: int, purge: int, seconds: int):
    query = rendered("kept.sql.j2", monitoring_retention_days=retention, monitoring_purge_days=purge)
    assert f"interval '{seconds} seconds'" in query


def test_what_everybody_may_read_says_nothing_of_a_password():
    passwords = {"monitoring_redis_password": "another", "monitoring_database_password": "one more"}
    assert rendered("docker-compose.yml.j2") == rendered("docker-compose.yml.j2", **passwords)
    assert [
        name for name, text in ROLE.constants.items() if name.endswith("_sum") and "_password" in text
    ] == []


def test_a_password_that_was_written_anew_is_read_anew():
    services = yaml.safe_load(rendered("docker-compose.yml.j2"))["services"]
    assert services["postgres_exporter"]["labels"]["monitoring.version"] == "sum-1700000000"
    assert services["redis_exporter"]["labels"]["monitoring.version"] == "0"


def test_the_exporter_of_redis_logs_in_as_the_user_that_is_named_and_else_as_the_app():
    user = {"monitoring_redis_user": "figures", "monitoring_redis_user_password": "least"}
    exporter = {
        name: yaml.safe_load(rendered("docker-compose.yml.j2", **given))["services"]["redis_exporter"][
            "command"
        ]
        for name, given in (("app", {}), ("figures", user))
    }
    assert set(exporter["figures"]) - set(exporter["app"]) == {"--redis.user=figures"}
    passwords = "{{ __monitoring_redis_passwords }}"
    assert templar().template(trust_as_template(passwords)) == {"redis://redis:6379": "redis-password"}
    assert templar(**user).template(trust_as_template(passwords)) == {
        "redis://redis:6379": "least",
        "redis://figures@redis:6379": "least",
    }


@pytest.mark.parametrize(("command", "runs"), [(["python", "manage.py", "purge"], True), ([], False)])
def test_the_purge_runs_where_it_has_a_command_and_is_gone_elsewhere(command: list[str], runs: bool):
    made = [task("purge", f"purge | {name}") for name in ("Write the job", "Have it run")]
    gone = task("purge", "purge | Or remove what ran it before")
    assert {holds(one["when"], monitoring_purge_command=command) for one in made} == {runs}
    assert holds(gone["when"], monitoring_purge_command=command) is not runs
    assert templar().template(gone["loop"]) == ["/etc/cron.d/monitoring-purge", "/srv/monitoring/purge"]


def compose_of_data_services() -> str:
    """A compose file of another role, as a monitoring_root that is not its own would hold it."""
    return f"# {Role('data_services').defaults['data_services_mark']}\nname: data\n"


@pytest.mark.parametrize(
    ("content", "removed"),
    [
        (lambda: rendered("docker-compose.yml.j2"), True),
        (compose_of_data_services, False),
        (lambda: "name: monitoring\n", False),
    ],
)
def test_only_what_has_the_mark_of_the_monitoring_is_removed(content, removed: bool):
    refusal = task("remove", "remove | Refuse to remove what is not its own")["ansible.builtin.assert"][
        "that"
    ]
    made = {"content": base64.b64encode(content().encode()).decode()}
    assert holds(refusal, __monitoring_made=made) is removed
    assert holds(refusal, __monitoring_made={"failed": False, "msg": "file not found"})


def test_nothing_is_removed_where_nothing_was_installed():
    tasks = LOADER.load_from_file(str(ROLE.path / "tasks/remove.yml"), trusted_as_template=True)
    paths = ("community.docker.docker_compose_v2", "ansible.builtin.command")
    destructive = [one for one in tasks if set(paths) & set(one) or "loop" in one]
    assert len(destructive) == 3
    assert not any(holds(one["when"], __monitoring_made={"msg": "file not found"}) for one in destructive)


def test_all_that_is_written_below_the_root_is_removed_and_the_root_itself_only_when_it_is_empty():
    written = set()
    for file in ("files", "purge"):
        for one in tasks_of(load(ROLE.path / f"tasks/{file}.yml")):
            items = one.get("loop") if isinstance(one.get("loop"), list) else [{}]
            for module in ("file", "copy", "template"):
                options = one.get(f"ansible.builtin.{module}", {})
                place = str(options.get("dest", options.get("path", "")))
                names = [item.get("name", "") for item in items if isinstance(item, dict)]
                written |= {place.replace("{{ item.name }}", name) for name in names}
    below = {path.split("/")[1] for path in written if path.startswith("{{ monitoring_root }}/")} - {""}
    assert below >= {"data", "secrets", "purge", "docker-compose.yml"}
    assert below <= {*ROLE.constants["__monitoring_owned"], "docker-compose.yml"}
    [last] = [
        one for one in tasks_of(load(ROLE.path / "tasks/remove.yml")) if "ansible.builtin.command" in one
    ]
    assert last["ansible.builtin.command"]["argv"][:2] == ["rmdir", "--ignore-fail-on-non-empty"]


#: What the command line gives is text: -e monitoring_retention_days=30.
NUMBERS = {
    name: 8 if option["type"] == "int" else 2.0
    for name, option in ROLE.options.items()
    if option["type"] in ("int", "float")
}
READ = {
    "monitoring_stores_tokens": True,
    "monitoring_containers": [],
    "monitoring_backend_service": "api",
    "__monitoring_canaries": {"query_result": []},
    "__monitoring_database": {"query_result": [{"known": False}]},
}
TEMPLATES = sorted(path.name for path in (ROLE.path / "templates").glob("*.j2") if path.name != "purge.sh.j2")


@pytest.mark.parametrize("external", [True, False])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_number_that_is_given_as_text_is_that_number_in_a_file(template: str, external: bool):
    texts = {name: f"{value:g}" for name, value in NUMBERS.items()}
    given = READ | {"monitoring_external": external}
    assert rendered(template, **given, **texts) == rendered(template, **given, **NUMBERS).replace(
        "2.0 times", "2 times"
    )


@pytest.mark.parametrize("name", sorted(set(ROLE.constants) - {"__monitoring_asked"}))
def test_a_number_that_is_given_as_text_is_that_number_in_a_constant(name: str):
    texts = {name: f"{value:g}" for name, value in NUMBERS.items()}
    made = [
        templar(**READ, **given).template(trust_as_template(f"{{{{ {name} }}}}"))
        for given in (NUMBERS, texts)
        if not name.endswith("_sum")
    ]
    assert made[:1] == made[1:]


@pytest.mark.parametrize(
    "name", ["kept | Count the answers in the edge's log", "kept | Count the events in the backends' logs"]
)
def test_logs_are_read_for_days_that_are_given_as_text(name: str):
    seconds = task("kept", name)["log_counts_info"]["seconds"]
    assert int(templar(monitoring_retention_days="30").template(seconds)) == 30 * 86400
