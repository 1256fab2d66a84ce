"""Opens what a module has sealed for the play."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.sealing import unseal


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
