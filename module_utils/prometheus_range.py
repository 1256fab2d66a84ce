"""What is asked of a Prometheus, and what its answers say. Needs no HTTP: the module asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

#: A chart has no more points than this.
POINTS = 500


class PrometheusError(Exception):
    """It did not answer as a Prometheus does; the text ends the sentence that begins with its address."""


def _step(seconds: int, least_step: int) -> int:
    return max(seconds // POINTS, least_step, 1)


def query_url(url: str, query: str, until: float, seconds: int, least_step: int) -> str:
    """Return the address of a query over the time until then, which is the time of its last value."""
    step, end = _step(seconds, least_step), int(until)
    asked = {"query": query, "start": end - seconds // step * step, "end": end, "step": step}
    return f"{url.rstrip('/')}/api/v1/query_range?{urlencode(asked)}"


def known_seconds(points: Mapping[str, list], until: float, seconds: int, least_step: int) -> int:
    """Return of how many of the seconds until then a figure is known: a young Prometheus has none of before it began.

    points: what it answered for all of them. It is known no better than to a step; with no value at all it is all.
    """
    first = min((values[0][0] for values in points.values() if values), default=0)
    return min(seconds, int(until - first) + _step(seconds, least_step))


def request_headers(user: str, password: str) -> dict[str, str]:
    """Return the header that carries a token, which is a password without a user."""
    return {"Authorization": f"Bearer {password}"} if password and not user else {}


def points_of(body: bytes) -> list[list[Any]]:
    """Return the [time, value] pairs of an answer's first series, none where it has no series."""
    try:
        answer = json.loads(body)
        if answer["status"] != "success":
            raise PrometheusError(f"does not take a query: {str(answer.get('error', ''))[:200]}")
        result = answer["data"]["result"]
        return [[float(at), str(value)] for at, value in result[0]["values"]] if result else []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PrometheusError("answers, but not as a Prometheus does: is this its address?") from error


def status_problem(status: int) -> str:
    """Return what an answer that is no success says, as the end of a sentence."""
    if status in (401, 403):
        return f"lets nobody in with these credentials (HTTP {status})"
    if 300 <= status < 400:
        return f"sends elsewhere (HTTP {status}), where no credentials are taken: name that address"
    return f"answers HTTP {status}"


def unreachable(error: Exception) -> str:
    """Return why no answer came, as the end of a sentence."""
    reason = getattr(error, "reason", None) or error
    return f"does not answer ({getattr(reason, 'strerror', None) or reason or type(error).__name__})"
