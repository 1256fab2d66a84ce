"""Counts of what happens to sessions, for a Prometheus to read at `/metrics`. The edge sends no public request there.

Every event of the log is counted, by the kinds in `SERIES`. The workers are forked from one process, so their counts
are in memory that they share; each worker adds to a row of its own, and no worker ever waits for another.
"""

import json
import logging
import mmap
import os
import threading
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PATH = "/metrics"
#: Name of each counter, what it counts, its label, and the label's values. An event's own values are told by `_cell`.
SERIES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "auth_refresh_total": (
        "Answers to a refresh; `failed` are those of 5xx.",
        "outcome",
        (
            "rotated",
            "kept",
            "replayed",
            "redelivered",
            "adopted",
            "token_invalid",
            "token_expired",
            "session_revoked",
            "reuse_detected",
            "failed",
        ),  # fmt: skip
    ),
    "auth_login_total": ("Logins with a password.", "", ("",)),
    "auth_login_after_refusal_total": (
        "Logins of a browser that was refused something and did not log out.",
        "",
        ("",),
    ),
    "auth_logout_after_refusal_total": (
        "Logouts that came at once after a browser was refused something.",
        "",
        ("",),
    ),
    "auth_logout_total": ("Sessions ended by a request.", "reason", ("logout", "logout_all", "password")),
    "auth_refused_total": ("Answers of 402 and 403.", "status", ("402", "403")),
    "auth_rate_limited_total": ("Refreshes that were told to wait.", "", ("",)),
}
_CELLS = [(name, value) for name, (_help, _label, values) in SERIES.items() for value in values]
_PLACES = {cell: place for place, cell in enumerate(_CELLS)}
#: More than there are workers at a time; a row that is used again goes on from what it holds.
_ROWS = 64
_counts = memoryview(mmap.mmap(-1, _ROWS * len(_CELLS) * 8)).cast("Q")
_lock = threading.Lock()
_row = 0


def _take_next_row() -> None:
    """Before each fork, in the parent: the child has a row that no living sibling has."""
    global _row
    _row = (_row + 1) % _ROWS


os.register_at_fork(before=_take_next_row)


def count(name: str, value: str = "") -> None:
    """Count one. What is not in `SERIES` is not counted: a label's values are few, whatever a client sends."""
    place = _PLACES.get((name, value))
    if place is not None:
        with _lock:
            _counts[_row * len(_CELLS) + place] += 1


def text() -> str:
    """All counters in the format that Prometheus reads."""
    totals = [sum(_counts[place :: len(_CELLS)]) for place in range(len(_CELLS))]
    lines = ["# TYPE app_release_info gauge", f'app_release_info{{release="{settings.RELEASE_ID}"}} 1']
    for name, (words, label, values) in SERIES.items():
        lines += [f"# HELP {name} {words}", f"# TYPE {name} counter"]
        for value in values:
            labels = f'{{{label}="{value}"}}' if label else ""
            lines.append(f"{name}{labels} {totals[_PLACES[name, value]]}")
    return "\n".join(lines) + "\n"


def _cell(event: dict[str, object]) -> tuple[str, str]:
    """The counter of an event of the log, and the value of its label."""
    kind = event["event"]
    if kind == "password_change":
        return "auth_logout_total", "password"
    name = f"auth_{kind}_total"
    label = SERIES[name][1] if name in SERIES else ""
    return name, str(event.get(label, "")) if label else ""


class EventCounter(logging.Handler):
    """A handler of the events' log that counts what goes through it; what cannot be counted fails no request."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            count(*_cell(json.loads(record.getMessage())))
        except Exception:
            self.handleError(record)


class MetricsMiddleware:
    """Answers at `PATH`, before anything else looks at the request, and counts refreshes that failed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == PATH:
            return HttpResponse(text(), content_type="text/plain; version=0.0.4; charset=utf-8")
        response = self.get_response(request)
        if response.status_code >= 500 and request.path == "/api/auth/refresh/":
            count("auth_refresh_total", "failed")
        return response
