"""A value that is none is refused by the name of its variable: all that an inventory may set, a run for a playbook."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
from playbook_run import PROJECT, Answer, Case, check_refusal

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "helpers"))

from project_files import ROLES, load
from variables_page import set_by_tasks

#: Type -> values that are none of it, one for each run: of another type, hostile, out of range.
WRONG: dict[str, tuple[object, ...]] = {
    "str": (1, "$(reboot)\n", ["x"], '$(reboot); ../..`id` "x" #'),
    "path": ("not/absolute", "/srv/../etc", 7, "/srv/x\ny"),
    "int": ("many", -1, "1; reboot", "8_0"),
    "float": ("soon", -0.5, "$(reboot)", "inf"),
    "bool": ("no", 1, "trüe", "ture"),
    "list": ("a", {}, 1, ["$(reboot)\n../.."]),
    "dict": ("a", [], "", {"$(reboot)\n": "../.."}),
}
#: A password or key is any text, so that only its type can be wrong.
ANY_TEXT = re.compile(r"_password$")
#: Texts that a person reads, or that are names of nothing: those take what fits on a line.
ANY_LINE = {
    "data_services_mark",
    "prober_asset_pattern",
    "prober_ca_certs",
    "prober_identity_field",
    "verify_browser_program",
    "verify_user",
}
WIRED = load(PROJECT / "playbooks/group_vars/all/wiring.yml")
#: Role -> the playbook that has it, where a deploy does not.
ELSEWHERE = {"doctor": "doctor", "monitoring": "setup"}
TYPES: dict[str, dict[str, str]] = {"deploy": {}, **{playbook: {} for playbook in ELSEWHERE.values()}}
for role in ROLES:
    TYPES[ELSEWHERE.get(role.name, "deploy")] |= {
        name: option["type"]
        for name, option in role.options.items()
        if name not in WIRED and name not in set_by_tasks()
    }


def wrong(playbook: str, number: int) -> dict[str, object]:
    """The n-th wrong value of every variable."""
    values = {name: WRONG[kind][number] for name, kind in TYPES[playbook].items()}
    return {
        name: value
        for name, value in values.items()
        if not (isinstance(value, str) and (ANY_TEXT.search(name) or (number == 3 and name in ANY_LINE)))
    }


NAMED = [
    (
        Case(
            f"every-{playbook}-{number}",
            playbook,
            "Nothing was changed",
            # The role that an inventory may switch off is looked at where it is on.
            (f"--extra-vars={json.dumps(values | {'monitoring_enabled': True})}",),
        ),
        name,
    )
    for playbook in TYPES
    for number in range(4)
    for values in [wrong(playbook, number)]
    for name in values
]


def test_there_are_many():
    assert len(TYPES["deploy"]) >= 150 and len(NAMED) >= 400


@pytest.mark.parametrize(("case", "name"), NAMED, ids=[f"{case.name}-{name}" for case, name in NAMED])
def test_a_value_that_is_none_is_refused_by_the_name_of_its_variable(
    case: Case, name: str, answers: dict[str, Future[Answer]]
):
    answer = answers[case.name].result()
    check_refusal(case, answer)
    assert re.search(rf" \d+\. {name} (is|has) .{{0,300}} needed[.:]", answer.text), answer.text[:3000]
    assert "Ask the host who this run is there" not in answer.text
