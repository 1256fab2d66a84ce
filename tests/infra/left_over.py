"""What runs leave on an app host beside the releases that their records name."""

from __future__ import annotations

import re

from app_host import EDGE, AppHost

#: Files of a write, a dump or an unpacking that was cut short, and sessions that nobody has ended.
UNFINISHED = (
    r"find /data/app -name '.json-*' -o -name '*.part' -o -name '.ansible_tmp*' -o -name 'canaries.json*'"
)

#: The keys that open the idle slot are in HAProxy's memory alone.
PROOF_KEYS = (
    "python3 -c 'import socket; admin = socket.socket(socket.AF_UNIX); "
    f'admin.connect("{EDGE}/run/admin.sock"); admin.sendall(b"show map /etc/haproxy/maps/probe.map\\n"); '
    "print(admin.makefile().read().strip())'"
)

#: What runs start has their id in its environment; modules themselves are read from standard input and have no name.
PROCESSES = (
    "grep -lzs '^RELEASE_RUN=.' /proc/[0-9]*/environ | cut -d/ -f3 | "
    "xargs --no-run-if-empty ps -o pid=,args= || true"
)


def left_over(app: AppHost) -> str:
    """Return one line for each thing that no record accounts for; empty where there is nothing."""
    releases = set(app.run(f"ls {app.root}/releases").split())
    known = {name for name in releases if app.record(name)}
    schemas = app.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ 'snapshot'").split()
    databases = set(app.sql("SELECT datname FROM pg_database").split()) - DATABASES
    found = [
        *(f"folder {name} without a record" for name in releases - known),
        *(f"lock: {line}" for line in _lines(app, f"ls {app.root} | grep -x lock.json || true")),
        *(f"file {path}" for path in _lines(app, UNFINISHED)),
        *(f"process {line}" for line in _lines(app, PROCESSES)),
        *(f"proof key {line}" for line in _lines(app, PROOF_KEYS) if line),
        *(f"container {line}" for line in _containers(app, known)),
        *(f"image {line}" for line in _images(app, known)),
        *(f"schema {name}" for name in schemas),
        *(f"database {name}" for name in databases),
    ]
    return "\n".join(found)


#: The end of a release's id.
RELEASE_TAG = re.compile(r"-[0-9a-f]{12}$")
DATABASES = {"igny8", "postgres", "template0", "template1"}


def _lines(app: AppHost, command: str) -> list[str]:
    return app.run(command).splitlines()


def _containers(app: AppHost, known: set[str]) -> list[str]:
    """Containers of releases that no record names, and one-off ones, which each run removes."""
    form = '{{.Names}}\\t{{.Label "release.id"}}\\t{{.Label "com.docker.compose.oneoff"}}'
    rows = [line.split("\t") for line in _lines(app, f"docker ps --all --format '{form}'")]
    return [name for name, release, once in rows if (release and release not in known) or once == "True"]


def _images(app: AppHost, known: set[str]) -> list[str]:
    """Tags of releases that no record names. Images without a name are stages of builds, the cache of the next one."""
    rows = _lines(app, "docker images --format '{{.Repository}}:{{.Tag}}'")
    return [row for row in rows if RELEASE_TAG.search(row) and row.partition(":")[2] not in known]
