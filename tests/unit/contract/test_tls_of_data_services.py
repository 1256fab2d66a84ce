"""TLS of PostgreSQL and Redis is set once and reaches everything that logs in there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from inventories import REAL, Inventory
from project_files import ROLES, Role, load, tasks_of

#: Options of TLS, by the name with which a module begins.
TLS = {
    "community.postgresql.": {"ssl_mode", "ca_cert"},
    "prober_rows_info": {"ssl_mode", "ca_cert"},
    "community.general.redis": {"tls", "ca_certs"},
}
CA = "/etc/ssl/certs/data.pem"


def logins() -> list[Any]:
    """(task, module's arguments, options of TLS) of every task of the roles that logs in to PostgreSQL or Redis."""
    return [
        pytest.param(arguments, options, id=task["name"])
        for role in ROLES
        for path in role.task_files
        for task in tasks_of(load(path))
        for module, arguments in task.items()
        for beginning, options in TLS.items()
        if module.startswith(beginning)
    ]


@pytest.mark.parametrize(("arguments", "options"), logins())
def test_each_login_says_how_tls_is_used(arguments: dict, options: set[str]):
    assert options - set(arguments) == set()


def dump(**variables: str) -> tuple[dict[str, str], dict[str, str]]:
    """Environment and mounted files, {source: target}, of the container that dumps and restores the database."""
    role, loader = Role("postgres"), DataLoader()
    [task] = [
        task
        for task in loader.load_from_file(str(role.path / "tasks/tool.yml"), trusted_as_template=True)
        if "community.docker.docker_container" in task
    ]
    defaults = loader.load_from_file(str(role.path / "defaults/main.yml"), trusted_as_template=True)
    given = {
        "__postgres_database": "shop",
        "__postgres_tool": "dump.sh",
        "postgres_backup_dir": "/srv/backups",
        "postgres_backup_name": "v2",
        "postgres_login_db": "shop",
        "postgres_login_user": "app",
        "postgres_password_file": "/srv/password",
    }
    templar = Templar(loader, variables=defaults | given | task["vars"] | variables)
    container = task["community.docker.docker_container"]
    return templar.template(container["env"]), {
        mount["source"]: mount["target"] for mount in templar.template(container["mounts"])
    }


def test_dump_uses_tls_as_the_inventory_says():
    environment, mounted = dump(postgres_ssl_mode="verify-full", postgres_ca_cert=CA)
    assert environment["PGSSLMODE"] == "verify-full"
    assert mounted[CA] == environment["PGSSLROOTCERT"]


def test_dump_without_a_certificate_mounts_none():
    environment, mounted = dump()
    assert (environment["PGSSLMODE"], environment["PGSSLROOTCERT"]) == ("prefer", "")
    assert list(mounted) == ["/srv/password"]


@pytest.mark.parametrize("inventory", REAL, ids=lambda inventory: inventory.name)
def test_an_inventory_says_it_once(inventory: Inventory):
    said = inventory.variables | {
        "postgres_ssl_mode": "verify-ca",
        "postgres_ca_cert": CA,
        "redis_tls": True,
        "redis_ca_cert": f"{CA}.redis",
    }
    readers = ["verify_postgres", *(["prober_postgres"] if inventory.render("prober_enabled") else [])]
    for name in readers:
        found = inventory.render(name, said)
        assert (found["ssl_mode"], found["ca_cert"]) == ("verify-ca", CA)
    redis = inventory.render("verify_redis", said)
    assert (redis["tls"], redis["ca_certs"]) == (True, f"{CA}.redis")


def test_production_checks_who_its_database_is():
    production = Inventory("production")
    assert production.render("postgres_ssl_mode") == "verify-full"
    assert production.render("postgres_ca_cert")
