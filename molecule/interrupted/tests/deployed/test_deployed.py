"""A deploy that was killed nine times and then ended."""

from left_over import left_over


def test_the_fix_is_live_and_recorded_once(app):
    record = app.releases()["fix"]
    assert app.live() == record["id"]
    assert (record["state"], app.releases()["before"]["state"]) == ("live", "good")
    assert all(name.startswith("fix-") for name in app.running())


def test_the_journal_tells_of_every_run_that_died(app):
    journal = app.releases()["fix"]["journal"]
    assert len({entry["run"] for entry in journal}) >= 8


def test_nothing_is_left_over(app):
    assert left_over(app) == ""
