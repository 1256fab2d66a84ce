"""The host was set up beside the app: its users notice nothing."""

from app_host import EDGE, ROOT


def test_the_app_has_the_public_port_as_before(app):
    answer = app.get("/api/auth/me/")
    assert answer.status in (401, 403)
    assert "x-release" not in answer.headers
    assert app.run("docker ps --filter publish=80 --format '{{.Names}}'").split() == ["igny8_frontend"]


def test_no_container_was_stopped_or_made_again(app):
    for line in app.run("cat /root/by-hand").splitlines():
        name, *known = line.split()
        assert (
            app.run(f"docker inspect --format '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {name}").split() == known
        )


def test_the_edge_runs_beside_it_with_the_adopted_release(app):
    address = app.run(
        "docker inspect --format '{{.NetworkSettings.Networks.edge.IPAddress}}' edge-edge-1"
    ).strip()
    [adopted] = app.releases().values()
    assert f"x-release: {adopted['id']}" in app.run(f"curl -si http://{address}:8080/").lower()
    assert f"x-release: {adopted['id']}" in app.run(f"curl -si http://{address}:8080/api/auth/me/").lower()


def test_the_release_is_recorded_with_its_images_and_its_source(app):
    [adopted] = app.releases().values()
    assert (adopted["state"], adopted["version"]) == ("live", "adopted")
    assert list(adopted["sources"]) == [f"{ROOT}/backend"]
    for service, image in adopted["images"].items():
        tag = f"{service.replace('_', '-')}:{adopted['id']}"
        assert app.run(f"docker image inspect --format '{{{{.Id}}}}' {tag}").strip() == image


def test_the_record_has_the_migrations_that_its_code_knows(app):
    [adopted] = app.releases().values()
    assert "igny8_notes.0001_initial" in adopted["migrations"]


def test_the_edge_was_started_after_its_configuration_was_written(app):
    started = app.run("date +%s --date \"$(docker inspect --format '{{.State.StartedAt}}' edge-edge-1)\"")
    assert int(started) >= int(app.run(f"stat --format %Y {EDGE}/etc/haproxy.cfg"))


def test_nothing_is_left_of_a_takeover(app):
    assert app.host.run(f"test -e {EDGE}/takeover.json").rc == 1
