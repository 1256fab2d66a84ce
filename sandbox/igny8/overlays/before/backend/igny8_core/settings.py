"""Settings of the backend with stateless tokens and sessions in the database."""

from datetime import timedelta

from igny8_core import environment
from igny8_core.settings_common import *  # noqa: F403

READINESS_CHECKS = ["postgres", "migrations"]

SESSION_COOKIE_SAMESITE = "Strict"
SESSION_SAVE_EVERY_REQUEST = False

JWT_ACCESS_TOKEN_EXPIRY = timedelta(seconds=environment.integer("ACCESS_TOKEN_SECONDS", 15 * 60))
JWT_REFRESH_TOKEN_EXPIRY = timedelta(seconds=environment.integer("REFRESH_TOKEN_SECONDS", 7 * 24 * 3600))
