"""The bearer authentication of this version."""

from igny8_core.auth.bearer import BearerBase


class BearerAuthentication(BearerBase):
    """The signature says it all: there is no record of sessions to ask."""
