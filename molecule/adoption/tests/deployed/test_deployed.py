"""The fix was deployed over the adopted release."""


def test_the_fix_is_live_and_the_adopted_release_is_kept(app):
    assert app.live().startswith("fix-")
    assert app.releases()["adopted"]["state"] == "good"
    assert app.releases()["fix"]["predecessor"] == app.releases()["adopted"]["id"]


def test_nothing_of_the_adopted_release_runs(app):
    running = app.run("docker ps --filter label=com.docker.compose.project=igny8 --format '{{.Names}}'")
    assert running.strip() == ""


def test_assets_of_both_are_served(app):
    root = "/data/app/igny8/releases"
    for record in app.releases().values():
        for asset in app.run(f"ls {root}/{record['id']}/assets").split():
            assert app.get(f"/assets/{asset}").status == 200
