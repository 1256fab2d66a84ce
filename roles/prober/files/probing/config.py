"""Settings of one prober, read from JSON on standard input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

POSITIVE = (
    "user_count",
    "sessions",
    "rate",
    "login_interval_seconds",
    "timeout_seconds",
    "max_seconds",
    "start_seconds",
    "final_seconds",
    "max_in_flight",
    "concurrency",
)


class ProberError(Exception):
    """The prober cannot do its work: what was looked at, what was found, what was needed."""


@dataclass(frozen=True)
class Config:
    """Names ending in _seconds are seconds; rate is requests per second; weights are shares of the mix."""

    directory: Path
    base_url: str
    headers: dict[str, str]
    ca_certs: str
    user_format: str
    user_count: int
    password: str
    sessions: int
    rate: float
    weights: dict[str, int]
    paths: dict[str, str]
    rotate_header: dict[str, str]
    login_fields: dict[str, str]
    data_key: str
    access_field: str
    refresh_field: str
    identity_field: str
    session_cookie: str
    release_header: str
    row_id_field: str
    row_body: dict[str, Any]
    asset_pattern: str
    login_interval_seconds: float
    timeout_seconds: float
    max_seconds: float
    start_seconds: float
    final_seconds: float
    max_in_flight: int
    concurrency: int
    progress_seconds: float = 5.0

    def mix(self) -> dict[str, int]:
        """The weights of what is sent; rows are left out when there is no path for them."""
        return {
            kind: weight for kind, weight in self.weights.items() if kind != "row" or self.paths.get("row")
        }

    def user(self, slot: int) -> str:
        """Name of the user of a slot; users are numbered from 1 and taken in turn."""
        return self.user_format % (slot % self.user_count + 1)


def read_config(text: str) -> Config:
    """Raises ProberError when a setting is missing, unknown or cannot be used."""
    try:
        given = json.loads(text)
        config = Config(**{**given, "directory": Path(given["directory"])})
    except (ValueError, TypeError, KeyError) as error:
        raise ProberError(f"the prober's settings cannot be read: {error}") from error
    problem = find_problem(config)
    if problem:
        raise ProberError(problem)
    return config


def find_problem(config: Config) -> str:
    """The first setting that cannot be used, in a sentence; empty when all can."""
    for name in POSITIVE:
        if getattr(config, name) <= 0:
            return f"prober_{name} is {getattr(config, name)}; more than 0 is needed"
    if sum(config.mix().values()) <= 0:
        return "every weight of prober_weights is 0; one more than 0 is needed"
    if config.sessions < config.user_count:
        return f"{config.sessions} sessions cannot cover {config.user_count} users; raise prober_sessions"
    if not urlsplit(config.base_url).hostname:
        return f"prober_base_url is {config.base_url!r}; an address with a host is needed"
    try:
        config.user_format % 1
    except (TypeError, ValueError):
        return f"prober_user_format is {config.user_format!r}; one %d is needed"
    return ""
