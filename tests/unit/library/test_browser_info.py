"""Whether a browser starts, before one is needed."""

from __future__ import annotations

import browser_info
from browser_options import broken_browser
from manual import results_in_manual, returned


def test_without_a_browser_it_says_so(run_module):
    result = run_module(browser_info, {"program": "no-such-browser"})
    assert "looked for no-such-browser" in result["problem"]
    assert returned(result) == results_in_manual(browser_info)


def test_one_that_does_not_start_is_a_sentence(run_module, tmp_path):
    result = run_module(browser_info, {"program": broken_browser(tmp_path)})
    assert "does not start" in result["problem"]


def test_one_that_starts_is_no_problem(run_module, monkeypatch):
    """As it is with a library that starts whatever it is given."""

    class Library:
        def __enter__(self):
            return self

        def __exit__(self, *_error):
            ended.append("library")

        chromium = property(lambda self: self)

        def launch(self, **_options):
            return self

        def close(self):
            ended.append("browser")

    ended: list[str] = []
    monkeypatch.setattr(browser_info, "sync_playwright", Library)
    assert run_module(browser_info, {"program": "true"})["problem"] == ""
    assert ended == ["browser", "library"]
