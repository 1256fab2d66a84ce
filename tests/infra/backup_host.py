"""What tests of backups ask of an app host: its backups, its databases, and what a run must leave behind."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from app_host import EDGE, ROOT, AppHost

BACKUPS = f"{ROOT}/backups"
SUPERUSER = "docker exec {} igny8-data-postgres-1 psql --no-psqlrc -qtA -U postgres -d igny8"


@dataclass(frozen=True)
class BackupHost:
    """An app host with backups."""

    app: AppHost

    def backups(self) -> list[str]:
        """Names of the backups, the newest first."""
        return [name.removesuffix(".dump") for name in self.app.run(f"cd {BACKUPS} && ls -t *.dump").split()]

    def by_hand(self) -> str:
        """Name of the backup that was made by hand: a time and nothing else."""
        [name] = [name for name in self.backups() if re.fullmatch(r"\d{8}t\d{6}z", name)]
        return name

    def manifest(self, name: str) -> dict:
        """What is written beside a backup."""
        return json.loads(self.app.run(f"cat {BACKUPS}/{name}.json"))

    def rows(self, name: str, table: str) -> int:
        """How many rows a backup has of a table; 0 also where it has no such table."""
        return self.manifest(name)["contents"]["rows"].get(f"public.{table}", 0)

    def sequences(self, name: str) -> dict[str, int]:
        """Where the sequences of a backup are."""
        return self.manifest(name)["contents"]["sequences"]

    def write_into(self, database: str, statement: str) -> None:
        """Have the app's role write into a database of that name."""
        self.app.run(
            f'docker exec igny8-data-postgres-1 psql --no-psqlrc -q -U igny8 -d {database} -c "{statement}"'
        )

    def databases(self) -> list[str]:
        """Names of the app's databases."""
        return sorted(self.app.sql("SELECT datname FROM pg_database WHERE datname LIKE 'igny8%'").split())

    def copy(self, name: str, change: str = "true") -> None:
        """Copy the backup that was made by hand, as an old one, and change it: $1 is the dump, $2 what it holds."""
        source = f"{BACKUPS}/{self.by_hand()}"
        dump, manifest = f"{BACKUPS}/{name}.dump", f"{BACKUPS}/{name}.json"
        self.app.run(
            f"cp {source}.dump {dump} && cp {source}.json {manifest} && sh -ceu '{change}' sh {dump} {manifest} "
            f"&& touch --date=2020-01-01 {dump}"
        )

    def remove(self, name: str) -> None:
        """Remove a copy."""
        self.app.run(f"rm -f {BACKUPS}/{name}.dump {BACKUPS}/{name}.json")

    def contents(self) -> str:
        """Return a checksum over schema and rows of the app's database, but what a login changes."""
        return self.app.run(
            'docker exec igny8-data-postgres-1 sh -c "pg_dump -U igny8 -d igny8 --exclude-table-data=django_session '
            "--exclude-table-data=auth_refresh_token --exclude-table-data=igny8_user "
            '| grep -v -e restrict -e setval | md5sum"'
        )

    def assert_clean(self) -> None:
        """Nothing is left of a run: one database, no page, no lock, no file that is not whole, no container."""
        assert self.databases() == ["igny8"]
        assert self.app.get("/").status == 200
        assert self.app.run(f"find {BACKUPS} -name '*.part'; ls {ROOT}/lock.json 2>/dev/null; true") == ""
        assert self.app.run("docker ps --all --filter name=postgres-tool --format '{{.Names}}'") == ""

    def show_page(self) -> None:
        """Have the edge answer everybody with its page, as a swap does until it is over."""
        self.app.run(
            'python3 -c "import socket; s = socket.socket(socket.AF_UNIX); '
            f"s.connect('{EDGE}/run/admin.sock'); s.sendall(b'del map /etc/haproxy/maps/live.map live\\n'); s.recv(1)\""
        )

    def backend_started(self) -> str:
        """When the container of the live release's API has started."""
        names = (
            f"docker ps --quiet --filter label=release.id={self.app.live()} --filter label=release.part=api"
        )
        return self.app.run(f"docker inspect --format '{{{{.State.StartedAt}}}}' $({names})").strip()

    def hold_session(self, seconds: int) -> None:
        """Have somebody whose session the app's role may not end be logged in to the app's database."""
        self.app.run(f"{SUPERUSER.format('--detach')} -c 'SELECT pg_sleep({seconds})'")

    def end_sessions(self) -> None:
        """End what `hold_session` has begun."""
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        )
        self.app.run(f'{SUPERUSER.format("")} -c "{query}"')
