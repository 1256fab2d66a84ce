"""The edge has the public port, and the containers that were started by hand serve behind it."""

from app_host import EDGE


def test_the_edge_answers_with_the_adopted_release(app):
    [adopted] = app.releases().values()
    assert app.live() == adopted["id"]
    assert app.get("/api/auth/me/").headers["x-release"] == adopted["id"]
    assert app.run("docker ps --filter publish=80 --format '{{.Names}}'").split() == ["edge-edge-1"]


def test_no_container_was_stopped_or_made_again(app):
    for line in app.run("cat /root/by-hand").splitlines():
        name, *known = line.split()
        assert (
            app.run(f"docker inspect --format '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {name}").split() == known
        )


def test_the_port_was_back_before_clients_give_up(app):
    """New connections wait meanwhile; the prober, as the least patient of clients, does so for 10 s."""
    [adopted] = app.releases().values()
    assert 0 < adopted["takeover"]["gap_seconds"] < 8


def test_new_connections_waited_meanwhile(app):
    [adopted] = app.releases().values()
    assert adopted["takeover"]["held"] is True
    assert "DROP" not in app.run("iptables -t raw -S PREROUTING").replace("-P PREROUTING ACCEPT", "")


def test_the_record_names_the_containers_that_run(app):
    [adopted] = app.releases().values()
    known = {line.split()[1] for line in app.run("cat /root/by-hand").splitlines()}
    assert set(adopted["adopted"]) == known


def test_nothing_is_left_of_the_takeover(app):
    assert app.host.run(f"test -e {EDGE}/takeover.json").rc == 1
