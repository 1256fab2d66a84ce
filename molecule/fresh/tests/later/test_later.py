"""The host after its second release was deployed, left, and deployed again, all under traffic."""


def test_the_successor_is_live_over_the_first_release(app):
    live = app.live()
    assert live.startswith("next-")
    assert app.record(live)["predecessor"].startswith("fix-")


def test_the_traffic_was_there(app):
    assert int(app.sql("SELECT count(*) FROM igny8_note")) > 100
    assert (
        int(app.sql("SELECT count(DISTINCT user_id) FROM auth_refresh_token WHERE revoked_at IS NULL")) > 100
    )
