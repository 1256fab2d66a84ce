"""What the release that is live is asked for when it is verified by itself."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from project_files import ROOT, tasks_of

REQUIRED = ["rotation", "browser_tabs"]


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        (["rotation"], REQUIRED),
        (["rotation", "remember_me"], ["rotation", "remember_me", "browser_tabs"]),
        (["remember_me"], ["remember_me"]),
        ([], []),
    ],
    ids=["by the API alone", "more than is required", "never had the fix", "nothing"],
)
def test_a_release_that_the_api_proved_is_asked_for_the_browser_too(shown: list[str], asked: list[str]):
    loader = DataLoader()
    wiring, [play] = (
        loader.load_from_file(str(ROOT / "playbooks" / path), trusted_as_template=True)
        for path in ("group_vars/all/wiring.yml", "verify.yml")
    )
    [task] = [task for task in tasks_of(play["tasks"]) if task["name"] == "Verify"]
    known = {"release_features": shown, "release_required_features": REQUIRED}
    variables = wiring | task.get("vars", {}) | known
    given = Templar(loader=loader, variables=variables).template(variables["verify_features"])
    assert set(given) == set(asked)
