"""Another application is deployed by its inventory alone: nothing else names the reference application."""

from __future__ import annotations

import re

import pytest
from project_files import ROOT

CODE = ["roles", "library", "module_utils", "filter_plugins", "playbooks"]
#: Names of the reference application's files, services, tables and classes.
REFERENCE_APP = re.compile(
    r"igny8\w*|auth_refresh_token|refresh_?token\b|api-(new|old)|authstore|applayout|signin", re.I
)
#: What an operator gives, read by the wiring alone.
INTERFACE = {"igny8_root", "igny8_version"}


@pytest.mark.parametrize("folder", CODE)
def test_the_reference_application_is_not_named(folder: str):
    found = {}
    for path in sorted((ROOT / folder).rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        allowed = INTERFACE if "group_vars" in path.parts else set()
        if (
            words := {match[0] for match in REFERENCE_APP.finditer(path.read_text(errors="replace"))}
            - allowed
        ):
            found[str(path.relative_to(ROOT))] = words
    assert found == {}
