"""Another application is deployed by its inventory alone: nothing else names the reference application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project_files import ROOT

CODE = ["roles", "library", "module_utils", "filter_plugins", "playbooks"]
#: Names of the reference application's files, services, tables and classes.
REFERENCE_APP = re.compile(
    r"(?i)igny8\w*|auth_refresh_token|refreshtoken|api-(new|old)|authstore|applayout|\bsignin\b"
)
#: What an operator gives, read by the wiring alone.
INTERFACE = {"igny8_root", "igny8_version"}


@pytest.mark.parametrize("folder", CODE)
def test_the_reference_application_is_not_named(folder: str):
    files = [path for path in sorted((ROOT / folder).rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    found = {str(path.relative_to(ROOT)): named_in(path) for path in files}
    assert {path: words for path, words in found.items() if words} == {}


def named_in(path: Path) -> set[str]:
    """What a file says of the reference application, beyond what it may say."""
    allowed = INTERFACE if path.is_relative_to(ROOT / "playbooks/group_vars") else set()
    return {match[0] for match in REFERENCE_APP.finditer(path.read_text())} - allowed
