"""The bearer authentication of this version."""

from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from rest_framework.exceptions import AuthenticationFailed

from igny8_core.auth import families
from igny8_core.auth.bearer import BearerBase
from igny8_core.auth.models_user_epoch import UserEpoch


class BearerAuthentication(BearerBase):
    """Also asks whether the token's family lives, so that a logout ends access tokens at once."""

    def check_claims(self, claims: dict[str, Any]) -> None:
        """Refuse a token of an ended session, and note that the client holds the current tokens."""
        if not _session_lives(claims):
            raise AuthenticationFailed("The session has ended.", "session_revoked")


def _session_lives(claims: dict[str, Any]) -> bool:
    """Of a token without a family, from the version that kept no record, only the user's epoch is known."""
    if "fam" not in claims:
        issued_at = datetime.fromtimestamp(claims["iat"], timezone.utc)
        return not UserEpoch.has_passed(claims["user_id"], issued_at)
    try:
        family_id = UUID(claims["fam"])
    except (AttributeError, TypeError, ValueError):
        return False
    return families.confirm(claims["user_id"], family_id, claims.get("rot"))
