"""A rollback that was killed before its switch, and given up by a deploy of what is live."""

from left_over import left_over


def test_what_was_live_is_and_nothing_runs_beside_it(app):
    assert app.live().startswith("fix-")
    assert all(name.startswith("fix-") for name in app.running())


def test_a_rollback_can_still_go_where_that_one_went(app):
    assert app.releases()["before"]["state"] == "good"


def test_nothing_is_left_over(app):
    assert left_over(app) == ""
