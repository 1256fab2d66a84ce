"""What happened to a session, as one JSON line each on standard output. Tokens never go in."""

import json
import logging
from datetime import datetime, timezone

from django.conf import settings

_logger = logging.getLogger("igny8.events")


def record(event: str, **fields: object) -> None:
    """Write `event` with the time (UTC), the release and `fields`; what JSON lacks becomes text."""
    line = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "event": event,
        "release": settings.RELEASE_ID,
        **fields,
    }
    _logger.info(json.dumps(line, default=str))
