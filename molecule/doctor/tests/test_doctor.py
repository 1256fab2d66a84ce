"""Every entry of the guide's Troubleshooting, broken for real: named first, nothing else critical, and mended."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from app_host import ROOT, AppHost
from playbook_run import NOISE, PROJECT, Case, run

BROWSER = {"SANDBOX_VERIFY_LEVEL": "browser"}
STARTED = (
    "docker inspect --format '{{.Name}} {{.State.StartedAt}}' $(docker ps --quiet) | cut --characters 2-"
)
REPORTS = PROJECT / "reports"
#: Nobody's real secrets: each is looked for in the support bundle.
SEEDED = {
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0ZXN0LXNlZWQifQ.c2VlZGVkLXNpZ25hdHVyZQ",
    "cookie": "seededsessioncookie0123456789",
    "password": "seeded-password-5512",
    "bearer": "seeded.bearer-value_77",
}


@dataclass(frozen=True)
class Fault:
    """One way to break a host: how, which kind of finding it is, and whether a browser has to look.

    redeploys: whether it is mended by a deploy or a rollback, which makes containers of releases anew.
    """

    name: str
    kind: str
    breaks: Callable[[AppHost], Any]
    evidence: str
    environment: dict[str, str]
    redeploys: bool = True


def container(app: AppHost, service: str) -> str:
    """The container of a service of the live release."""
    return app.run(
        f"docker ps --all --filter label=release.id={app.live()} --filter label=com.docker.compose.service={service}"
        " --format '{{.Names}}'"
    ).strip()


def remake(app: AppHost, release: str, service: str) -> None:
    """Make a container again of whatever its image's name stands for now, as somebody does who helps himself."""
    folder = f"{ROOT}/releases/{release}"
    compose = f"docker compose --project-directory {folder} --file {folder}/compose.yml"
    app.run(f"{compose} up --detach --no-deps {service}")


def lose_the_table(app: AppHost) -> None:
    """The table is gone, and its migrations with it."""
    app.run(f"docker exec {container(app, 'igny8_backend')} python manage.py migrate igny8_auth 0001")


def stop_redis(app: AppHost) -> None:
    app.run("docker stop igny8-data-redis-1")


def stop_frontend(app: AppHost) -> None:
    app.run(f"docker stop {container(app, 'igny8_frontend')}")


def lose_django_redis(app: AppHost) -> None:
    """An image that was built without it, in the place of the release's."""
    live = app.live()
    steps = [
        f"FROM igny8-backend:{live}",
        "USER root",
        "RUN rm -r /venv/lib/python3*/site-packages/django_redis*",
    ]
    given = "\\n".join([*steps, "USER 10001:10001", ""])
    app.run(f"printf '{given}' | docker build --quiet --tag igny8-backend:{live} -")
    remake(app, live, "igny8_backend")


def bring(app: AppHost, version: str) -> None:
    """Bring a version live that a browser would have refused: deployed as it is, or back where it was live once."""
    known = app.releases().get(version)
    # The guide's edits would repair it.
    new = {"igny8_version": version, "release_source_edits": {}}
    verb, what = ("rollback", {"release": known["id"]}) if known else ("deploy", new)
    case = Case(
        verb,
        verb,
        "",
        ("-e", json.dumps(what | {"prober_enabled": False})),
        environment={"SANDBOX_VERIFY_LEVEL": "api"},
    )
    answer = run(case, PROJECT / "inventory" / "sandbox")
    assert answer.code == 0, answer.text


def stop_rotating(app: AppHost) -> None:
    bring(app, "old-api")
    app.run(f"docker exec {container(app, 'igny8_backend')} touch /tmp/stop-rotating")


def serve_the_old_api(app: AppHost) -> None:
    bring(app, "old-api")
    app.run(f"docker exec {container(app, 'igny8_backend')} rm -f /tmp/stop-rotating")


def silence_the_tabs(app: AppHost) -> None:
    bring(app, "deaf-tabs")


FAULTS = [
    Fault("table", "migrations", lose_the_table, r"not applied: igny8_auth\.0002", {}, redeploys=False),
    Fault("redis", "redis", stop_redis, "refused", {}, redeploys=False),
    Fault("container", "stopped", stop_frontend, "exited", {}, redeploys=False),
    Fault("django-redis", "modules", lose_django_redis, "django-redis is not usable in the image", {}),
    Fault("rotation", "refresh", stop_rotating, "rotation", {}),
    Fault("old-api", "errors", serve_the_old_api, "browser_errors", BROWSER),
    Fault("tabs", "tabs", silence_the_tabs, "browser_logout", BROWSER),
]


