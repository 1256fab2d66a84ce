"""What a deploy refuses before anything is changed. The facts are made up, the sentences are the role's own."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.template import Templar
from project_files import Role, tasks_of

filter_loader.add_directory(str(Role("release").path.parents[1] / "filter_plugins"))
lookup_loader.add_directory(str(Role("release").path.parents[1] / "lookup_plugins"))
BESIDE = [{"part": "api", "running": True, "slot": "blue"}]
LEFT = {"record": {"state": "live"}, "containers": BESIDE, "serving": True}
SWITCHED = {"record": {"state": "switched", "version": "v2"}, "containers": [], "serving": True}


#: Nothing to wait for: v1-aa is live, v3-cc is wanted.
GOOD = {
    "__release_info": {"live": "v1-aa", "idle_slot": "blue", "releases": {"v1-aa": LEFT, "v2-bb": SWITCHED}},
    "__release_source": {"digest": "ab" * 32},
    "ansible_check_mode": False,
    "release_id": "v3-cc",
    "release_is_live": False,
    "release_reports_dir": "/nowhere",
    "release_version": "v3",
}


def waits(**found: object) -> list[str]:
    """What a deploy has to wait for where something else is found than what is good."""
    loader = DataLoader()
    role = Role("release")
    [task] = tasks_of(loader.load_from_file(str(role.path / "tasks/gate.yml"), trusted_as_template=True))
    templar = Templar(loader=loader, variables={**role.defaults, **GOOD, **found, **task["vars"]})
    said = templar.template(task["ansible.builtin.set_fact"])["release_gate_problems"]
    return [" ".join(sentence.split()) for sentence in said]


@pytest.mark.parametrize(
    ("live", "wanted", "refused"),
    [("v2-bb", "v3-cc", True), ("v2-bb", "v2-bb", False), ("v1-aa", "v3-cc", False)],
    ids=["another version", "the same release", "what is live is recorded"],
)
def test_a_deploy_goes_on_from_what_was_verified(live: str, wanted: str, refused: bool):
    said = waits(__release_info=GOOD["__release_info"] | {"live": live}, release_id=wanted)
    finish = (
        "Release v2-bb has the traffic, and the run that switched to it ended before it was verified and recorded. "
        "Finish it first: deploy v2 again as it was, or "
        "ansible-playbook playbooks/rollback.yml, which keeps it where it is sound, "
        "and goes back to v1-aa where it is not."
    )
    assert said == ([finish] if refused else [])


def test_what_does_not_run_beside_it_is_not_what_a_finish_goes_back_to():
    releases = {"v1-aa": LEFT | {"containers": []}, "v2-bb": SWITCHED}
    [said] = waits(__release_info=GOOD["__release_info"] | {"live": "v2-bb", "releases": releases})
    assert said.endswith("which keeps it where it is sound.")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            {"release_require_verified_on": "staging"},
            "/nowhere has no report that this source of v3, with the same images, is live and verified on staging and "
            "was not rolled back from, as require_verified_on demands. Deploy it there first: "
            "ansible-playbook -i inventory/staging playbooks/deploy.yml.",
        ),
        (
            {"release_require_review": True},
            "The changes above are to be reviewed, as require_review demands. If they are wanted, add "
            "-e reviewed=v3-cc; with --check --diff all lines are shown.",
        ),
        (
            {"release_require_review": True, "release_reviewed": "v2-bb"},
            "as require_review demands; v2-bb was, which is another release.",
        ),
    ],
)
def test_a_deploy_waits_for_what_the_inventory_asks(found: dict, sentence: str):
    [said] = waits(**found)
    assert sentence in said
    assert waits(**found, release_is_live=True) == []


def test_all_that_a_deploy_waits_for_is_said_at_once():
    asked = {"release_require_verified_on": "staging", "release_require_review": True}
    assert len(waits(**asked)) == 2
    assert len(waits(**asked, ansible_check_mode=True)) == 1
    assert waits(release_require_review=True, release_reviewed="v3-cc") == []


@pytest.mark.parametrize(
    ("known", "live", "proven"),
    [
        ({"record": {"state": "good", "images": {"backend": "b"}}, "missing_images": []}, "v1-aa", True),
        # They are built anew, and may be other ones.
        (
            {"record": {"state": "good", "images": {"backend": "b"}}, "missing_images": ["backend"]},
            "v1-aa",
            False,
        ),
        (
            {"record": {"state": "live", "images": {"backend": "b"}}, "missing_images": ["backend"]},
            "v3-cc",
            True,
        ),
        ({"record": {"state": "failed", "images": {"backend": "b"}}, "missing_images": []}, "v1-aa", False),
        (None, "v1-aa", False),
    ],
    ids=["as it was", "its images are gone", "it is live", "it failed", "new"],
)
def test_what_was_good_has_proved_itself_as_long_as_it_has_its_images(
    known: dict | None, live: str, proven: bool
):
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("release").path / "tasks/plan.yml"), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if "Name the release" in task["name"]]
    info = {"live": live, "releases": {"v3-cc": known} if known else {}}
    found = task["vars"] | {"__release_info": info, "__release_id": "v3-cc"}
    facts = task["ansible.builtin.set_fact"]
    assert Templar(loader=loader, variables=found).template(facts["release_is_proven"]) is proven


@pytest.mark.parametrize(
    ("state", "unended", "recorded"), [("live", False, True), ("live", True, False), ("good", False, False)]
)
def test_what_a_run_that_died_had_switched_to_again_is_recorded_anew(
    state: str, unended: bool, recorded: bool
):
    """It was live before, so its record says so; what was left for it may still run."""
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("release").path / "tasks/plan.yml"), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if "Name the release" in task["name"]]
    found = {"__release_info": {"unended": unended}, "__release_state": state}
    facts = task["ansible.builtin.set_fact"]
    assert Templar(loader=loader, variables=found).template(facts["release_is_recorded"]) is recorded
