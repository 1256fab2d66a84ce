"""Fixtures of the scenarios' tests."""

from __future__ import annotations

import pytest
from app_host import AppHost


@pytest.fixture(scope="module")
def app(host) -> AppHost:
    """The app host of the scenario."""
    return AppHost(host)
