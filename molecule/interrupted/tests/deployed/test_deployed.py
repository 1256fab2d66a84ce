"""A deploy that was killed six times and then ended."""

from left_over import left_over


def test_the_fix_is_live_and_recorded_once(app):
    record = app.releases()["fix"]
    assert app.live() == record["id"]
    assert (record["state"], app.releases()["before"]["state"]) == ("live", "good")
    assert all(name.startswith("fix-") for name in app.running())


def test_the_journal_tells_of_every_run_that_died(app):
    journal = app.releases()["fix"]["journal"]
    # Seven runs; the one that died while it unpacked the source has left no release to tell of.
    assert len({entry["run"] for entry in journal}) >= 6


def test_nothing_is_left_over(app):
    assert left_over(app) == ""
