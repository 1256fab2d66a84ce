"""What a rollback does with what it finds on the host. The facts are made up, the rules are the role's own."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.template import Templar
from project_files import Role, tasks_of

filter_loader.add_directory(str(Role("release").path.parents[1] / "filter_plugins"))
lookup_loader.add_directory(str(Role("release").path.parents[1] / "lookup_plugins"))
DEPLOY, ROLLBACK = {"holder": "d", "verb": "deploy"}, {"holder": "r", "verb": "rollback"}
NOTHING = {
    "release_is_live": False,
    "release_is_recorded": False,
    "release_follows": False,
    "release_undoes": False,
}
STAYS = {
    "release_is_live": True,
    "release_is_recorded": True,
    "release_follows": True,
    "release_undoes": False,
}


def host(state: str = "live", record: dict | None = None, **found: object) -> dict:
    """What is read of a host on which v2 has the traffic, which a deploy brought live after v1."""
    releases = {
        "v1": {"record": {"state": "good"}, "containers": [], "serving": False},
        "v2": {"record": {"state": state} | (record or {}), "containers": [], "serving": True},
    }
    info = {"live": "v2", "releases": releases, "cut_short": "", "recorded_by": "", "nothing_begun": False}
    return info | {"unended": False} | found


def found_out(info: dict, followed: list[dict], to: str = "") -> dict:
    """The facts of `choose` that say what is to be done."""
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("release").path / "tasks/choose.yml"), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if "Find out whether a run was cut short" in task["name"]]
    known = {"__release_info": info, "release_followed": followed, "release_rollback_to": to}
    return Templar(loader=loader, variables=known | task["vars"]).template(task["ansible.builtin.set_fact"])


@pytest.mark.parametrize(
    ("info", "followed", "to", "wanted"),
    [
        pytest.param(host(), [], "", NOTHING, id="goes back"),
        pytest.param(host(cut_short="v3"), [DEPLOY], "", NOTHING | {"release_undoes": True}, id="undoes a deploy"),
        pytest.param(host(cut_short="v3"), [DEPLOY], "v1", NOTHING, id="was told where to go"),
        pytest.param(host(recorded_by="r"), [ROLLBACK], "", STAYS, id="a rollback had come to its end"),
        pytest.param(host(recorded_by="r", cut_short="v3"), [DEPLOY, ROLLBACK], "", NOTHING | {"release_undoes": True},
                     id="a rollback had come to its end, and a deploy died since"),
        pytest.param(host(recorded_by="d"), [DEPLOY], "", NOTHING, id="a deploy had come to its end"),
        pytest.param(host(nothing_begun=True), [DEPLOY], "", STAYS, id="a deploy had begun nothing"),
        pytest.param(host(nothing_begun=True), [DEPLOY], "v1", NOTHING, id="was told where to go all the same"),
        pytest.param(host("switched"), [DEPLOY], "", STAYS | {"release_is_recorded": False, "release_follows": False},
                     id="finishes a switch"),
        pytest.param(host("switched", nothing_begun=True), [DEPLOY], "",
                     STAYS | {"release_is_recorded": False, "release_follows": False},
                     id="finishes a switch that came before"),
        pytest.param(host(recorded_by="d", nothing_begun=True), [DEPLOY, DEPLOY], "", STAYS,
                     id="a deploy had come to its end, and another had begun nothing"),
        pytest.param(host(unended=True), [ROLLBACK, DEPLOY], "",
                     STAYS | {"release_is_recorded": False, "release_follows": False},
                     id="finishes a switch to what is recorded live"),
        pytest.param(host(unended=True), [ROLLBACK, DEPLOY], "v2",
                     STAYS | {"release_is_recorded": False, "release_follows": False},
                     id="finishes a switch to what is recorded live, by its name"),
        pytest.param(host(unended=True), [ROLLBACK, DEPLOY], "v1", NOTHING, id="was told to leave it"),
        pytest.param(host("verified", {"failure": {"reason": "401"}}), [DEPLOY], "", NOTHING,
                     id="goes back from what was found bad"),
        pytest.param(host("switched", {"failure": {}}), [DEPLOY], "",
                     STAYS | {"release_is_recorded": False, "release_follows": False},
                     id="an earlier failure was forgotten"),
    ],
)  # fmt: skip
def test_what_a_rollback_does_depends_on_what_was_cut_short(info, followed, to, wanted):
    facts = found_out(info, followed, to)
    note = facts.pop("release_note")
    assert facts == wanted
    assert bool(note) == (wanted == STAYS and info["nothing_begun"])


def test_a_rollback_that_has_nothing_to_undo_says_how_to_go_further_back():
    assert found_out(host(nothing_begun=True), [DEPLOY])["release_note"].strip() == (
        "Nothing went back: a deploy had been cut short before it had begun anything, and v2 serves as before it. "
        "To go further back: ansible-playbook playbooks/rollback.yml."
    )


@pytest.mark.parametrize(
    ("to", "beside", "refused"),
    [
        pytest.param("v0", True, True, id="past what runs beside it"),
        pytest.param("v1", True, False, id="to what runs beside it"),
        pytest.param("v1", False, True, id="to what was stopped"),
        pytest.param("v2", True, False, id="it is named itself"),
        pytest.param("", False, False, id="nothing is named"),
    ],
)
def test_nothing_goes_past_a_release_that_nobody_has_verified(to: str, beside: bool, refused: bool):
    """To start another one would stop the only release that was verified and runs."""
    info = host("switched", idle_slot="blue")
    info["releases"]["v1"] = {
        "record": {"state": "live"},
        "containers": [{"part": "api", "running": True, "slot": "blue"}] if beside else [],
    }
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("release").path / "tasks/choose.yml"), trusted_as_template=True)
    [task] = [task for task in tasks_of(tasks) if "Refuse to go past" in task["name"]]
    assertion = task["ansible.builtin.assert"]
    templar = Templar(loader=loader, variables={"__release_info": info, "release_rollback_to": to})
    assert templar.evaluate_conditional(assertion["that"]) is not refused
    back = ", and goes back to v1 where it is not" if beside else ""
    said = " ".join(templar.template(assertion["fail_msg"]).split())
    assert said.endswith(f"which keeps it where it is sound{back}. Nothing was changed.")
