"""What the roles' preflights say of what they have found. The facts are made up, the sentences are the roles' own."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.template import Templar
from project_files import ROOT, Role

filter_loader.add_directory(str(ROOT / "filter_plugins"))
lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
NOW = time.time()


def memory(megabytes: int) -> str:
    """What /proc/meminfo says, as the slurp of it is returned."""
    text = f"MemTotal:       {megabytes * 4096} kB\nMemAvailable:   {megabytes * 1024} kB\n"
    return base64.b64encode(text.encode()).decode()


#: What PostgreSQL answers; the database has 10 MB.
ANSWER = {
    "epoch": str(NOW),
    "asked_at": str(NOW),
    "bytes": 10 * 1024**2,
    "may_create": True,
    "replaced": False,
    "left_bytes": 0,
}
#: What df says of a backup's folder and of the server's disk.
DF = "Avail Mounted on File"
#: What a host without problems answers, by role.
GOOD: dict[str, dict[str, Any]] = {
    "release": {
        "release_root": "/srv/app",
        "release_services": {"api": {"memory": "384m"}, "web": {"memory": "128m"}},
        "__release_engine": {
            "host_info": {"ServerVersion": "20.10.24+dfsg1", "DockerRootDir": "/var/lib/docker"},
            "networks": [{"Name": "edge"}, {"Name": "data"}],
        },
        "__release_plugin": {"stdout": "2.18.0\n"},
        "__release_free": {"stdout_lines": [DF, "9000 / /srv", "9000 / /", "9000 / /var/lib/docker"]},
        "__release_clocks": {"stdout": f"{NOW} {NOW}"},
        "__release_memory": {"content": memory(512)},
    },
    "redis": {
        "redis_password": "x",
        "redis_release_password": "x",
        "__redis_info": {"info": {"maxmemory": 9, "maxmemory_policy": "noeviction"}},
    },
    "postgres": {
        "postgres_login_user": "app",
        "postgres_login_password": "x",
        "postgres_release_password": "x",
        "postgres_login_db": "app",
        "postgres_image": "postgres:1",
        "postgres_backup_dir": "/srv/backups",
        "__postgres_replaced": "app__replaced",
        "__postgres_time": {"query_result": [ANSWER]},
        "__postgres_free": {"stdout_lines": [DF, "25 /srv /srv", "1 / /"]},
        "__postgres_unfinished": {"stdout_lines": []},
        "__postgres_scratch": "app__scratch",
        "__postgres_restored": "app__restored",
        "__postgres_host_time": {"stdout": str(NOW)},
        "__postgres_image": {"images": [{}]},
    },
    "edge": {
        "inventory_hostname": "app1",
        "edge_root": "/srv/edge",
        "__edge_configuration": {"stat": {"exists": True, "checksum": "wanted"}},
        "__edge_wanted": "wanted",
        "__edge_container": "edge-edge-1",
        "__edge_version": "1",
        "__edge_made": {"exists": True, "container": {"Config": {"Labels": {"edge.version": "1"}}}},
        "edge_port_problem": "",
        "edge_takeover": {},
        "edge_port_holder": {"name": "edge-edge-1", "project": "edge"},
        "edge_state": "public",
    },
    "backend": {
        "backend_signing_key": "abc",
        "backend_signing_key_file": "/srv/key",
        "backend_current_link": "/srv/current",
        "__backend_signing_key": {"stat": {"exists": False}},
        "__backend_current": {"stat": {"exists": False}},
        "__backend_secrets": {"skipped": True},
    },
    "verify": {
        "verify_user": "someone",
        "verify_password": "x",
        "verify_url": "https://app.test/",
        "verify_release_now": "v1-aa",
        "__verify_addresses": {
            "stdout": "127.0.0.1 STREAM",
            "stdout_lines": ["127.0.0.1 STREAM", "127.0.0.1 RAW"],
        },
        "__verify_answer": {"status": 503, "x_release": "v1-aa"},
    },
}


def problems(name: str, found: dict[str, Any]) -> list[str]:
    """Sentences of a role's preflight that has found something else than what is good."""
    role = Role(name)
    loader = DataLoader()
    [last] = loader.load_from_file(str(role.path / "tasks" / "preflight.yml"), trusted_as_template=True)[-1:]
    path = role.path / "vars" / "main.yml"
    constants = loader.load_from_file(str(path), trusted_as_template=True) if path.exists() else {}
    variables = {**role.defaults, **constants, **last["vars"], **GOOD[name], **found}
    templar = Templar(loader=loader, variables=variables)
    sentences = templar.template(last["ansible.builtin.set_fact"][f"{name}_preflight_problems"])
    return [" ".join(sentence.split()) for sentence in sentences]


