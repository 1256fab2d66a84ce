"""The options of the verification in a browser, its plan, and where there is no browser."""

from __future__ import annotations

import browser_flow
import pytest
from ansible.module_utils.browser_pages import Ended
from browser_options import OPTIONS, broken_browser
from manual import results_in_manual, returned


def test_check_mode_returns_the_plan(run_module):
    result = run_module(browser_flow, OPTIONS | {"expect": ["browser_tabs"]}, check_mode=True)
    reasons = {check["name"]: check["reason"] for check in result["checks"]}
    assert reasons["browser_tabs"].startswith("would have tabs refresh")
    assert reasons["browser_logout"] == "browser_logout is not expected of this release"
    assert reasons["browser_frozen"] == "full is not given"


def test_without_a_browser_it_says_so_and_writes_nothing(run_module, tmp_path):
    result = run_module(browser_flow, OPTIONS | {"pictures": str(tmp_path / "pictures")})
    assert (result["status"], result["checks"]) == ("unknown", [])
    assert "looked for no-such-browser" in result["problem"]
    assert list(tmp_path.iterdir()) == []
    assert returned(result) == results_in_manual(browser_flow)


def test_a_browser_that_does_not_start_is_a_sentence(run_module, tmp_path):
    """Nothing is known of the release then, and it is not what is broken."""
    folder, program = tmp_path / "pictures", broken_browser(tmp_path)
    options = {"program": program, "expect": ["browser_login"], "pictures": str(folder)}
    result = run_module(browser_flow, OPTIONS | options)
    assert (result["status"], result["checks"]) == ("unknown", [])
    assert result["problem"].startswith(f"{program} does not start: ")
    assert result["problem"].endswith(" It said: chromium: libnss3.so: cannot open it")
    assert not folder.exists()


def test_a_release_of_which_nothing_is_expected_is_not_visited(run_module):
    """Red when the browser is started all the same: there is no such program."""
    result = run_module(browser_flow, OPTIONS | {"program": "true", "expect": []})
    assert (result["status"], result["features"]) == ("unknown", [])
    assert result["problem"] == "Nothing in a browser is expected of this release."
    assert {check["status"] for check in result["checks"]} == {"skipped"}


@pytest.mark.parametrize(("failed", "red"), [(False, False), (True, True)])
def test_a_browser_that_ends_by_itself_hides_no_failed_check(
    run_module, monkeypatch, failed: bool, red: bool
):
    """It says nothing of the release, and takes nothing back that was said before."""

    def run_flow(_params, _program, ledger):
        ledger.record("browser_login", ["the page shows no user any more"] if failed else [])
        raise Ended("ended in browser_refresh")

    monkeypatch.setattr(browser_flow, "run_flow", run_flow)
    result = run_module(browser_flow, OPTIONS | {"program": "true", "expect": ["browser_login"]})
    assert result.get("failed", False) is red
    told = result["msg"] if red else result["problem"]
    assert "ended in browser_refresh" in told
    assert ("browser_login: the page shows no user any more" in told) is red


def test_a_fault_of_a_browser_that_goes_on_fails(run_module, monkeypatch):
    def run_flow(*_arguments):
        raise browser_flow.BrowserError("no context")

    monkeypatch.setattr(browser_flow, "run_flow", run_flow)
    result = run_module(browser_flow, OPTIONS | {"program": "true", "expect": ["browser_login"]})
    assert result["failed"] and "no context" in result["msg"]
