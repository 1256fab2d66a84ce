"""Inventories with one thing wrong, and the runs of all cases that were chosen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_run import PROJECT, Answer, running

SANDBOX = PROJECT / "inventory" / "sandbox"
VAULT = "group_vars/all/vault.yml"
HOST_OF_APP = "    app:\n      hosts:\n        sandbox:\n"


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what replaces a text in a file of an inventory."""

    def edit(inventory: Path) -> None:
        content = (inventory / file).read_text()
        assert old in content
        (inventory / file).write_text(content.replace(old, new, 1))

    return edit


def encrypted(inventory: Path) -> None:
    """Encrypt the vault with a password that nobody has."""
    vault = VaultLib([("default", VaultSecret(b"a password that is nowhere"))])
    (inventory / VAULT).write_bytes(vault.encrypt((inventory / VAULT).read_bytes()))


EDITS: dict[str, Callable[[Path], None]] = {
    "two_app_hosts": replaced("hosts.yml", HOST_OF_APP, HOST_OF_APP + "        another:\n"),
    "no_app_host": replaced("hosts.yml", HOST_OF_APP, "    app:\n"),
    "app_without_edge": replaced("hosts.yml", "    edge:\n      hosts:\n        sandbox:\n", "    edge:\n"),
    "no_version": replaced("group_vars/all/app.yml", "igny8_version: fix\n", ""),
    "no_secret": replaced(VAULT, "vault_redis_password:", "vault_redis_pasword:"),
    "empty_secret": replaced(VAULT, "sandbox-postgres-5d1f0c7ab2+/=", '""'),
    "short_key": replaced(
        VAULT, "sandbox-signing-key-0f4c2f2d7f3b4f0a9d8e6c5b4a392817", "sandbox-signing-key"
    ),
    "misspelt": replaced("group_vars/all/app.yml", "backend_settings:", "backend_setings:"),
    "encrypted_vault": encrypted,
}


@pytest.fixture(scope="session")
def inventories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sandbox's inventory, and a copy of it for each thing that can be wrong."""
    found = {"sandbox": SANDBOX}
    for name, edit in EDITS.items():
        found[name] = tmp_path_factory.mktemp("inventories") / name
        shutil.copytree(SANDBOX, found[name])
        edit(found[name])
    return found


@pytest.fixture(scope="session")
def answers(
    request: pytest.FixtureRequest, inventories: dict[str, Path]
) -> Iterator[dict[str, Future[Answer]]]:
    """What becomes of the chosen cases."""
    specs = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    # Several tests may look at what became of one case.
    cases = {params["case"].name: params["case"] for params in specs if "case" in params}
    with running(list(cases.values()), inventories) as found:
        yield found
