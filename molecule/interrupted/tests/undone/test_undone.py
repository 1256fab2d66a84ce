"""A deploy that was killed once its containers ran, and given up by a rollback."""

from left_over import left_over


def test_the_release_that_was_live_before_it_still_is(app):
    assert app.live().startswith("fix-")
    assert all(name.startswith("fix-") for name in app.running())


def test_the_one_that_was_given_up_is_failed_and_says_why(app):
    record = app.releases()["next"]
    assert record["state"] == "failed"
    assert "cut short" in record["failure"]["reason"]


def test_nothing_is_left_over(app):
    assert left_over(app) == ""
