"""Takes secrets and tokens out of what a run records and says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ansible.module_utils

# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.redaction import redacted  # noqa: E402


def without_secrets(text: Any, secrets: Iterable[Any], names: Iterable[Any]) -> str:
    """Return a text without ``secrets``, the values of ``names``, and whatever looks like a secret."""
    return redacted(str(text), map(str, secrets), map(str, names))


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict:
        return {"without_secrets": without_secrets}