@pytest.mark.parametrize("name", GOOD)
def test_there_is_nothing_to_say_of_a_good_host(name: str):
    assert problems(name, {}) == []


ENGINE = GOOD["release"]["__release_engine"]
CASES = [
    (
        "release",
        {"__release_engine": {"msg": "Cannot connect.\nmore"}},
        "Docker Engine on the app host does not answer: Cannot connect. Start",
    ),
    (
        "release",
        {"__release_engine": ENGINE | {"host_info": {"ServerVersion": "19.3"}}},
        "is 19.3; 20.10 or later is needed.",
    ),
    (
        "release",
        {"__release_plugin": {"stdout": "", "stderr": "no command"}},
        "does not answer on the app host: no command. Install",
    ),
    (
        "release",
        {"__release_plugin": {"msg": "no file docker"}},
        "does not answer on the app host: no file docker. Install",
    ),
    ("release", {"__release_plugin": {"stdout": "2.17.3"}}, "is 2.17.3 on the app host; 2.18 or later"),
    (
        "release",
        {"__release_engine": ENGINE | {"networks": [{"Name": "edge"}]}},
        "The app host has no Docker network data;",
    ),
    (
        "release",
        {"__release_free": {"stdout_lines": [DF, "9 /srv /srv", "9 / /"]}},
        "too little room: /srv has 9 MB free, / has 9 MB free; 2048 MB",
    ),
    (
        "release",
        {"release_min_free_mb": "9001"},
        "/srv has 9000 MB free, /var/lib/docker has 9000 MB free; 9001 MB are needed",
    ),
    (
        "release",
        {"__release_free": {"stdout_lines": [], "stderr": "df: no file systems processed"}},
        "The free space of the app host cannot be read: df: no file systems processed. Mend",
    ),
    (
        "release",
        {"__release_clocks": {"stdout": f"{NOW - 60} {NOW}"}},
        "The clock of the app host is off by -60.0 s from the control node's; at most 5 s",
    ),
    (
        "release",
        {"__release_memory": {"content": memory(511)}},
        "The app host has 511 MB of memory available; 512 MB are needed,",
    ),
    (
        "release",
        {"release_services": {"api": {"memory": "512m"}, "web": {"memory": "128m"}}},
        "The app host has 512 MB of memory available; 640 MB are needed, since a release starts beside the one that "
        "serves: its services may use 640 MB (memory in release_services), and release_min_free_memory_mb asks for 512",
    ),
    (
        "redis",
        {"__redis_info": {"msg": "unable to connect: invalid password"}},
        "Redis on 127.0.0.1:6379 does not answer this login: unable to connect: invalid password. Check",
    ),
    (
        "redis",
        {"redis_release_password": "y"},
        "The containers of the release would get another password of Redis than redis_password, with which this",
    ),
    (
        "redis",
        {"__redis_info": {"info": {"maxmemory": 9, "maxmemory_policy": "allkeys-lru"}}},
        "evicts by allkeys-lru, which can throw out sessions; noeviction or volatile-ttl is needed.",
    ),
    (
        "postgres",
        {"__postgres_time": {"msg": "unable to connect"}},
        "PostgreSQL on 127.0.0.1:5432 does not let app into app: unable to connect. Check",
    ),
    (
        "postgres",
        {"postgres_release_password": "y"},
        "The containers of the release would get another password of app than postgres_login_password, with which",
    ),
    (
        "postgres",
        {"__postgres_host_time": {"stdout": str(NOW - 60)}},
        "The clock of the app host is off by -60.0 s from PostgreSQL's on 127.0.0.1:5432; at most 5 s",
    ),
    ("postgres", {"__postgres_image": {"images": []}}, "The app host has no image postgres:1,"),
    (
        "postgres",
        {"__postgres_free": {"stdout_lines": [DF, "24 /srv /srv", "1 / /"]}},
        "too little room for a backup that is proven: /srv has 24 MB free; 25 MB are needed, 2.5 times the size",
    ),
    (
        "postgres",
        {"__postgres_free": {"msg": "no file df"}},
        "The free space for a backup cannot be read: no file df. Mend",
    ),
    (
        "postgres",
        {"postgres_room_taken": {"/srv": 1}},
        "is proven: /srv has 25 MB free, less 1 MB for the release; 25 MB are needed",
    ),
    (
        "postgres",
        {
            "postgres_data_dir": "/data",
            "__postgres_free": {"stdout_lines": [DF, "25 /srv /srv", "1 / /", "1 / /data"]},
        },
        "too little room for a backup that is proven: /data has 1 MB free; 25 MB are needed",
    ),
    (
        "postgres",
        # A typing error: the last line is of the folder that is asked for before it.
        {
            "postgres_data_dir": "/dta",
            "__postgres_free": {
                "stdout_lines": [DF, "25 /srv /srv", "99 / /"],
                "stderr_lines": ["df: /srv/backups: No such file", "df: /dta: No such file"],
            },
        },
        "The free space of /dta, where postgres_data_dir says that PostgreSQL has its data, cannot be read: "
        'df: /dta: No such file. Set it to a folder of the app host on the disk of that data, or to "" where',
    ),
    (
        "postgres",
        {"__postgres_time": {"query_result": [ANSWER | {"may_create": False}]}},
        "to be restored into and proven. Allow it: ALTER ROLE app CREATEDB.",
    ),
    (
        "postgres",
        {"__postgres_time": {"query_result": [ANSWER | {"replaced": True}]}},
        "A restore was cut short: database app__replaced, which it replaced, is still there. Finish it:",
    ),
    (
        "edge",
        {"__edge_configuration": {"stat": {"exists": False}}},
        "configuration /srv/edge/etc/haproxy.cfg does not exist;",
    ),
    (
        "edge",
        {"__edge_made": {"exists": True, "container": {"Config": {"Labels": {"edge.version": "0"}}}}},
        "The edge edge-edge-1 still runs as it was before /srv/edge was written;",
    ),
    (
        "edge",
        {"__edge_made": {"exists": True, "container": {"Config": {"Labels": {}}}}},
        "The edge edge-edge-1 still runs as it was before /srv/edge was written;",
    ),
    ("edge", {"edge_port_problem": "Port 443 is held by x."}, "Port 443 is held by x."),
    *(
        (
            "edge",
            {"edge_takeover": {"from": "1"}, "edge_state": state, "edge_port_holder": {"name": name}},
            "takeover of the public port 80 was cut short. Finish it: ansible-playbook playbooks/setup.yml.",
        )
        for state, name in (("waiting", ""), ("waiting", "app-web-1"), ("public", "edge-edge-1"))
    ),
    ("edge", {"__edge_wanted": "other"}, "configuration /srv/edge/etc/haproxy.cfg differs from what"),
    (
        "edge",
        {"edge_port_holder": {"name": "", "project": ""}},
        "Nothing listens on the public port 80 of the app host.",
    ),
    (
        "edge",
        {"edge_port_holder": {"name": "app-web-1", "project": "app"}, "edge_state": "waiting"},
        "The public port 80 of the app host is held by app-web-1, so nothing that the edge is told reaches a user."
        " Hand it to the edge: "
        "ansible-playbook playbooks/setup.yml -e confirm_takeover=app1.",
    ),
    ("backend", {"backend_signing_key": ""}, "The signing key is empty;"),
    (
        "backend",
        {"__backend_signing_key": {"stat": {"exists": True, "checksum": "other"}}},
        "differs from /srv/key, with which",
    ),
    (
        "backend",
        {
            "__backend_current": {"stat": {"exists": True}},
            "__backend_secrets": {"files": [{"path": "/srv/b"}, {"path": "/srv/a"}]},
        },
        "A release is live (/srv/current), and /srv/key is not there: the key with which sessions and tokens are "
        "signed now cannot be compared with the one to be deployed; with another key everyone would be logged out. Set "
        "backend_signing_key_name to the name that it has there (there are a, b). To rename it, deploy",
    ),
    ("verify", {"verify_user": ""}, "verify_user or its password is empty;"),
    ("verify", {"verify_password": ""}, "verify_user or its password is empty;"),
    (
        "verify",
        {"__verify_addresses": {"stdout": "", "rc": 2}, "__verify_answer": {"skipped": True}},
        "The app host finds no address for app.test, the public name of the app (verify_url),",
    ),
    *(
        (
            "verify",
            {"__verify_answer": answer},
            "The public address https://app.test/ is not answered by the edge of the app host, where v1-aa is live: "
            f"asked from there, {said} app.test is 127.0.0.1 there. Mend its DNS, or set verify_url.",
        )
        for answer, said in (
            ({"status": 200}, "the answer of status 200 names no release"),
            ({"status": 200, "x_release": "v2-bb"}, "the answer of status 200 names v2-bb"),
            ({"status": -1, "msg": "Connection refused"}, "Connection refused."),
        )
    ),
]


