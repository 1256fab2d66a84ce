"""What a run keeps, and says last, that fails once the traffic is where it was to go."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ansible.module_utils.redaction import SECRET
from local_play import begin, play
from project_files import ROOT, dicts, load

FAILED = ROOT / "playbooks/tasks/failed.yml"
WIRING = load(ROOT / "playbooks/group_vars/all/wiring.yml")
#: What a task says that fails, and what is told of it.
SAID = "disk full of redis://:hunter2@redis, of k3y-of-app and sid=abcdef"
TOLD = f"disk full of redis://:{SECRET}@redis, of {SECRET} and sid={SECRET}"
#: What a module says of a failure, in words that it may have from anywhere.
RAW = re.compile(r"ansible_failed_result\.(?:msg|stderr|stdout)")
KEPT = {"task": "switch", "reason": "no answer"}
#: Whether something was changed, and the cause that was kept before -> what is kept, and what is said last.
CASES = {
    "changed": (True, {}, {"task": "record", "reason": TOLD, "serves": "v2-bb"}),
    "refused": (False, {}, {}),
    "gone_back": (True, KEPT, KEPT),
}


def case(name: str, folder: Path) -> dict:
    """Tasks of a case: something fails, and what is kept and said then goes to a file."""
    journaled, kept, _found = CASES[name]
    facts = {"release_journaled": journaled, "release_failure": kept, "release_id": "v2-bb"}
    inner = [
        {"name": f"Begin {name}", "ansible.builtin.set_fact": facts},
        {"name": "record", "ansible.builtin.fail": {"msg": SAID}},
    ]
    include = {"name": "Fail", "ansible.builtin.include_tasks": str(FAILED)}
    keep = {
        "name": f"Keep {name}",
        "ansible.builtin.copy": {
            "content": "{{ {'failure': release_failure, 'said': ansible_failed_result.msg} | to_json }}",
            "dest": f"{folder}/{name}.json",
        },
    }
    return {
        "name": name,
        "block": [{"name": f"Inner {name}", "block": inner, "rescue": [include]}],
        "rescue": [keep],
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What was kept and said in each case."""
    folder = tmp_path_factory.mktemp("failing")
    wired = {
        name: WIRING[name]
        for name in ("__first_cause", "release_known_secrets", "release_known_secret_names")
    }
    play(
        folder, [case(name, folder) for name in CASES], **wired,
        verify_password="k3y-of-app", verify_session_cookie="sid",
    )  # fmt: skip
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.mark.parametrize("name", CASES)
def test_the_first_cause_is_kept_and_said_last(found: dict[str, dict], name: str):
    kept = CASES[name][2]
    assert found[name]["failure"] == kept
    serves = " v2-bb has the traffic all the same." if "serves" in kept else ""
    assert found[name]["said"].strip() == f"{TOLD}{serves}"


def test_each_cause_that_is_kept_is_without_secrets():
    """In one place: of a failure only what the wiring makes of it is kept."""
    kept = [
        task["ansible.builtin.set_fact"]["release_failure"]
        for path in (ROOT / "playbooks").rglob("*.yml")
        for task in dicts(load(path))
        if "release_failure" in (task.get("ansible.builtin.set_fact") or {})
    ]
    made = [text for text in kept if isinstance(text, str)]
    assert len(made) == 5 and all("__first_cause" in text for text in made)


def test_no_facts_are_made_of_what_a_failed_task_has_said_with_secrets():
    """Reports, records, the history of the host and a support bundle are made of facts."""
    facts = [
        (path.name, name)
        for folder in ("playbooks", "roles")
        for path in (ROOT / folder).rglob("*.yml")
        for task in dicts(load(path))
        for name, text in (task.get("ansible.builtin.set_fact") or {}).items()
        if RAW.search(json.dumps([text, task.get("vars")]))
    ]
    assert facts == []


@pytest.mark.parametrize("playbook", ["deploy", "rollback"])
def test_what_fails_after_the_change_is_kept(playbook: str):
    """Recording, and all that is judged once it is recorded."""
    blocks = [
        block["block"]
        for block in dicts(load(ROOT / f"playbooks/{playbook}.yml"))
        if any(
            task.get("ansible.builtin.include_tasks") == "tasks/failed.yml"
            for task in block.get("rescue", [])
        )
    ]
    guarded = {task["name"] for block in blocks for task in block}
    named = {task["name"] for task in dicts(load(ROOT / f"playbooks/{playbook}.yml")) if "name" in task}
    # A release that was live and recorded before the run is judged without a report.
    judged = {name for name in named if name.startswith("Judge what")}
    assert guarded == {"Record", *judged}


