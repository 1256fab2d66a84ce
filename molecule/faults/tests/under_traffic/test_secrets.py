"""No secret is in what runs print at their most talkative, in a process while they run, nor in what they leave behind.

But for the files of secrets. In each place that is looked at a secret of the test is planted, which has to be found.
"""

from __future__ import annotations

import json
import os
import re
import secrets as random
import shlex
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from app_host import EDGE, ROOT
from leak_search import Search, unfolded, unpacked
from leak_watch import HERE, begin, end, on
from playbook_run import PROJECT, Case, run

VAULT = PROJECT / "inventory/sandbox/group_vars/all/vault.yml"
REPORTS = PROJECT / "reports"
MONITORING = "/data/app/monitoring"
IMAGE = "debian:bookworm-slim"
TALKATIVE = ("-vvvv", "--diff")
#: Header, claims and signature of a JWT; the marks of the tests have no claims.
JWT = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")
#: Folders of the host. What containers have in theirs is the engine's, and in none of these.
PLACES = [
    *("/data", "/root", "/home", "/tmp", "/var/tmp", "/var/log", "/var/spool"),
    *("/etc", "/opt", "/srv", "/run", "/dev/shm"),
]
#: What the engine says, by what it is asked.
TOLD = {
    "containers": "docker ps --all --quiet | xargs docker inspect",
    "logs": "docker ps --all --quiet | xargs --max-args=1 docker logs",
    "images": "docker images --quiet | sort -u | xargs docker inspect",
    "history": "docker images --quiet | sort -u | xargs --max-args=1 docker history --no-trunc",
    "volumes": "docker volume ls --quiet | xargs docker volume inspect",
}
DUMPS = f"{ROOT}/backups"
POSTGRES = "docker exec --interactive igny8-data-postgres-1"
#: Sessions of users are rows of theirs: what a run knows of its own is not looked for in these.
UNPACKED_DUMPS = {
    "dumps": f"for dump in {DUMPS}/*.dump; do {POSTGRES} pg_restore --file=- <$dump; done",
}
#: A secret of nobody's, of characters that are written in many ways.
PLANTED = f'planted-{random.token_hex(12)}"\\$+/%#&<'
QUOTED = shlex.quote(PLANTED)


def secrets() -> dict[str, str]:
    """The secrets of the inventory, and the one that is planted, by their names."""
    return {name: str(value) for name, value in yaml.safe_load(VAULT.read_text()).items()} | {
        "planted": PLANTED
    }


def leaked(hits: list[str]) -> list[str]:
    """Those that are no control of the search."""
    return [hit for hit in hits if not hit.startswith("planted in ")]


def talk(playbook: str, sentence: str, home: Path, version: str = "", **variables: object) -> Case:
    """A run that says all that it can; `sentence` is a regular expression of what it has to come to."""
    given = {"prober_enabled": False, "release_keep": 50, "verify_level": "browser"} | variables
    given |= {"igny8_version": version} if version else {}
    arguments = (*TALKATIVE, f"--extra-vars={json.dumps(given)}")
    environment = {"HOME": str(home), "TMPDIR": str(home / "tmp")}
    return Case(version or playbook, playbook, sentence, arguments, environment=environment)


def runs(home: Path) -> list[Case]:
    """Each of the secrets has a part in one of these. A prober of their own, since that of the scenario goes on."""
    prober = {
        "prober_enabled": True,
        "prober_directory": str(home / "prober"),
        "prober_requests_may_fail": True,
        "prober_user_count": 20,
        "prober_sessions": 20,
        "prober_rate": 5,
    }
    return [
        talk("deploy", "serves as before", home, "broken-login"),
        # It restores beside the database, and asks for a confirmation that nobody gives: users go on. From before
        # `next` migrates: the live release could not serve with an older backup than its own.
        talk("restore", "was restored beside the database and is sound", home),
        talk("deploy", "sessions are alive", home, "next", **prober),
        talk("doctor", "support bundle, without secrets and tokens", home, doctor_bundle=True),
        talk("rollback", "", home),
        # Last, since it leaves a role. It ends where it would start the images, which the host does not have.
        talk("setup", r"install \| Start it, and wait until it answers", home, monitoring_enabled=True),
    ]


#: Those that go well; the doctor may find something.
GO_WELL = {"next", "rollback"}


