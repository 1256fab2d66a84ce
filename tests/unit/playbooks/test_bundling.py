"""Which files of the host a support bundle takes: none that is somebody else's."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from project_files import ROOT

RELEASES = "/srv/app/releases"


@pytest.mark.parametrize(
    ("live", "record", "taken"),
    [
        ("v2-bb", {"state": "good"}, [f"{RELEASES}/v2-bb/compose.yml"]),
        ("adopted-aa", {"state": "good", "adopted": {"0123456789ab": "api"}}, []),
        ("v2-bb", {}, []),
        ("", None, []),
    ],
    ids=["ours", "adopted", "not known", "none is live"],
)
def test_the_compose_file_is_taken_of_a_release_of_ours_alone(live: str, record: dict | None, taken: list):
    """That of an adopted app is somebody else's, and may hold secrets in its environment."""
    loader = DataLoader()
    wiring = loader.load_from_file(
        str(ROOT / "playbooks/group_vars/all/wiring.yml"), trusted_as_template=True
    )
    releases = {} if record is None else {live: {"record": record, "containers": []}}
    found = {"release_found": {"live": live, "releases": releases}, "doctor_containers": []}
    variables = wiring | found | {"igny8_root": "/srv/app", "edge_root": "/srv/edge"}
    files = Templar(loader=loader, variables=variables).template(variables["doctor_bundle_files"])
    assert [path for path in files if path.endswith("compose.yml")] == taken
    records = [f"{RELEASES}/{live}/record.json"] if releases else []
    assert [path for path in files if path.endswith("record.json")] == records
