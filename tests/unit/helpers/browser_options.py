"""Options of the modules that use a browser, for an application that nobody serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SITE: dict[str, Any] = {
    "login_path": "/hello",
    "home_call": "/v1/orders",
    "links": {"/": "Orders", "/settings": "Settings"},
    "login_button": "Go on",
    "logout_button": "Leave",
    "storage_key": "session",
    "refresh_field": "refresh",
}
OPTIONS: dict[str, Any] = {
    "url": "http://127.0.0.1:9",
    "user": "ann",
    "password": "secret words",
    "site": SITE,
    "paths": {"login": "/v1/in", "refresh": "/v1/refresh", "logout": "/v1/out"},
    "program": "no-such-browser",
}


def broken_browser(folder: Path) -> str:
    """Path of a browser that is installed, and lacks a library of the system."""
    program = folder / "chromium"
    program.write_text("#!/bin/sh\necho 'chromium: libnss3.so: cannot open it' >&2\nexit 127\n")
    program.chmod(0o755)
    return str(program)
