"""The host after the fix was deployed, rolled back and deployed again."""

from app_host import ROOT
from faulty_runs import noted
from playbook_run import Case, check_refusal, run


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


def test_a_release_without_its_image_is_refused_before_anything_is_touched(app, inventory):
    release, live = app.releases()["next"], app.live()
    app.run(f"docker rmi --force {release['images']['backend']}")
    asked = ("-e", f"release={release['id']}")
    case = Case(
        "gone", "rollback", "cannot be started: the image of backend is not on this host any more", asked
    )
    with noted("image of the rollback's target is gone", "refused"):
        check_refusal(case, run(case, inventory))
    assert app.live() == live
