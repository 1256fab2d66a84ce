"""Another application is deployed by its inventory alone: nothing else names the sandbox's own application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project_files import ROOT, load

CODE = ["roles", "library", "module_utils", "filter_plugins", "playbooks"]
#: Names of the application's files, modules, services, paths, tables, fields, headers, secrets and classes.
REFERENCE_APP = re.compile(
    r"(?i)igny8[\w-]*|auth_refresh_token|refreshtoken|django_secret_key|\bclient_id\b|x-auth-rotate"
    r"|/api/(auth|notes|reports|billing)\b|api-(new|old)|authstore|applayout|\bsignin\b|models_refresh_token"
    r"|/srv/(www|kept)\b"
)
#: The guide's edits of a frontend's source: the words of the guide are what they are about, whatever app has them.
GUIDE_EDITS = {
    "library/frontend_auth_source.py",
    *(
        f"module_utils/frontend_{part}.py"
        for part in ("login_form", "refresh", "remember", "source", "storage", "store")
    ),
}
#: The project's own interface, which every inventory sets. The wiring reads it, and messages name it to the operator.
INTERFACE = {"igny8_root", "igny8_version"}

OTHER_APP = "molecule/other_app"
#: What both applications take from the sandbox: its images, and the steps of a build that a new host has cached.
FROM_THE_SANDBOX = {
    "igny8-sandbox-postgres",
    "igny8-sandbox-redis",
    "igny8-sandbox-edge",
    "/srv/www",
    "/srv/kept",
}
#: Variables in which both inventories agree, because both speak of a host of the sandbox.
ALIKE = {
    "backend_build_arguments",
    "edge_image",
    "frontend_build_arguments",
    "health_canary_users",
    "health_postgres",
    "health_redis",
    "postgres_image",
    "prober_base_url",
    "prober_directory",
    "verify_url",
}


@pytest.mark.parametrize("folder", CODE)
def test_the_reference_application_is_not_named(folder: str):
    found = {
        path: words - INTERFACE for path, words in named_below(folder).items() if path not in GUIDE_EDITS
    }
    assert {path: words for path, words in found.items() if words} == {}


def test_the_other_application_shares_no_name_with_it():
    found = named_below(f"{OTHER_APP}/ledger") | named_below(f"{OTHER_APP}/inventory")
    # The variables of the host are the sandbox's own file.
    del found[f"{OTHER_APP}/inventory/group_vars/all/sandbox.yml"]
    assert set().union(*found.values()) - FROM_THE_SANDBOX == INTERFACE


def test_the_inventories_agree_in_what_is_the_sandboxs_alone():
    ours, theirs = variables("inventory/sandbox"), variables(f"{OTHER_APP}/inventory")
    assert {name for name, value in theirs.items() if name in ours and ours[name] == value} <= ALIKE
    assert set(ours["release_services"]) & set(theirs["release_services"]) == set()


def variables(inventory: str) -> dict:
    """The variables of an inventory by name, without those of the sandbox's host."""
    files = sorted((ROOT / inventory / "group_vars/all").glob("*.yml"))
    return {name: value for path in files if path.stem != "sandbox" for name, value in load(path).items()}


def named_below(folder: str) -> dict[str, set[str]]:
    """What the files below a folder say of the reference application, by file."""
    files = [path for path in sorted((ROOT / folder).rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    found = {str(path.relative_to(ROOT)): named_in(path) for path in files}
    return {path: words for path, words in found.items() if words}


def named_in(path: Path) -> set[str]:
    """The words of a file that belong to the reference application."""
    return {match[0] for match in REFERENCE_APP.finditer(path.read_text())}
