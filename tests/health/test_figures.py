"""What playbooks/monitor.yml shows without a Prometheus, of the rows of a real PostgreSQL and of a container's log."""

from __future__ import annotations

import json
import re
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest
from test_role import PLAYBOOKS, play

from app_stack import free_port

__all__ = ["play"]
FIGURES = PLAYBOOKS / "figures.yml"
TOKEN = "token-51c07be2"
LINES = [
    {"at": time.time() - 400, "method": "GET", "path": "/", "status": 200},
    {"at": time.time() - 200, "method": "POST", "path": "/refresh", "status": 401},
    {"at": time.time() - 100, "method": "GET", "path": "/", "status": 503},
]


@pytest.fixture
def edge(services) -> Iterator[str]:
    """A container whose log is that of an edge; it has ended, and its log is there all the same."""
    name, text = f"figures-test-{uuid.uuid4().hex[:8]}", "\n".join(map(json.dumps, LINES))
    image = subprocess.run(
        ["docker", "inspect", "--format", "{{.Config.Image}}", f"{services.name}-redis"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    subprocess.run(["docker", "run", "--name", name, "--entrypoint", "echo", image, text], check=True)
    yield name
    subprocess.run(["docker", "rm", "--force", name], check=True)


@pytest.fixture
def figures(play, login, tmp_path):
    """Show them; the finished process and the page."""

    def run(edge: str, **more):
        variables = {
            "monitoring_postgres": login,
            "monitoring_token_table": "auth_refresh_token",
            "monitoring_user_table": "igny8_user",
            "monitoring_user_name_column": "email",
            "monitoring_canary_users": ["user1@example.test"],
            "monitoring_backend_service": "backend",
            "monitoring_edge_container": edge,
            "monitoring_port": free_port(),
            "monitoring_refresh_path": "/refresh",
            "monitoring_stores_tokens": True,
            "report_dir": str(tmp_path),
        }
        done = play(FIGURES, **variables | more)
        assert done.returncode == 0, done.stdout
        return done.stdout, (tmp_path / "monitor.html").read_text()

    return run


def shown(page: str) -> dict[str, tuple[str, str]]:
    """What the page's table says now, and where that is from."""
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>.*?</td><td>.*?</td><td>(.*?)</td></tr>", page)
    return {name: (now, source) for name, now, source in rows}


def test_the_rows_and_the_log_are_shown_over_time(figures, edge):
    printed, page = figures(edge)
    rows = shown(page.replace("&#39;", "'"))
    database = {name: now for name, (now, source) in rows.items() if source == "the database"}
    # Of the healthy rows all that were made in eight days; of logins and logouts not those of the checks' user.
    assert database["tokens issued"] == "2601 in 7 days"
    assert (database["logins"], database["rotations"]) == ("199 in 7 days", "2380 in 7 days")
    assert database["sessions ended"] == database["sessions ended: logout"] == "39 in 7 days"
    assert database["tokens that can be used"] == "181"
    log = {name: int(now.split()[0]) for name, (now, source) in rows.items() if source == "the edge's log"}
    assert (log["answers"], log["answers of 401"], log["answers of 5xx"]) == (3, 1, 1)
    assert (log["refreshes answered 401"], log["answers of 403"]) == (1, 0)
    assert rows["refreshes in three days"] == ("no data", "not known")
    assert page.count("<polyline") == 11
    assert "does not answer (Connection refused). The database and the logs are used." in page
    assert "The log of no container tells of no events" in page
    assert "2601 in 7 days" in printed


def test_what_cannot_be_read_is_not_known(figures):
    elsewhere = {"monitoring_prometheus_url": "http://127.0.0.1:1", "monitoring_prometheus_password": TOKEN}
    printed, page = figures("no-such-edge", monitoring_token_columns={"family_id": "gone"}, **elsewhere)
    assert (
        "http://127.0.0.1:1 does not answer (Connection refused). The database and the logs are used." in page
    )
    assert TOKEN not in printed + page
    assert "What the database&#39;s rows tell over time is not known: " in page
    assert "The log of no-such-edge cannot be read" in page
    assert "tokens issued" not in page and "answers of 401" not in page


def test_a_release_without_tokens_tells_nothing_of_them(figures, edge):
    _printed, page = figures(edge, monitoring_stores_tokens=False)
    assert "The live release stores no tokens" in page
    assert "answers of 401" in page and "tokens issued" not in page
