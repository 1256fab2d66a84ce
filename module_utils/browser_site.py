"""What the modules that use a browser ask of the operator: the application's names, and a browser."""

from __future__ import annotations

import shutil
from typing import Any

from ansible.module_utils import browser_pages
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.browser_flow import Names

try:
    from playwright.sync_api import Error as BrowserError
    from playwright.sync_api import sync_playwright
except ImportError:
    BrowserError = Exception
    sync_playwright = None

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SITE_SPEC = {
    **{
        name: {"type": "str", "required": True}
        for name in ("login_path", "home_call", "login_button", "logout_button")
    },
    "storage_key": {"type": "str", "required": True, "no_log": False},
    "refresh_field": {"type": "str", "required": True, "no_log": False},
    "links": {"type": "dict", "required": True},
    "home": {"type": "str", "default": "/"},
    "api": {"type": "str", "default": "/api/"},
    "away": {"type": "str", "default": ""},
    "email_label": {"type": "str", "default": "Email"},
    "password_label": {"type": "str", "default": "Password", "no_log": False},
    **{name: {"type": "str", "default": ""} for name in ("forbidden", "payment_required", "remember_label")},
}
PATHS_SPEC = {name: {"type": "str", "required": True} for name in ("login", "refresh", "logout")}
#: Options that every such module has.
BROWSER_SPEC = {
    "url": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "site": {"type": "dict", "required": True, "options": SITE_SPEC},
    "paths": {"type": "dict", "required": True, "options": PATHS_SPEC},
    "request_field": {"type": "str", "default": "refresh"},
    "headers": {"type": "dict", "default": {}},
    "program": {"type": "str", "default": ""},
}


def read_site(params: dict[str, Any]) -> tuple[browser_pages.Site, Names]:
    """What the options say of the application."""
    site, paths = params["site"], params["paths"]
    shared = (
        "login_path",
        "email_label",
        "password_label",
        "remember_label",
        "login_button",
        "logout_button",
    )
    return browser_pages.Site(
        **{name: site[name] for name in (*shared, "storage_key", "refresh_field", "links")},
        url=params["url"].rstrip("/"),
        login_api=paths["login"],
        refresh_api=paths["refresh"],
        register_path="",
        register_button="",
    ), Names(
        **{
            name: site[name] for name in ("home", "home_call", "forbidden", "payment_required", "api", "away")
        },
        logout_api=paths["logout"],
        request_field=params["request_field"],
        headers=params["headers"],
        me=paths.get("me") or "",
        session_cookie=params.get("session_cookie") or "",
    )


def find_problem(site: dict[str, Any]) -> str:
    """A sentence about options that contradict each other; empty when none do."""
    links = site["links"]
    lost = [
        site[name]
        for name in ("home", "forbidden", "payment_required")
        if site[name] and site[name] not in links
    ]
    if lost:
        return f"site.links names no link to {', '.join(lost)}; it has {', '.join(links) or 'none'}."
    return "" if len(links) > 1 else "site.links names one page; a second one is needed to go away from it."


def find_program(wanted: str) -> tuple[str, str]:
    """Path of the browser, and a sentence when there is none."""
    if sync_playwright is None:
        return "", missing_required_lib("playwright")
    found = next((path for name in ([wanted] if wanted else PROGRAMS) if (path := shutil.which(name))), "")
    return (
        found,
        "" if found else f"There is no browser on this machine: looked for {wanted or ', '.join(PROGRAMS)}.",
    )
