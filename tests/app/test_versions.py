"""Each version as a whole: migrations, checks, and the faults that some are made to have."""

import pytest
import requests

from app_client import Client, refusal
from app_stack import SOURCE, VERSIONS, wait_for


@pytest.mark.parametrize("version", VERSIONS)
def test_models_and_migrations_agree_and_checks_are_clean(stack, backend, version: str) -> None:
    made = backend(version)
    drift = made.manage("makemigrations", "--check", "--dry-run")
    assert drift.returncode == 0, drift.stdout + drift.stderr
    assert drift.stderr == "", "the system checks, which run first, have nothing to say"


def test_before_needs_everything_of_fix_but_redis() -> None:
    fix = set((SOURCE / "base/backend/requirements.txt").read_text().split())
    before = set((SOURCE / "overlays/before/backend/requirements.txt").read_text().split())
    assert before < fix
    assert {line.split("==")[0] for line in fix - before} == {"django-redis", "redis"}


def test_grace_must_be_less_than_half_of_the_access_lifetime(backend) -> None:
    result = backend("fix", ACCESS_TOKEN_SECONDS="10", REFRESH_GRACE_SECONDS="5").manage("check")
    assert result.returncode != 0
    assert "REFRESH_GRACE_SECONDS is 5; it must be less than half" in result.stderr


def test_next_only_adds(stack, backend) -> None:
    successor = backend("next")
    assert successor.manage("migrate", "--verbosity", "0").returncode == 0
    for server in (stack.before, stack.fix, successor.start()):
        assert Client(server.url).register().login().get("/api/notes/").status_code == 200
        assert requests.get(f"{server.url}/readyz", timeout=5).status_code == 200


def test_readyz_names_a_missing_migration(stack, backend) -> None:
    behind = backend("broken-migration")
    behind.launch()
    wait_for(lambda: requests.get(f"{behind.url}/livez", timeout=2).ok, "livez")
    answer = requests.get(f"{behind.url}/readyz", timeout=5)
    assert (answer.status_code, answer.json()["failing"]) == (503, ["migrations"])


def test_broken_migration_leaves_the_others_working(stack, backend) -> None:
    for _ in range(2):
        result = backend("broken-migration").manage("migrate", "--verbosity", "0")
        assert result.returncode != 0 and "made_to_fail" in result.stderr
    for server in (stack.before, stack.fix):
        assert Client(server.url).register().login().get("/api/notes/").status_code == 200


def test_broken_start_exits(backend) -> None:
    broken = backend("broken-start")
    broken.launch()
    assert broken.process.wait(timeout=20) != 0


def test_broken_login_is_ready_and_logs_nobody_in(stack, backend) -> None:
    broken = backend("broken-login").start()
    client = Client(broken.url).register()
    answer = client.post("/api/auth/login/", {"email": client.email, "password": "correct horse battery"})
    assert refusal(answer) == (500, "server_error")


def test_seed_users_is_idempotent_and_leaves_passwords_alone(stack) -> None:
    arguments = ["seed_users", "--count", "30", "--prefix", "prober", "--domain", "igny8.test"]
    for password in ("correct horse battery\n", "another password\n"):
        result = stack.fix.manage(*arguments, stdin=password)
        assert (result.returncode, result.stdout) == (0, "30\n"), result.stderr
    Client(stack.fix.url, email="prober030@igny8.test").login()
    assert stack.fix.manage(*arguments).returncode != 0
