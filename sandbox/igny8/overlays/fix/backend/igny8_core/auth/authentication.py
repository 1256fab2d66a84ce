"""The bearer authentication of this version."""

from typing import Any

from rest_framework.exceptions import AuthenticationFailed

from igny8_core.auth import families
from igny8_core.auth.bearer import BearerBase


class BearerAuthentication(BearerBase):
    """Also asks whether the token's family lives, so that a logout ends access tokens at once."""

    def check_claims(self, claims: dict[str, Any]) -> None:
        """Refuse a token of an ended family, and note that the client holds the current tokens."""
        if "fam" not in claims:
            return  # signed by the version that kept no record of sessions
        if not families.confirm(claims["fam"], claims["rot"]):
            raise AuthenticationFailed("The session has ended.", "session_revoked")
