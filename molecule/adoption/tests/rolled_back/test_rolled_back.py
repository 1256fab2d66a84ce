"""The first deploy was rolled back to what was started by hand."""


def test_the_adopted_release_is_live_again(app):
    assert app.live() == app.releases()["adopted"]["id"]
    assert app.releases()["fix"]["state"] == "good"


def test_it_runs_from_the_very_images_that_were_started_by_hand(app):
    adopted = app.releases()["adopted"]
    for service, image in adopted["images"].items():
        name = f"{adopted['id']}-{service}-1"
        assert app.run(f"docker inspect --format '{{{{.Image}}}}' {name}").strip() == image


def test_it_has_no_port_of_its_own(app):
    assert app.run("docker ps --filter publish=80 --format '{{.Names}}'").split() == ["edge-edge-1"]
