"""The host after its second release was deployed and left again, under traffic."""


def test_the_first_release_is_live_again_and_its_successor_kept(app):
    assert app.live().startswith("fix-")
    assert app.releases()["next"]["state"] == "good"
    assert app.releases()["next"]["predecessor"] == app.live()


def test_the_traffic_was_there(app):
    assert int(app.sql("SELECT count(*) FROM igny8_note")) > 100
    assert (
        int(app.sql("SELECT count(DISTINCT user_id) FROM auth_refresh_token WHERE revoked_at IS NULL")) > 100
    )
