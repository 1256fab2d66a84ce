"""Fixtures of the scenarios' tests."""

from app_fixtures import app, host, inventory

__all__ = ["app", "host", "inventory"]
