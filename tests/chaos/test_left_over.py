"""What is asked of the host after each run that was cut short and run again."""

import os

from left_over import left_over


def test_the_version_that_was_wanted_is_live_and_alone(app):
    version = os.environ["CHAOS_VERSION"]
    live = app.live()
    assert live.startswith(f"{version}-")
    assert app.record(live)["state"] == "live"
    assert all(name.startswith(f"{version}-") for name in app.running())


def test_nothing_is_left_over(app):
    assert left_over(app) == ""
