"""The host after the fix was deployed, rolled back and deployed again."""

from app_host import ROOT


def test_the_fix_serves_under_the_id_it_had(app):
    live = app.record(app.live())
    assert live["version"] == "fix"
    names = app.run(f"ls {ROOT}/releases").split()
    assert [name for name in names if name.startswith("fix-")] == [live["id"]]


def test_a_session_that_was_ended_on_the_old_version_stays_ended(app, host):
    cookie = host.file("/root/kept-session").content_string
    answer = app.run(
        "curl --silent --output /dev/null --write-out '%{http_code}' "
        f"--cookie sessionid={cookie} http://127.0.0.1/api/auth/me/"
    )
    assert answer == "401"
