"""What a stack that was started by hand becomes as a release."""

from __future__ import annotations

import pytest
from ansible.module_utils.adoption import (
    AdoptionError,
    adopted_compose,
    adopted_containers,
    bind_sources,
    changed_sources,
    check_unchanged,
    checksum,
    find_stack,
    own_paths,
    service_of,
)

SERVICES = {
    "app_api": {"part": "api", "built_image": "api"},
    "app_web": {"part": "web", "built_image": "web", "volumes": ["/srv/kept:/kept:ro"]},
}


def container(service: str, project: str = "app", running: bool = True, **labels: str) -> dict:
    known = {"com.docker.compose.service": service, "com.docker.compose.project": project}
    known |= {"com.docker.compose.config-hash": f"hash of {service}"}
    known |= {"com.docker.compose.project.config_files": "/srv/app/compose.yml"}
    known |= {name.replace("__", "."): value for name, value in labels.items()}
    return {"State": {"Running": running}, "Config": {"Labels": known}, "Mounts": []}


def services_of(containers: list[dict]) -> list[str]:
    return [service_of(c) for c in containers]


BOTH = [container("app_web"), container("app_api")]


def test_the_project_of_the_inventorys_services_is_found_sorted():
    others = [container("db", "data"), {"State": {"Running": True}, "Config": {"Labels": None}, "Mounts": []}]
    assert services_of(find_stack([*BOTH, *others], SERVICES)) == ["app_api", "app_web"]


@pytest.mark.parametrize(
    "containers",
    [
        [],
        [container("db", "data")],
        [container("app_api", running=False)],
        [container("app_api", release__id="v1")],
        [container("app_api", com__docker__compose__oneoff="True")],
    ],
    ids=["nothing", "another project", "stopped", "a release", "one-off"],
)
def test_no_stack_is_found_where_none_was_started_by_hand(containers):
    assert find_stack(containers, SERVICES) == []


@pytest.mark.parametrize(
    ("containers", "words"),
    [
        (
            [*BOTH, container("app_worker")],
            "runs app_worker, which release_services of the inventory does not list",
        ),
        ([container("app_api")], "does not run app_web"),
        ([*BOTH, container("app_api")], "runs app_api more than once"),
        ([*BOTH, container("app_api", "other")], "projects app and other both"),
    ],
)
def test_what_the_inventory_does_not_list_is_refused_by_name(containers, words):
    with pytest.raises(AdoptionError, match=words):
        find_stack(containers, SERVICES)


def test_a_compose_file_that_changed_since_the_start_is_refused():
    hashes = {"app_api": "hash of app_api", "app_web": "hash of app_web"}
    check_unchanged(BOTH, hashes)
    with pytest.raises(AdoptionError, match="what app_web was started with"):
        check_unchanged(BOTH, hashes | {"app_web": "another"})


def test_sources_are_bind_mounts_that_are_neither_secrets_nor_data():
    mounts = [("bind", "/srv/app/code", "/app"), ("bind", "/srv/app/secrets/key", "/run/secrets/key")]
    mounts += [("bind", "/srv/app/media", "/media"), ("volume", "/var/lib/docker/x", "/cache")]
    member = container("app_api") | {
        "Mounts": [{"Type": kind, "Source": source, "Destination": to} for kind, source, to in mounts]
    }
    assert bind_sources([member], ["/srv/app/media"]) == ["/srv/app/code"]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "code"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "a.py").write_text("a")
    (folder / "link").symlink_to("a.py")
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("b"),
        lambda folder: (folder / "new.py").touch(),
        lambda folder: (folder / "a.py").chmod(0o755),
        lambda folder: (folder / "a.py").unlink(),
        lambda folder: ((folder / "link").unlink(), (folder / "link").symlink_to("b.py")),
    ],
    ids=["content", "new file", "mode", "removed", "link"],
)
def test_every_change_of_the_source_is_seen(source, change):
    recorded = {str(source): checksum(str(source))}
    assert changed_sources(recorded) == []
    change(source)
    assert changed_sources(recorded) == [str(source)]