@pytest.mark.parametrize(("name", "found", "sentence"), CASES)
def test_a_problem_is_said_in_one_sentence_of_its_own(name: str, found: dict[str, Any], sentence: str):
    [said] = problems(name, found)
    assert sentence in said


MB = 1024**2


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"left_bytes": 20 * MB}, {"__postgres_free": {"stdout_lines": [DF, "5 / /srv", "5 / /data"]}}),
        ({}, {"__postgres_unfinished": {"stdout_lines": [str(19 * MB), str(MB)]}}),
        ({"left_bytes": 10 * MB}, {"__postgres_unfinished": {"stdout_lines": [str(10 * MB)]}}),
    ],
    ids=["a database", "files", "both"],
)
def test_what_a_run_that_was_cut_short_has_left_is_no_want_of_room(answer: dict, found: dict):
    """It is removed before the room is needed, so it must not keep the run from removing it."""
    free = {"stdout_lines": [DF, "5 / /srv", "5 / /data"]}
    assert (
        problems(
            "postgres",
            {
                "postgres_data_dir": "/data",
                "__postgres_time": {"query_result": [ANSWER | answer]},
                "__postgres_free": free,
            }
            | found,
        )
        == []
    )


def test_what_is_left_on_another_disk_is_no_room():
    answer = {"query_result": [ANSWER | {"left_bytes": 20 * MB}]}
    free = {"stdout_lines": [DF, "5 /srv /srv", "5 /data /data"]}
    [said] = problems(
        "postgres", {"postgres_data_dir": "/data", "__postgres_time": answer, "__postgres_free": free}
    )
    assert "/srv has 5 MB free; 25 MB are needed" in said


