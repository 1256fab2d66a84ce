"""The files of data services, as the role's own template and task render them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, trust_as_template
from project_files import ROOT, Role, tasks_of

filter_loader.add_directory(str(ROOT / "filter_plugins"))
ROLE = Role("data_services")
HOSTILE = 'a"b\\c$d'
WANTED = {
    "postgres": {"image": "p", "volume": "/p", "user": HOSTILE, "database": HOSTILE, "login_port": 1},
    "redis": {"image": "r", "volume": "/r", "max_memory": "1m", "login_port": 2, "health": ["x", HOSTILE]},
}


def render(text: str, **variables: Any) -> Any:
    """A text of the role, with its defaults."""
    given = {"data_services_here": ["postgres", "redis"], "data_services_wanted": WANTED}
    return Templar(DataLoader(), variables=ROLE.defaults | given | variables).template(
        trust_as_template(text)
    )


def compose() -> dict:
    return yaml.safe_load(render((ROLE.path / "templates/docker-compose.yml.j2").read_text()))["services"]


def test_names_are_what_they_are_to_yaml_and_to_compose():
    services = compose()
    taken = HOSTILE.replace("$", "$$")
    assert services["postgres"]["environment"]["POSTGRES_USER"] == taken
    assert services["postgres"]["environment"]["POSTGRES_DB"] == taken
    assert f"--username={taken}" in services["postgres"]["healthcheck"]["test"]
    assert services["redis"]["healthcheck"]["test"] == ["x", taken]


def test_the_server_is_told_of_the_file_with_its_password():
    """An image whose entrypoint only adds `redis-server` before options would start it without one."""
    redis = compose()["redis"]
    assert redis["command"][:3] == ["redis-server", "/etc/redis/redis.conf", "--appendonly"]
    assert "./secrets/redis.conf:/etc/redis/redis.conf:ro" in redis["volumes"]


def redis_word(line: str) -> str:
    """What Redis makes of the one quoted word of a line (sdssplitargs)."""
    assert line.startswith('requirepass "') and line.endswith('"')
    text, found = line.removeprefix('requirepass "')[:-1], ""
    while text:
        if text.startswith("\\x"):
            found, text = found + chr(int(text[2:4], 16)), text[4:]
        elif text.startswith("\\"):
            found, text = found + text[1], text[2:]
        else:
            assert text[0] != '"'
            found, text = found + text[0], text[1:]
    return found


@pytest.mark.parametrize("password", ["plain", 'a"b', "a\\", "\\x41", "a b#c", "two\nlines", "${HOME}"])
def test_redis_reads_the_password_that_was_given(password: str):
    path = ROLE.path / "tasks/create.yml"
    tasks = DataLoader().load_from_file(str(path), trusted_as_template=True)
    [task] = [
        one
        for one in tasks_of(tasks)
        if one["name"] == "create | Write their secrets, each for its server alone"
    ]
    [content] = [item["content"] for item in task["loop"] if item["name"] == "redis.conf"]
    assert redis_word(render(content, data_services_redis_password=password).rstrip("\n")) == password


def test_a_login_without_a_password_is_tried_where_redis_was_made():
    tasks = list(tasks_of(yaml.safe_load(Path(ROLE.path / "tasks/create.yml").read_text())))
    [tried] = [task for task in tasks if "community.docker.docker_compose_v2_exec" in task]
    assert tried["community.docker.docker_compose_v2_exec"]["argv"] == ["redis-cli", "ping"]
    assert tasks.index(tried) > [one["name"] for one in tasks].index(
        "create | Start them and wait until they are healthy"
    )
    refused = tasks[tasks.index(tried) + 1]
    expression = "{{ " + refused["ansible.builtin.assert"]["that"] + " }}"
    for said, safe in (("NOAUTH Authentication required.", True), ("PONG", False)):
        assert render(expression, __data_services_ping={"stdout": said}) is safe