@dataclass(frozen=True)
class Watched:
    """What runs have printed, what was found in processes meanwhile, and what they knew by themselves."""

    outputs: dict[str, str]
    hits: dict[str, list[str]]
    processes: dict[str, int]
    learned: dict[str, str]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """All that runs write on the control node, but for reports, is here: no other run of this machine has it too."""
    with tempfile.TemporaryDirectory(prefix="leaks-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "tmp").mkdir()
        yield Path(folder)


@pytest.fixture(scope="module")
def watched(inventory, app, home) -> Watched:
    """The runs, and what was seen through all of them on both sides."""
    sessions = [f"{ROOT}/canaries.json", f"{EDGE}/run/admin.sock", "/etc/haproxy/maps/probe.map"]
    looking = {
        "host": begin(on(app.host), secrets=secrets(), watch="", sessions=sessions),
        "control node": begin(HERE, secrets=secrets(), watch=f"HOME={home}"),
    }
    found: dict[str, dict] = {}
    try:
        plant_processes(app, home)
        app.run(f"{POSTGRES} psql -U postgres -qc 'ALTER ROLE igny8 CREATEROLE'")
        answers = {case.name: (case, run(case, inventory)) for case in runs(home)}
    finally:
        found |= {name: end(one) for name, one in looking.items()}
    assert {
        name: [
            answer.code,
            *(found[-1500:] for found in re.findall(r"\[ERROR\]: .{,1500}", answer.text, re.DOTALL)),
        ]
        for name, (case, answer) in answers.items()
        if not re.search(case.sentence, answer.text)
        or (answer.code == 0) != (name in GO_WELL)
        and name != "doctor"
    } == {}
    return Watched(
        {name: answer.text for name, (_case, answer) in answers.items()},
        {name: one["hits"] for name, one in found.items()},
        {name: one["processes"] for name, one in found.items()},
        found["host"]["learned"],
    )


def plant_processes(app, home: Path) -> None:
    """A process on each side that has the secret in its arguments and its environment, for a second."""
    wait = "sleep 1; :"
    app.run(f"PLANTED={QUOTED} sh -c '{wait}' sh {QUOTED}")
    environment = {"HOME": str(home), "PLANTED": PLANTED, "PATH": os.environ["PATH"]}
    subprocess.run(["sh", "-c", wait, "sh", PLANTED], env=environment, check=True)


@pytest.fixture(scope="module")
def left(watched, app, home) -> dict[str, list[str]]:
    """What has a secret after all that, on the host and on the control node."""
    known = {"secrets": secrets(), "learned": watched.learned}
    with planted_on_host(app), planted_here(home):
        there = begin(on(app.host), **known, places=PLACES, spared="/secrets/", commands=TOLD)
        dumps = begin(on(app.host), secrets=secrets(), commands=UNPACKED_DUMPS)
        here = begin(HERE, **known, places=[str(home), str(REPORTS)])
        found = {"host": end(there)["hits"] + end(dumps)["hits"], "control node": end(here)["hits"]}
    # What the setup has begun.
    app.host.run(f"docker compose --project-directory {MONITORING} down")
    app.run(
        f"rm -rf {MONITORING}; "
        f"echo 'DROP OWNED BY monitoring; DROP ROLE monitoring; ALTER ROLE igny8 NOCREATEROLE' | "
        f"{POSTGRES} psql -U postgres -d igny8 -q"
    )
    return found


@contextmanager
def planted_on_host(app) -> Iterator[None]:
    """The secret in a file of each place, in an archive, in a dump, and in all that an engine tells."""
    table = f"CREATE TABLE planted (text text DEFAULT '{PLANTED}');"
    steps = [
        *(f"mkdir -p {place} && printf %s {QUOTED} >{place}/planted-leak" for place in PLACES),
        "tar -czf /tmp/planted-leak.tar.gz -C /root planted-leak",
        f"printf %s {shlex.quote(table)} | {POSTGRES} psql -U postgres -d postgres -q",
        f"{POSTGRES} pg_dump -U postgres --format=custom postgres >{DUMPS}/planted-leak.dump",
        f"docker volume create --label planted={QUOTED} planted-leak",
        f"docker run --name planted-leak --label planted={QUOTED} --network none {IMAGE} printf %s {QUOTED}",
        f"docker commit --message {QUOTED} planted-leak planted-leak:latest",
    ]
    undone = [
        f"rm -f {' '.join(f'{place}/planted-leak' for place in PLACES)}",
        f"rm -f /tmp/planted-leak.tar.gz {DUMPS}/planted-leak.dump",
        f"{POSTGRES} psql -U postgres -d postgres -qc 'DROP TABLE IF EXISTS planted'",
        "docker rm --force planted-leak; docker rmi planted-leak:latest; docker volume rm planted-leak",
    ]
    try:
        for step in steps:
            app.run(step)
        yield
    finally:
        for step in undone:
            app.host.run(step)


@contextmanager
def planted_here(home: Path) -> Iterator[None]:
    """The secret in Ansible's files, in an archive of its own, and among the reports."""
    files = [home / ".ansible/tmp/planted-leak", REPORTS / "planted-leak.json"]
    try:
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"why": PLANTED}))
        with tarfile.open(REPORTS / "planted-leak.tar.gz", "w:gz") as archive:
            archive.add(files[0], "planted")
        yield
    finally:
        for file in [*files, REPORTS / "planted-leak.tar.gz"]:
            file.unlink(missing_ok=True)


