"""The options of a tab that is left open, and where there is nothing to open it with."""

from __future__ import annotations

import browser_tab
import pytest
from browser_options import OPTIONS as BROWSER_OPTIONS
from browser_options import SITE, broken_browser
from manual import results_in_manual, returned

OPTIONS = BROWSER_OPTIONS | {
    "release": "v2-0123456789ab",
    "ready": "/nowhere/tab",
    "told": "/nowhere/tab.json",
    "process": 1,
}


def test_without_a_browser_it_says_so(run_module):
    result = run_module(browser_tab, OPTIONS)
    assert (result["status"], result["changed"]) == ("unknown", False)
    assert "looked for no-such-browser" in result["problem"]
    [check] = result["checks"]
    assert (check["name"], check["status"], check["reason"]) == (
        "browser_tab_left_open",
        "skipped",
        result["problem"],
    )
    assert returned(result) == results_in_manual(browser_tab)


def test_a_dry_run_sees_nothing(run_module, tmp_path):
    options = OPTIONS | {"program": broken_browser(tmp_path)}
    result = run_module(browser_tab, options, check_mode=True)
    assert (result["status"], result["problem"], result["checks"]) == ("unknown", "", [])


def test_a_browser_that_does_not_start_is_a_sentence(run_module, tmp_path, monkeypatch):
    monkeypatch.setattr(browser_tab.os, "nice", lambda _by: None)
    program = broken_browser(tmp_path)
    result = run_module(browser_tab, OPTIONS | {"program": program})
    assert (result["status"], result["changed"]) == ("unknown", False)
    assert result["problem"].startswith(f"{program} does not start: ")
    assert result["problem"].endswith(" It said: chromium: libnss3.so: cannot open it")


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({"home": "/elsewhere"}, "names no link to /elsewhere"),
        ({"links": {"/": "Orders"}}, "a second one is needed"),
    ],
)
def test_a_site_that_contradicts_itself_is_a_sentence(run_module, site, words):
    result = run_module(browser_tab, OPTIONS | {"site": SITE | site})
    assert result["failed"] and words in result["msg"]


def test_it_is_needed_while_its_run_lives():
    assert browser_tab.is_needed(float("inf"), 1)
    assert not browser_tab.is_needed(0, 1)
    assert not browser_tab.is_needed(float("inf"), 2**22 + 1)
