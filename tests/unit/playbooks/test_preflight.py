"""What a deploy looks at before its first change, and what it leaves for later on a host that lacks it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.template import Templar, trust_as_template
from project_files import ROOT, load, tasks_of

filter_loader.add_directory(str(ROOT / "filter_plugins"))
lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
PREFLIGHT = "playbooks/tasks/preflight.yml"
#: What a host without anything but its engine says, by what is looked at.
FRESH = {
    "data_services_missing": ["postgres", "redis"],
    "data_services_network": "data",
    "data_services_network_missing": True,
    "edge_network": "edge",
    "edge_port_holder": {"name": "", "project": ""},
    "edge_port_problem": "",
    "edge_state": "absent",
}
READY = {"data_services_missing": [], "data_services_network_missing": False, "edge_state": "public"}


def task(path: str, ending: str) -> dict[str, Any]:
    """The task of a file whose name ends like this."""
    tasks = DataLoader().load_from_file(str(ROOT / path), trusted_as_template=True)
    [found] = [one for one in tasks_of(tasks) if one["name"].endswith(ending)]
    return found


def lacks(**found: Any) -> list[str]:
    """What a deploy would give to a host on which this is found."""
    one = task(PREFLIGHT, "which lacks it")
    templar = Templar(loader=DataLoader(), variables=FRESH | found | one["vars"])
    return templar.template(one["ansible.builtin.set_fact"]["host_lacks"])


def test_nothing_is_created_before_the_preflight_is_over():
    [play] = load(ROOT / "playbooks/deploy.yml")
    found = {one["name"]: one for one in tasks_of(play["tasks"])}
    look, create, again = (
        "Preflight, plan, review and gate",
        "Create what a fresh host lacks",
        "Preflight of what was created, and of what needs it",
    )
    assert [name for name in found if name in (look, create, again)] == [look, create, again]
    assert [found[name].get("when") for name in (look, create, again)] == [
        None,
        "host_lacks | length > 0",
        "host_given | length > 0",
    ]


@pytest.mark.parametrize(
    ("found", "lacking"),
    [
        ({}, ["postgres", "redis", "network data", "edge"]),
        (READY, []),
        (READY | {"edge_state": "absent"}, ["edge"]),
        (READY | {"edge_state": "absent", "edge_port_holder": {"name": "app-web-1"}}, []),
        (READY | {"edge_state": "absent", "edge_port_problem": "Port 443 is held by x."}, []),
        (READY | {"edge_state": "unknown"}, []),
    ],
    ids=["fresh", "ready", "no edge", "its port is held", "one of its ports is held", "no engine"],
)
def test_a_host_lacks_what_a_deploy_can_give_to_it(found: dict[str, Any], lacking: list[str]):
    assert lacks(**found) == lacking


@pytest.mark.parametrize("service", ["redis", "postgres"])
def test_a_data_service_that_is_to_come_is_asked_nothing_yet(service: str):
    asking = {
        one["ansible.builtin.import_role"]["name"]: one.get("when")
        for one in load(ROOT / PREFLIGHT)
        if "ansible.builtin.import_role" in one
    }
    assert asking[service] == f"'{service}' not in host_lacks | default([])"


@pytest.mark.parametrize(
    ("lacking", "said"),
    [(["edge"], ["disk."]), (["redis"], ["disk.", "no edge."]), (None, ["disk.", "no edge."])],
)
def test_an_edge_that_is_to_come_is_no_problem(lacking: list[str] | None, said: list[str]):
    wiring = DataLoader().load_from_file(
        str(ROOT / "playbooks/group_vars/all/wiring.yml"), trusted_as_template=True
    )
    known = {"release_preflight_problems": ["disk."], "edge_preflight_problems": ["no edge."]}
    templar = Templar(
        loader=DataLoader(), variables=known | ({} if lacking is None else {"host_lacks": lacking})
    )
    assert templar.template(wiring["preflight_problems"]) == said


@pytest.mark.parametrize(
    ("joined", "missing"),
    [
        ({"exists": False}, (["redis"], True)),
        ({"exists": True}, (["redis"], False)),
        ({"msg": "no"}, ([], False)),
    ],
    ids=["no network", "network", "no engine"],
)
def test_what_is_missing_is_known_of_an_engine_that_answers(
    joined: dict[str, Any], missing: tuple[list[str], bool]
):
    one = task("roles/data_services/tasks/preflight.yml", "what differs from this inventory")
    here, wanted = ["postgres", "redis"], {"postgres": {"image": "p:1"}, "redis": {"image": "r:1"}}
    container = {
        "Names": ["/data-postgres-1"], "State": "running", "Image": "p:1",
        "NetworkSettings": {"Networks": {"data": {}}},
    }  # fmt: skip
    results = [{"item": "postgres", "containers": [container]}, {"item": "redis", "containers": []}]
    known = {
        "data_services_here": here,
        "data_services_wanted": wanted,
        "data_services_network": "data",
        "__data_services_joined": joined,
        "__data_services_found": {
            "results": results if "exists" in joined else [{"item": name, "msg": "no"} for name in here]
        },
        "__data_services_answer": {"results": [{"item": name, "msg": "Timeout"} for name in here]},
    }
    facts = Templar(loader=DataLoader(), variables=known | one["vars"]).template(
        one["ansible.builtin.set_fact"]
    )
    assert (facts["data_services_missing"], facts["data_services_network_missing"]) == missing
    assert facts["data_services_differences"] == []


def test_the_gates_are_named_with_all_other_problems():
    """As soon as the release has its id, and what is live is known: that needs the engine."""
    found = [
        ":".join(role.values()) if (role := one.get("ansible.builtin.import_role")) else one["name"]
        for one in tasks_of(load(ROOT / PREFLIGHT))
    ]
    assert found[-5:] == [
        "release:plan",
        "release:review",
        "release:gate",
        # What is live is what has to answer on the public address.
        "verify:preflight",
        "preflight | Check that nothing is wrong",
    ]
    [looked] = [one for one in load(ROOT / PREFLIGHT) if "block" in one]
    templar = Templar(loader=DataLoader(), variables={})
    for engine, planned in (("", True), ("Docker Engine does not answer.", False)):
        templar.available_variables = {"release_preflight_found": {"engine": engine}}
        assert templar.evaluate_conditional(trust_as_template(looked["when"])) is planned


@pytest.mark.parametrize("playbook", ["deploy", "preflight"])
def test_what_a_deploy_would_refuse_is_what_a_preflight_names(playbook: str):
    [play] = load(ROOT / f"playbooks/{playbook}.yml")
    imported = [one.get("ansible.builtin.import_tasks") for one in tasks_of(play["tasks"])]
    assert "tasks/preflight.yml" in imported
    roles = [one.get("ansible.builtin.import_role", {}) for one in tasks_of(play["tasks"])]
    assert [role for role in roles if role.get("tasks_from") in ("plan", "review", "gate")] == []
