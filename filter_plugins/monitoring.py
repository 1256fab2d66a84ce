"""Filters of the role monitoring: the windows that rules look at, and names as PostgreSQL takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

import ansible.module_utils

# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.refresh_outcomes import FAILED, OVER  # noqa: E402

#: Seconds of each window, by its name.
WINDOWS = {
    "5m": 300,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "6h": 21600,
    "1d": 86400,
    "3d": 259200,
    "7d": 604800,
}
#: What is counted, as a selector of what of it is bad, and one of all.
COUNTED = {
    "refresh": (
        f'auth_refresh_total{{outcome=~"{"|".join(sorted(FAILED))}"}}',
        f'auth_refresh_total{{outcome!~"{"|".join(sorted(OVER))}"}}',
    ),
    "answers": (
        'haproxy_backend_http_responses_total{proxy=~"(api|web)_.*",code="5xx"}',
        'haproxy_backend_http_responses_total{proxy=~"(api|web)_.*"}',
    ),
}
#: The share that may be bad: success is above 99.9 %.
BUDGET = 0.001


def monitoring_windows(scale: float, least: float = 0) -> dict[str, int]:
    """Return the seconds of each window, by its name.

    ``scale`` says how many times faster than real time everything goes; no window is shorter than ``least``, that of
    some scrapes.
    """
    return {name: max(round(seconds / float(scale)), int(least), 1) for name, seconds in WINDOWS.items()}


def monitoring_identifier(name: str) -> str:
    """Return a name, or a schema and a name with a dot between them, quoted for PostgreSQL."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def monitoring_ssl_mode(login: Mapping[str, str]) -> str:
    """Return how the exporter uses TLS with PostgreSQL: its library has no mode that tries TLS and goes on without."""
    mode = login.get("ssl_mode") or "disable"
    if mode not in ("allow", "prefer"):
        return mode
    return "require" if login.get("ca_cert") else "disable"


def monitoring_read_since(figures: Iterable[str], seconds: float) -> str:
    """Return a query of those figures that are 1 and were read after a time, which what is read anew has to be."""
    return " or ".join(f"{figure} == 1 and timestamp({figure}) > {seconds}" for figure in figures)


def monitoring_columns(names: Iterable[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Return the table's own names of columns, by those that the queries know."""
    return {name: renamed.get(name, name) for name in names}


def monitoring_identifiers(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names of a mapping quoted, by its keys."""
    return {key: monitoring_identifier(name) for key, name in names.items()}


def monitoring_records(windows: Mapping[str, int], spans: Iterable[str]) -> list[dict[str, str]]:
    """Return recording rules: what was counted in each window, what of it was bad, and their ratio."""
    rules = []
    for (name, (bad, everything)), span in product(COUNTED.items(), spans):
        seconds = windows[span]
        rules += [
            {"record": f"{name}:bad_{span}", "expr": f"sum(increase({bad}[{seconds}s])) or vector(0)"},
            {"record": f"{name}:all_{span}", "expr": f"sum(increase({everything}[{seconds}s])) or vector(0)"},
            {"record": f"{name}:bad_ratio_{span}", "expr": f"{name}:bad_{span} / ({name}:all_{span} > 0)"},
        ]
    return rules


def monitoring_burns(
    name: str, long: str, short: str, times: float, least: int, budget: float = BUDGET
) -> str:
    """Return the condition that the budget is burnt ``times`` as fast as it may be, in a window and at its end.

    The failures have to be more than chance explains where the service is just as good as was promised: the mean of a
    Poisson count, three deviations, and one. And there have to be ``least`` of them in the long window: among few
    requests two failures are beyond chance, and may still be one client that has something wrong.
    """
    # increase() extrapolates to the ends of its window, so five are not quite 5: half of one tells them from four.
    some = least - 0.5
    limit = round(times * budget, 6)
    everything = f"{budget} * {name}:all_{long}"
    return (
        f"{name}:bad_ratio_{long} > {limit} and {name}:bad_ratio_{short} > {limit}"
        f" and {name}:bad_{long} > {some}"
        f" and {name}:bad_{long} > 1 + {everything} + 3 * sqrt({everything})"
    )


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict:
        return {
            "monitoring_windows": monitoring_windows,
            "monitoring_identifier": monitoring_identifier,
            "monitoring_identifiers": monitoring_identifiers,
            "monitoring_ssl_mode": monitoring_ssl_mode,
            "monitoring_read_since": monitoring_read_since,
            "monitoring_columns": monitoring_columns,
            "monitoring_records": monitoring_records,
            "monitoring_burns": monitoring_burns,
        }
