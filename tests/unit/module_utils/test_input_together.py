"""Variables that are each good alone, and not together."""

from __future__ import annotations

import pytest
from ansible.module_utils.input_together import exposed_problems, port_problems, root_problems

SHIPPED = {
    "igny8_root": "/data/app/igny8",
    "edge_root": "/data/app/edge",
    "data_services_root": "/data/app",
    "monitoring_root": "/data/app/monitoring",
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, []),
        ({"monitoring_root": None, "edge_root": ["x"]}, []),
        ({"monitoring_root": "/data/app-of-another"}, []),
        ({"monitoring_root": "/data/app"}, ["data_services_root and", "edge_root", "igny8_root"]),
        ({"monitoring_root": "/data//app/./"}, ["data_services_root and", "edge_root", "igny8_root"]),
        ({"monitoring_root": "/data"}, ["data_services_root (", "edge_root (", "igny8_root ("]),
        ({"monitoring_root": "/data/app/igny8"}, ["igny8_root and monitoring_root are both"]),
        ({"edge_root": "/data/app"}, ["data_services_root and edge_root are both /data/app;"]),
        ({"edge_root": "/data/app/igny8/"}, ["edge_root and igny8_root are both"]),
    ],
)
def test_no_two_roots_are_one_and_none_is_in_that_of_the_monitoring(changed: dict, named: list[str]):
    problems = root_problems(SHIPPED | changed, "monitoring_root")
    assert len(problems) == len(named)
    assert all(name in problem for name, problem in zip(named, problems, strict=True))


@pytest.mark.parametrize(
    ("port", "certificate", "wrong"),
    [
        (443, "/etc/haproxy/tls/app.pem", True),
        ("443", "/etc/haproxy/tls/app.pem", True),
        (80, "/x.pem", False),
        (443, "", False),
        (443, None, False),
    ],
)
def test_the_port_of_https_is_not_published_twice(port, certificate, wrong: bool):
    assert bool(port_problems(port, certificate)) is wrong


@pytest.mark.parametrize(
    ("shown", "place"),
    [
        (
            {"release_services": {"app": {"environment": {"DB": "hunter22"}}}},
            "release_services.app.environment.DB",
        ),
        (
            {"release_services": {"app": {"command": ["run", "--db=x:hunter22@y"]}}},
            "release_services.app.command",
        ),
        ({"backend_build_arguments": {"TOKEN": "hunter22"}}, "backend_build_arguments.TOKEN"),
    ],
)
def test_a_secret_where_everybody_sees_it_is_named_by_its_place(shown: dict, place: str):
    [problem] = exposed_problems(shown, ["other-secret", "hunter22", None, "app"])
    assert problem.startswith(f"{place} has a secret in it")
    assert "hunter22" not in problem


def test_a_short_text_and_the_name_of_a_secrets_file_are_none():
    shown = {
        "release_services": {"app": {"secrets": ["db_password"], "environment": {"A": "app"}, "cpus": 1.0}}
    }
    assert exposed_problems(shown, ["app", "hunter22"]) == []
