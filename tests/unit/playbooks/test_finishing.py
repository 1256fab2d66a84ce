"""What a rollback says that finds another run cut short."""

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from project_files import ROOT, load, tasks_of

lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
NOTE = "Note that nothing went back"


def facts(name: str, ending: str) -> dict:
    """The facts that a task sets, of a file that playbooks include."""
    loader = DataLoader()
    tasks = loader.load_from_file(str(ROOT / f"playbooks/tasks/{name}.yml"), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if task["name"].endswith(ending)]
    return Templar(loader=loader, variables={"release_id": "v2-bb"}).template(
        task["ansible.builtin.set_fact"]
    )


def test_a_rollback_that_finishes_a_switch_says_that_nothing_went_back():
    assert facts("finish", NOTE)["release_note"] == (
        "Nothing went back: a run had been cut short after its switch to v2-bb, which is verified now, and stays. "
        "To leave it: ansible-playbook playbooks/rollback.yml."
    )


def test_a_deploy_that_finishes_its_own_switch_does_not():
    tasks = {task["name"]: task for task in tasks_of(load(ROOT / "playbooks/tasks/finish.yml"))}
    assert tasks[f"finish | {NOTE}"]["when"] == "release_verb == 'rollback'"


def test_a_deploy_that_was_undone_is_reported_as_undone():
    assert facts("undo", "Remember that there is something to report")["release_undone"] is True
