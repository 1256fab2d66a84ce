"""How often something may be asked. Counted in Redis; while that is away nothing is limited."""

import ipaddress
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import caches
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from igny8_core import answers

_WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Limit:
    """A number of requests in each minute; `setting` names it, and 0 is no limit."""

    name: str
    setting: str

    def seconds_to_wait(self, subject: object) -> int:
        """Count one more request of `subject`; the seconds until it may be repeated, 0 for at once."""
        allowed = getattr(settings, self.setting)
        window, passed = divmod(int(time.time()), _WINDOW_SECONDS)
        if not allowed or self._count(f"limit:{self.name}:{subject}:{window}") <= allowed:
            return 0
        return _WINDOW_SECONDS - passed

    def _count(self, key: str) -> int:
        cache = caches["default"]
        added = cache.add(key, 1, 2 * _WINDOW_SECONDS)
        if added is None:
            return 0  # Redis is away
        try:
            return 1 if added else cache.incr(key) or 0
        except ValueError:
            return 1  # the count was just removed


# By family, not by token: rotating a token must not begin a new count.
FAMILY = Limit("family", "REFRESH_LIMIT_PER_FAMILY")
ADDRESS = Limit("address", "REFRESH_LIMIT_PER_ADDRESS")
PASSWORD = Limit("password", "PASSWORD_LIMIT_PER_USER")


def client_address(request: Request) -> str | None:
    """Where the request comes from; None when only the proxy is known, whose address stands for everybody."""
    if not settings.TRUSTED_PROXIES:
        return None
    peer = request.META.get("REMOTE_ADDR", "")
    if not _is_trusted(peer):
        return peer
    return request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or None


def refusal(wait: int) -> Response:
    """429, which ends no session."""
    words = f"Too many requests; try again in {wait} s."
    return answers.failure(
        words, "rate_limited", status.HTTP_429_TOO_MANY_REQUESTS, **{"Retry-After": str(wait)}
    )


def _is_trusted(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in settings.TRUSTED_PROXIES)
