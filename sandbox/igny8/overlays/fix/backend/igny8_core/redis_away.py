"""How often the log says that Redis is away."""

import logging
import time

_PERIOD_SECONDS = 10


class OncePerPeriod(logging.Filter):
    """One line each ten seconds from each process: every request fails several times while Redis is away."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass as one sentence without traceback, or not at all."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _PERIOD_SECONDS
        error = record.exc_info[1] if record.exc_info else record.getMessage()
        record.msg, record.args = "Redis is away; PostgreSQL is asked instead: %s", (error,)
        record.exc_info = record.exc_text = None
        return True
