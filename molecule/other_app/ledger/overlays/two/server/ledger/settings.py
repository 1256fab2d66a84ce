"""Settings of version two: sessions in the database and in Redis."""

import os
from urllib.parse import quote

from ledger.settings_base import *  # noqa: F403
from ledger.settings_base import secret

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"redis://:{quote(secret('LEDGER_CACHE_PASSWORD_FILE'))}@{os.environ['LEDGER_CACHE_HOST']}/3",
        "KEY_PREFIX": "ledger",
    }
}