#: What is known when a run gives the traffic back -> what it says of what serves.
SERVES = {
    "before the switch": ({}, "Release v1-aa serves as before."),
    "after it": (
        {"edge_switch_result": {"switch_seconds": 0.1}},
        "The traffic was switched back: release v1-aa serves as before.",
    ),
    "after that of a run that died": (
        {"release_is_live": True},
        "The traffic was switched back: release v1-aa serves as before.",
    ),
    "the first deploy": (
        {"release_predecessor": ""},
        "No other release runs beside it. Where a rollback can go: ",
    ),
    "the edge is away": (
        {"release_not_switched_back": "no socket."},
        "could not wholly be given back to v1-aa: no socket. "
        "Mend that, then ansible-playbook -i localhost, playbooks/rollback.yml -e release=v1-aa; where that says "
        "that it is live already, deploy it once more, which sets the edge right: ",
    ),
    "the edge is away while a deploy is undone": (
        {
            "release_not_switched_back": "no socket.",
            "release_undoes": True,
            "release_unfinished": {"beside": "v1-aa"},
        },
        "did not wholly take the traffic back to v1-aa: no socket. "
        "Mend that, then deploy what is live once more",
    ),
}


@pytest.mark.parametrize("case", SERVES)
def test_a_run_that_gives_the_traffic_back_says_what_serves(case: str, tmp_path: Path):
    """Also where users met the release that is left, after which that is judged last."""
    changes, said = SERVES[case]
    known = {
        "edge_switch_result": {},
        "release_dir": "/srv/v2-bb",
        "release_failure": {},
        "release_id": "v2-bb",
        "release_is_live": False,
        "release_not_switched_back": "",
        "release_predecessor": "v1-aa",
        "release_verb": "deploy",
        "prober_result": {
            "kept": False,
            "reasons": ["1 of 9 requests failed"],
            "sent": 9,
            "failed": 1,
            "sessions": {"alive": 1, "total": 1},
            "rows": {"found": 1, "acknowledged": 1},
        },
    } | changes
    wired = {
        name: WIRING[name]
        for name in ("__first_cause", "__not_switched_back", "__not_undone", "__serves", "release_serves",
                     "prober_serves", "release_known_secrets", "release_known_secret_names")
    }  # fmt: skip
    first, _take_back, last = load(ROOT / "playbooks/tasks/abort.yml")
    judge = {
        "name": "Judge",
        "ansible.builtin.import_role": {"name": "prober", "tasks_from": "judge"},
    }
    failing = {"name": "verify", "ansible.builtin.fail": {"msg": "401."}}
    tasks = [{"name": "Run", "block": [failing], "rescue": [first, last], "always": [judge]}]
    going = begin(tmp_path, tasks, **known, **wired)
    printed = " ".join(going.communicate()[0].split())
    assert going.returncode != 0
    cause, _, judged = printed.partition("TASK [prober : judge")
    assert 'deploy of v2-bb failed in "verify": 401.' in cause
    assert said in cause
    assert "The promise was not kept: 1 of 9 requests failed." in judged
    assert said in judged


@pytest.mark.parametrize(
    ("verb", "said"),
    [("deploy", "v2-bb is live and recorded."), ("restore", "v2-bb is live."), ("setup", "")],
)
def test_a_report_says_what_serves(verb: str, said: str, tmp_path: Path):
    """A setup brings nothing live that was not, and a restore leaves live what is."""
    wired = {name: WIRING[name] for name in ("__serves", "release_serves", "prober_serves")}
    shown = {"name": "Show", "ansible.builtin.debug": {"msg": "({{ release_serves }}) ({{ prober_serves }})"}}
    going = begin(tmp_path, [shown], release_verb=verb, release_id="v2-bb", release_failure={}, **wired)
    assert f"({said}) ({said})" in going.communicate()[0]
    assert going.returncode == 0