def test_what_python_and_the_releases_write_is_no_change(source):
    own = own_paths(str(source))
    before = checksum(str(source), own)
    (source / "__pycache__/a.pyc").touch()
    (source / "releases").mkdir()
    (source / "releases/record.json").touch()
    (source / "lock.json").touch()
    assert checksum(str(source), own) == before


def test_source_that_is_gone_has_changed():
    assert changed_sources({"/nowhere/at/all": "0"}) == ["/nowhere/at/all"]


def model() -> dict:
    web = {
        "image": "web:local",
        "command": None,
        "ports": [{"published": "80"}],
        "build": {},
        "networks": {"default": None},
    }
    return {
        "name": "app",
        "networks": {"default": {"name": "app_default"}},
        "services": {"app_api": {"image": "api:local", "command": ["serve"]}, "app_web": web},
    }


def test_compose_file_starts_the_same_images_without_the_port():
    content = adopted_compose(model(), SERVICES, "by.hand-1", "edge")
    web = content["services"]["app_web"]
    assert (content["name"], web["image"], web["container_name"]) == (
        "app",
        "web:by.hand-1",
        "by-hand-1-app_web-1",
    )
    assert {"ports", "build", "command"} & set(web) == set()
    assert web["networks"] == {"default": None, "edge": {"aliases": ["web-${RELEASE_SLOT}"]}}
    assert web["volumes"] == ["/srv/kept:/kept:ro"]
    assert content["services"]["app_api"]["command"] == ["serve"]
    assert content["networks"]["edge"] == {"name": "edge", "external": True}
    assert web["labels"]["release.id"] == "by.hand-1"


def test_compose_file_keeps_what_the_stack_mounts_itself():
    known = model()
    known["services"]["app_web"]["volumes"] = [{"type": "bind", "source": "/own", "target": "/kept"}]
    assert adopted_compose(known, SERVICES, "v1", "edge")["services"]["app_web"]["volumes"] == [
        {"type": "bind", "source": "/own", "target": "/kept"}
    ]


def test_compose_puts_nothing_in_the_place_of_a_dollar_in_what_every_release_mounts():
    known = model()
    # As `docker compose config` writes it.
    known["services"]["app_web"]["volumes"] = [{"type": "bind", "source": "/own", "target": "/$$kept"}]
    services = SERVICES | {"app_web": SERVICES["app_web"] | {"volumes": ["/srv:/$kept", "/srv:/$more"]}}
    assert adopted_compose(known, services, "v1", "edge")["services"]["app_web"]["volumes"] == [
        {"type": "bind", "source": "/own", "target": "/$$kept"},
        "/srv:/$$more",
    ]


def test_compose_file_needs_nothing_that_ran_once_before_the_stack():
    known = model()
    known["services"]["migrate"] = {"image": "api:local"}
    known["services"]["app_web"]["depends_on"] = {
        "migrate": {"condition": "service_completed_successfully", "required": True},
        "app_api": {"condition": "service_healthy", "required": True},
    }
    services = adopted_compose(known, SERVICES, "v1", "edge")["services"]
    assert services["app_web"]["depends_on"] == {
        "app_api": {"condition": "service_healthy", "required": True}
    }
    assert set(services) == set(SERVICES)


def test_service_on_the_hosts_network_is_refused():
    known = model()
    known["services"]["app_api"]["network_mode"] = "host"
    with pytest.raises(AdoptionError, match="app_api runs with network_mode"):
        adopted_compose(known, SERVICES, "v1", "edge")


def test_adopted_containers_are_told_by_their_records():
    records = {"v0": {"slot": "blue", "adopted": {"id1": "api", "id2": ""}}, "v1": {"slot": "green"}}
    assert adopted_containers(records) == {
        "id1": {"release": "v0", "part": "api", "slot": "blue"},
        "id2": {"release": "v0", "part": "", "slot": "blue"},
    }