def test_a_restore_that_was_cut_short_after_its_swap_needs_no_room_for_its_copy():
    answer = {"query_result": [ANSWER | {"replaced": True}]}
    free = {"stdout_lines": [DF, "15 /srv /srv"]}
    found = {"__postgres_time": answer, "__postgres_free": free, "postgres_restoring": True}
    assert problems("postgres", found) == []
    [said] = problems("postgres", found | {"__postgres_free": {"stdout_lines": [DF, "14 /srv /srv"]}})
    assert "15 MB are needed, 1.5 times the size of app" in said


def test_room_is_no_problem_of_a_database_that_does_not_say_its_size():
    """The release may take all of it: that is the problem of the host."""
    found = {"postgres_room_taken": {"/srv": 9999}, "__postgres_time": {"msg": "no"}}
    [said] = problems("postgres", found)
    assert "does not let app into app" in said


def test_memory_without_a_limit_needs_no_policy():
    assert (
        problems("redis", {"__redis_info": {"info": {"maxmemory": 0, "maxmemory_policy": "allkeys-lru"}}})
        == []
    )


def test_a_network_that_the_run_creates_is_no_problem():
    found = {"__release_engine": ENGINE | {"networks": []}, "release_networks_to_come": ["data"]}
    [said] = problems("release", found)
    assert "has no Docker network edge;" in said


def test_an_engine_that_does_not_answer_is_not_asked_for_its_networks_and_images():
    assert len(problems("release", {"__release_engine": {"msg": "no"}})) == 1
    assert problems("postgres", {"__postgres_image": {"msg": "no"}}) == []
    # Nor is it known who has the public port.
    assert problems("edge", {"edge_state": "unknown", "edge_port_holder": {"name": "", "project": ""}}) == []


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ({"release_live_now": "v1-aa", "edge_state": "public"}, "v1-aa"),
        ({"release_live_now": "v1-aa", "edge_state": "waiting"}, ""),
        ({"release_live_now": "", "edge_state": "public"}, ""),
        ({}, ""),
    ],
    ids=["live", "behind another", "nothing is live", "not known"],
)
def test_the_public_address_is_asked_where_the_edge_answers_there(found: dict[str, Any], asked: str):
    loader = DataLoader()
    wiring = loader.load_from_file(
        str(ROOT / "playbooks/group_vars/all/wiring.yml"), trusted_as_template=True
    )
    assert Templar(loader=loader, variables=found).template(wiring["verify_release_now"]) == asked
