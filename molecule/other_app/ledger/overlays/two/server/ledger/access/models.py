"""The record of devices."""

from ledger.access.tokens import DeviceToken

__all__ = ["DeviceToken"]
