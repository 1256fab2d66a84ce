"""Opens what a module has sealed for the play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.errors import AnsibleFilterError

# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.sealing import unseal  # noqa: E402


def unsealed(sealed: str, secret: str) -> Any:
    """Return what ``sealed`` holds; only for an option that no log shows."""
    try:
        return unseal(str(sealed), str(secret))
    except ValueError as error:
        raise AnsibleFilterError(f"What the browser has ended cannot be read: {error}.") from error


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict:
        return {"unsealed": unsealed}
