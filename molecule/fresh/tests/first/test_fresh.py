"""The first deploy on a host that had nothing."""


def test_the_fix_is_live(app):
    live = app.live()
    assert live.startswith("fix-")
    assert app.record(live)["state"] == "live"
    assert "predecessor" not in app.record(live)


def test_the_edge_answers_by_https_with_its_certificate(app):
    certificate = "/data/app/edge/etc/tls/self-signed.pem"
    answer = app.run(f"curl --silent --include --max-time 10 --cacert {certificate} https://127.0.0.1/")
    status, *headers = answer.partition("\r\n\r\n")[0].splitlines()
    assert status.split() == ["HTTP/2", "200"]
    assert f"x-release: {app.live()}" in headers


def test_data_services_run_and_take_no_password_from_their_environment(app):
    names = app.run(
        "docker ps --filter label=com.docker.compose.project=igny8-data --format '{{.Names}}'"
    ).split()
    assert sorted(names) == ["igny8-data-postgres-1", "igny8-data-redis-1"]
    passwords = app.run(
        "cat /data/app/secrets/postgres_password; cut -d'\"' -f2 /data/app/secrets/redis.conf"
    ).split()
    everything = app.run(f"docker inspect {' '.join(names)}")
    assert [secret for secret in passwords if secret in everything] == []


def test_root_alone_gets_to_their_passwords_on_the_host(host):
    folder = host.file("/data/app/secrets")
    assert (folder.mode, folder.uid) == (0o700, 0)
    assert host.file("/data/app").mode == 0o755


def test_redis_lets_nobody_in_without_a_password(app):
    assert "NOAUTH" in app.run("docker exec igny8-data-redis-1 redis-cli ping")


def test_data_services_listen_on_the_loopback_alone(host):
    assert host.socket("tcp://127.0.0.1:5432").is_listening
    assert not host.socket("tcp://0.0.0.0:5432").is_listening
    assert not host.socket("tcp://0.0.0.0:6379").is_listening


def test_the_database_has_one_user(app):
    assert app.sql("SELECT count(*) FROM igny8_user") == "1"
