"""A rollback that was killed five times and then ended."""

from left_over import left_over


def test_the_version_before_the_fix_is_live(app):
    assert app.live().startswith("before-")
    assert all(name.startswith("before-") for name in app.running())
    assert app.releases()["fix"]["state"] == "good"


def test_nothing_is_left_over(app):
    assert left_over(app) == ""
