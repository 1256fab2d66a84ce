"""The host after the ledger was rolled back to its first version, under traffic."""

import json


def test_the_first_version_serves(app):
    live = app.live()
    assert live.startswith("one-")
    assert app.running() == [f"{live}-app-1", f"{live}-spa-1"]
    assert app.releases()["two"]["state"] == "good"


def test_nobody_met_the_rollback(app, request):
    path = request.config.rootpath / "reports/ledger" / f"{app.live()}.json"
    report = json.loads(path.read_text())
    assert report["verb"] == "rollback"
    prober = report["prober"]
    assert (prober["failed"], prober["sessions"]["ended"], prober["kept"]) == (0, [], True)
    assert {name.split("-")[0] for name in prober["by_release"]} == {"one", "two"}


def test_the_table_of_the_second_version_stays(app):
    assert int(app.sql("SELECT count(*) FROM access_device_token")) > 0
