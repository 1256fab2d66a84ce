"""Fixtures of the tests after a run that was cut short."""

from app_fixtures import app, host, inventory

__all__ = ["app", "host", "inventory"]
