"""What the scenarios' tests ask of an app host from outside: its public answers, records, containers and rows."""

from __future__ import annotations

import json
from dataclasses import dataclass

ROOT = "/data/app/igny8"
EDGE = "/data/app/edge"
PSQL = "docker exec igny8-data-postgres-1 psql --no-psqlrc -qtA -U igny8 -d igny8"


@dataclass(frozen=True)
class Answer:
    """A status, the headers by lower-case name, and the body."""

    status: int
    headers: dict[str, str]
    body: str


class AppHost:
    """An app host, looked at as an operator or a user would; it uses none of the project's modules.

    root: folder of the app's releases. psql: command that reads the app's database, before the query.
    """

    def __init__(self, host, root: str = ROOT, psql: str = PSQL) -> None:
        self.host = host
        self.root = root
        self.psql = psql

    def run(self, command: str) -> str:
        """Run a command as root and return its output; fails the test where the command fails."""
        result = self.host.run(command)
        assert result.rc == 0, f"{command}: {result.stderr}"
        return result.stdout

    def get(self, path: str) -> Answer:
        """Ask the edge on the host's own public port."""
        text = self.run(f"curl --silent --include --max-time 10 http://127.0.0.1{path}").replace("\r\n", "\n")
        head, _blank, body = text.partition("\n\n")
        status, *lines = head.splitlines()
        headers = {
            name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)
        }
        return Answer(int(status.split()[1]), headers, body)

    def record(self, release: str) -> dict:
        """Return a release's record."""
        return json.loads(self.run(f"cat {self.root}/releases/{release}/record.json"))

    def releases(self) -> dict[str, dict]:
        """Return the records of all releases by version; the newest where a version has several."""
        names = self.run(f"ls -tr {self.root}/releases").split()
        return {self.record(name)["version"]: self.record(name) for name in names}

    def live(self) -> str:
        """Return the release that the edge names in its answers."""
        return self.get("/").headers["x-release"]

    def running(self) -> list[str]:
        """Return the names of the running containers of releases."""
        return sorted(self.run("docker ps --filter label=release.id --format '{{.Names}}'").split())

    def sql(self, query: str) -> str:
        """Return the answer of PostgreSQL to a query, unaligned, without headers."""
        return self.run(f'{self.psql} -c "{query}"').strip()
