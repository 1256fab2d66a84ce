"""A backup by hand takes the password of the live release: without one it says so, and makes no folder in its place."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from project_files import ROOT, load, tasks_of

LIVE = {"name": "release", "tasks_from": "live"}
PASSWORD = {"type": "bind", "source": "/srv/v1/secrets/x", "target": "/run/secrets/postgres_password"}
CA = {"type": "bind", "source": "/etc/ca.pem", "target": "/run/secrets/postgres_ca.pem"}


@pytest.mark.parametrize("playbook", ["backup", "restore"])
def test_the_live_release_is_found_before_anything_is_changed_and_in_a_dry_run_too(playbook: str):
    [play] = load(ROOT / f"playbooks/{playbook}.yml")
    [locked] = [task for task in play["tasks"] if "block" in task]
    roles = [task.get("ansible.builtin.import_role") for task in locked["block"]]
    found = roles.index(LIVE)
    assert "when" not in locked["block"][found]
    assert roles[:found] == [{"name": "release", "tasks_from": name} for name in ("lock", "engine")]


def test_a_backup_takes_the_password_of_the_release_that_was_found():
    names = [task.get("ansible.builtin.set_fact", {}) for task in load(ROOT / "playbooks/tasks/back_up.yml")]
    assert [name for facts in names for name in facts] == ["postgres_backup_name"]
    wiring = load(ROOT / "playbooks/group_vars/all/wiring.yml")
    assert wiring["postgres_password_file"].startswith("{{ release_dir }}/secrets/")


@pytest.mark.parametrize(("ca_cert", "mounted"), [("", [PASSWORD]), ("/etc/ca.pem", [PASSWORD, CA])])
def test_the_engine_makes_no_folder_in_the_place_of_a_file_that_is_missing(ca_cert: str, mounted: list[dict]):
    loader = DataLoader()
    path = ROOT / "roles/postgres/tasks/tool.yml"
    tasks = loader.load_from_file(str(path), trusted_as_template=True)
    [run] = [task for task in tasks_of(tasks) if "community.docker.docker_container" in task]
    given = {"postgres_password_file": "/srv/v1/secrets/x", "postgres_ca_cert": ca_cert}
    given |= {"postgres_backup_dir": "/srv/backups"} | run["vars"]
    templar = Templar(loader=loader, variables=given)
    container = run["community.docker.docker_container"]
    assert templar.template(container["mounts"]) == [mount | {"read_only": True} for mount in mounted]
    assert templar.template(container["volumes"]) == ["/srv/backups:/backups", "/srv/backups/tools:/tools:ro"]
