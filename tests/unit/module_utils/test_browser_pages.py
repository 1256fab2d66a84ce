"""What becomes of a browser that fails: before any page was opened, and after."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest
from ansible.module_utils import browser_pages as pages


class Died(Exception):
    """What the library raises."""


@pytest.fixture
def playwright() -> MagicMock:
    """The library, with a browser that starts."""
    return MagicMock()


def launch(playwright: MagicMock) -> MagicMock:
    return playwright.return_value.__enter__.return_value.chromium.launch


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "launch: closed.\nBrowser logs:\n[pid=7][err] no libnss3.so\n[pid=7][err] more",
            "launch: closed. It said: no libnss3.so",
        ),
        ("launch: Timeout 30000ms exceeded.\nCall log:", "launch: Timeout 30000ms exceeded."),
    ],
)
def test_one_that_does_not_start_is_told_apart(playwright: MagicMock, said: str, cause: str):
    launch(playwright).side_effect = Died(said)
    with (
        pytest.raises(pages.NotStarted, match="^/bin/it does not start: ") as told,
        pages.running(playwright, "/bin/it"),
    ):
        pytest.fail("there is no browser")
    assert str(told.value).endswith(cause)


def test_a_library_that_does_not_start_is_the_same(playwright: MagicMock):
    playwright.return_value.__enter__.side_effect = OSError("no node")
    with pytest.raises(pages.NotStarted, match="no node"), pages.running(playwright):
        pytest.fail("there is no browser")


def test_what_fails_later_stays_what_it_is_and_the_browser_is_closed(playwright: MagicMock):
    with pytest.raises(Died), pages.running(playwright):
        raise Died
    launch(playwright).return_value.close.assert_called_once_with()
