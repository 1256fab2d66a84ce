"""What a deploy refuses before anything is changed. The facts are made up, the sentences are the role's own."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.template import Templar
from project_files import Role, tasks_of

filter_loader.add_directory(str(Role("release").path.parents[1] / "filter_plugins"))
lookup_loader.add_directory(str(Role("release").path.parents[1] / "lookup_plugins"))
LEFT = {"record": {"state": "live"}, "containers": [], "serving": True}
SWITCHED = {"record": {"state": "switched", "version": "v2"}, "containers": [], "serving": True}


@pytest.mark.parametrize(
    ("live", "wanted", "refused"),
    [("v2-bb", "v3-cc", True), ("v2-bb", "v2-bb", False), ("v1-aa", "v3-cc", False)],
    ids=["another version", "the same release", "what is live is recorded"],
)
def test_a_deploy_goes_on_from_what_was_verified(live: str, wanted: str, refused: bool):
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("release").path / "tasks/plan.yml"), trusted_as_template=True)
    [refusal] = [task for task in tasks_of(tasks) if "Check that what has the traffic" in task["name"]]
    info = {"live": live, "idle_slot": "blue", "releases": {"v1-aa": LEFT, "v2-bb": SWITCHED}}
    known = {"__release_info": info, "release_id": wanted}
    templar = Templar(loader=loader, variables=known | refusal["vars"])
    rule = refusal["ansible.builtin.assert"]
    assert templar.evaluate_conditional(rule["that"]) is not refused
    if refused:
        assert " ".join(templar.template(rule["fail_msg"]).split()) == (
            "Release v2-bb has the traffic, and the run that switched to it ended before it was verified and recorded. "
            "Nothing was changed. Finish it first: deploy v2 again as it was, or "
            "ansible-playbook playbooks/rollback.yml, which keeps it where it is sound, "
            "and goes back to v1-aa where it is not."
        )