def test_secrets_are_secret_enough_to_be_searched_for():
    assert len(secrets()) >= 3
    assert [name for name, value in secrets().items() if len(value) < 10] == []


def test_no_run_prints_a_secret(watched):
    """Nor where the output folds a long text."""
    search, of_inventory = Search(secrets(), watched.learned), Search(secrets())
    texts = watched.outputs | {"control": json.dumps({"msg": PLANTED})}
    hits = set()
    for name, text in texts.items():
        hits |= search.hits(name, text.encode()) | of_inventory.hits(name, unfolded(text).encode())
    assert leaked(sorted(hits)) == []
    assert "planted in control" in hits


def test_the_sessions_and_the_key_of_runs_were_looked_for(watched):
    kinds = {name.rpartition(" ")[0] for name in watched.learned}
    assert kinds == {"canary's access", "canary's refresh", "canary's cookie", "prove key"}
    assert min(map(len, watched.learned.values())) >= 24


@pytest.mark.parametrize("side", ["host", "control node"])
def test_no_process_had_a_secret_while_they_ran(watched, side: str):
    """In its arguments, or in its environment."""
    hits = watched.hits[side]
    assert leaked(hits) == []
    for part in ("arguments", "environment"):
        assert [hit for hit in hits if hit.startswith(f"planted in {part} of ")] != []
    assert watched.processes[side] > 50


def test_browsers_were_used_and_their_jobs_are_forgotten(watched, home):
    """What a run leaves there that dies: `tests/browser/test_browser_tab.py`."""
    # An output is one line: a pattern that begins with anything would be tried from each of its characters to its end.
    # The rollback's target was deployed without a browser, so none is asked of it.
    alone = re.compile(
        r"verified by the API alone, although .{,20} is browser: (?!Nothing in a browser is expected).{,300}"
    )
    assert {name: found for name, text in watched.outputs.items() if (found := alone.findall(text))} == {}
    assert {"browser_flow", "browser_tab"} <= set(re.findall(r"browser_\w+", watched.outputs["next"]))
    assert [path for path in (home / ".ansible_async").rglob("*") if path.is_file()] == []
    assert list((REPORTS / "pictures").rglob("*.jpg")) != []


def test_no_run_prints_a_token(watched):
    outputs = watched.outputs.items()
    assert {name: found[:3] for name, text in outputs if (found := JWT.findall(text.encode()))} == {}


def test_no_report_has_a_token(watched):
    """Nor has a support bundle."""
    files = [path for path in REPORTS.rglob("*") if path.is_file()]
    assert [path for path in files if path.name.endswith(".tar.gz") and "-doctor-" in path.name] != []
    assert [
        path.name
        for path in files
        if any(JWT.search(part) for part in (path.read_bytes(), *unpacked(path.read_bytes())))
    ] == []


def test_nothing_of_the_control_node_has_a_secret(left, home):
    hits = left["control node"]
    assert leaked(hits) == []
    where = [
        home / ".ansible/tmp/planted-leak",
        REPORTS / "planted-leak.json",
        REPORTS / "planted-leak.tar.gz",
    ]
    assert {f"planted in {path}" for path in where} - set(hits) == set()


def test_nothing_of_the_host_has_a_secret_but_the_files_of_secrets(left):
    """Neither files and archives, nor dumps, nor what the engine tells of containers, images and volumes."""
    hits = left["host"]
    assert leaked(hits) == []
    where = [*(f"{place}/planted-leak" for place in PLACES), "/tmp/planted-leak.tar.gz", *TOLD, "dumps"]
    assert {f"planted in {path}" for path in where} - set(hits) == set()
