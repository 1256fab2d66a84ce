"""How the application's refreshes end, as its counter `auth_refresh_total` and its log name it."""

from __future__ import annotations

#: The client did nothing wrong, and its session ended or went without an answer.
FAILED = frozenset({"failed", "token_invalid", "reuse_detected"})
#: The session was over before: no answer could have been better.
OVER = frozenset({"token_expired", "session_revoked"})
