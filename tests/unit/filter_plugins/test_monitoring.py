"""Filters of the role monitoring."""

from __future__ import annotations

import pytest
from monitoring import monitoring_read_since, monitoring_ssl_mode


@pytest.mark.parametrize(
    ("login", "mode"),
    [
        ({}, "disable"),
        ({"ssl_mode": "disable"}, "disable"),
        ({"ssl_mode": "prefer", "ca_cert": ""}, "disable"),
        ({"ssl_mode": "allow"}, "disable"),
        ({"ssl_mode": "prefer", "ca_cert": "/etc/ssl/data.pem"}, "require"),
        ({"ssl_mode": "require"}, "require"),
        ({"ssl_mode": "verify-full", "ca_cert": "/etc/ssl/data.pem"}, "verify-full"),
    ],
)
def test_the_exporter_gets_a_mode_that_its_library_knows(login: dict, mode: str):
    assert monitoring_ssl_mode(login) == mode


def test_a_figure_counts_when_it_is_1_and_new():
    assert monitoring_read_since(["pg_up", 'up{job="edge"}'], 12.5) == (
        'pg_up == 1 and timestamp(pg_up) > 12.5 or up{job="edge"} == 1 and timestamp(up{job="edge"}) > 12.5'
    )
