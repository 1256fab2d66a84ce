"""Two scenarios run at a time, each on a host of its own: no two of them may want the same ports of this machine."""

from __future__ import annotations

import re

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from project_files import ROOT

SANDBOX = ROOT / "inventory/sandbox/group_vars/all/sandbox.yml"


def test_hosts_of_scenarios_have_ports_of_their_own():
    loader = DataLoader()
    settings = loader.load_from_file(str(SANDBOX), trusted_as_template=True)
    names = [path.parent.name for path in ROOT.glob("molecule/*/molecule.yml")] + ["sandbox", "test", "chaos"]
    bases = {}
    for name in names:
        templar = Templar(loader=loader, variables={"sandbox_name": f"igny8-{name}"})
        bases[name] = int(templar.template(settings["sandbox_port_base"]))
    assert len(bases) > 10
    assert len(set(bases.values())) == len(bases), bases
    assert all(re.fullmatch(r"2\d{4}", str(base)) for base in bases.values())
