"""A backup that lacks what the live release needs is refused before users meet the page, with the way that is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from local_play import begin
from project_files import ROOT, load, tasks_of

FILE = ROOT / "playbooks" / "tasks" / "restored_migrations.yml"
KNOWN = {"v1": ["a.1"], "v2": ["a.1", "a.2"]}


def said(folder: Path, applied: list[str], **more: object) -> str:
    [check] = [task for task in tasks_of(load(FILE)) if "ansible.builtin.assert" in task]
    variables = {
        "migrations_read": applied,
        "postgres_restore": {"name": "v2", "taken_at": "2026-01-01T10:00:00Z"},
        "release_id": "v2",
        "release_migrations": KNOWN,
        "release_schema_floor": ["a.2"],
    }
    going = begin(folder, [check], **(variables | more))
    printed, complained = going.communicate()
    return "" if going.returncode == 0 else " ".join((printed + complained).replace('\\"', '"').split())


def test_a_backup_with_all_of_them_is_restored(tmp_path):
    assert said(tmp_path, ["a.1", "a.2", "a.3"]) == ""


@pytest.mark.parametrize(
    ("floor", "command"),
    [
        (["a.2"], """playbooks/rollback.yml -e release=v1 -e '{"release_floor_allow": ["a.2"]}'"""),
        ([], "playbooks/rollback.yml -e release=v1"),
    ],
)
def test_the_refusal_names_the_rollback_that_is_given(tmp_path, floor, command):
    refused = said(tmp_path, ["a.1"], release_schema_floor=floor)
    assert (
        "Backup v2 of 2026-01-01T10:00:00Z lacks a.2, without which the live release v2 cannot serve."
        in refused
    )
    assert command in refused


def test_where_no_release_can_serve_it_a_deploy_is_named(tmp_path):
    assert "No release of this host can serve it: deploy the version of that time first" in said(tmp_path, [])