@dataclass(frozen=True)
class Told:
    """What a run of the doctor says: exit code, output, and the findings before it mended something and after."""

    code: int
    text: str
    before: list[dict]
    findings: list[dict]


def doctor(inventory: Path, report: Path, environment: dict[str, str], *arguments: str) -> Told:
    """Run the doctor as an operator does."""
    report.unlink(missing_ok=True)
    given = ("-e", f"doctor_report_file={report}", *arguments)
    answer = run(Case("doctor", "doctor", "", given, environment=environment), inventory)
    assert not NOISE.search(answer.text), answer.text
    written = json.loads(report.read_text()) if report.exists() else {"before": [], "findings": []}
    return Told(answer.code, answer.text, written["before"], written["findings"])


def critical(findings: list[dict]) -> list[str]:
    return [finding["kind"] for finding in findings if finding["status"] == "critical"]


def test_a_good_host_is_well(inventory, tmp_path):
    told = doctor(inventory, tmp_path / "report.json", {})
    assert told.code == 0, told.text
    assert critical(told.findings) == []
    # The report is all that is written, on the control node.
    assert "changed: [sandbox]" not in told.text


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_named_first_and_mended(app, inventory, tmp_path, fault: Fault):
    fault.breaks(app)
    others = untouched(app, fault)
    told = doctor(inventory, tmp_path / "report.json", fault.environment, "-e", "doctor_fix=true")
    assert critical(told.before) == [fault.kind], told.text
    assert told.before[0]["kind"] == fault.kind
    assert re.search(fault.evidence, told.before[0]["evidence"]), told.before[0]
    assert told.code == 0, told.text
    assert critical(told.findings) == []
    assert app.get("/").status == 200
    assert {"igny8-data-postgres-1", "edge-edge-1"} <= set(others)
    assert untouched(app, fault).items() >= others.items()


def untouched(app: AppHost, fault: Fault) -> dict[str, str]:
    """When each container was started that runs, without those that mending makes anew: all these go on."""
    started = dict(line.split() for line in app.run(STARTED).splitlines())
    anew = app.running() if fault.redeploys else []
    return {name: at for name, at in started.items() if name not in anew}


def test_a_dry_run_and_a_look_leave_it_as_it_is(app, inventory, tmp_path):
    """With a bundle of what was seen, in which no secret is left."""
    stop_redis(app)
    seed(app)
    bundles = set(REPORTS.glob("*-doctor-*.tar.gz"))
    told = doctor(inventory, tmp_path / "report.json", {}, "--check", "-e", "doctor_fix=true")
    assert "would run: docker start igny8-data-redis-1" in told.text
    told = doctor(inventory, tmp_path / "report.json", {}, "-e", "doctor_bundle=true")
    assert told.code != 0
    assert critical(told.findings) == ["redis"]
    assert (
        app.run("docker ps --all --filter name=igny8-data-redis-1 --format '{{.State}}'").strip() == "exited"
    )
    [bundle] = set(REPORTS.glob("*-doctor-*.tar.gz")) - bundles
    texts = unpacked(bundle)
    assert {"findings.json", "logs/edge-edge-1.txt", "files/data/app/edge/etc/maps/live.map"} <= set(texts)
    found = [(name, secret) for name, text in texts.items() for secret in secrets() if secret in name + text]
    assert found == []
    assert "[token]" in texts["logs/seeded.txt"] and "[secret]" in texts["logs/seeded.txt"]
    app.run("docker start igny8-data-redis-1 && docker rm --force seeded")


def seed(app: AppHost) -> None:
    """Have a container of ours log secrets as careless code does."""
    lines = [
        f"Authorization: Bearer {SEEDED['bearer']}",
        f"token {SEEDED['jwt']} was refused",
        f"Set-Cookie: sessionid={SEEDED['cookie']}; HttpOnly",
        json.dumps({"password": SEEDED["password"]}),
        *secrets()[len(SEEDED) :],
    ]
    text = "\n".join(lines).replace("'", "")
    app.run("docker rm --force seeded 2>/dev/null || true")
    label = "--label com.docker.compose.project=monitoring"
    app.run(f"docker run --name seeded {label} --network none debian:bookworm-slim printf '%s\\n' '{text}'")


def secrets() -> list[str]:
    """What must not be in a bundle: what was seeded, and the vault."""
    vault = yaml.safe_load((PROJECT / "inventory/sandbox/group_vars/all/vault.yml").read_text())
    return [*SEEDED.values(), *vault.values()]


def unpacked(bundle: Path) -> dict[str, str]:
    """Texts of a bundle by their names in it."""
    with tarfile.open(bundle) as archive:
        return {
            member.name.partition("/")[2]: archive.extractfile(member).read().decode()
            for member in archive.getmembers()
        }
