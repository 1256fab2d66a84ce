"""Settings of a small and quick prober."""

from __future__ import annotations

from pathlib import Path

import yaml
from auth_backend import PASSWORD

ROLE = Path(__file__).resolve().parents[3] / "roles" / "prober"


def settings(base_url: str, directory: Path, **changes) -> dict:
    """The role's own defaults, made small and quick, as the role passes them to the script."""
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    names = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__prober_settings"]
    given = {name.removeprefix("prober_"): value for name, value in defaults.items()}
    given |= {name: value for name, value in names.items() if not isinstance(value, str)}
    given |= {
        "directory": str(directory),
        "base_url": base_url,
        "user_format": "user%03d@example.test",
        "password": PASSWORD,
        "user_count": 4,
        "sessions": 8,
        "rate": 150,
        "max_seconds": 10,
        "login_interval_seconds": 0.1,
        "row_id_field": "client_id",
        "paths": {"login": "/login", "refresh": "/refresh", "me": "/me", "row": "/row", "index": "/"},
        "timeout_seconds": 2,
    }
    return {name: value for name, value in (given | changes).items() if name in names}
