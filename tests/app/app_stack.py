"""The reference app as a running thing: a version put together, its data services in containers, gunicorn."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
import requests
import yaml

# APP_SOURCE names another copy of the versions, such as one with a mistake in it.
SOURCE = Path(os.environ.get("APP_SOURCE") or Path(__file__).parents[2] / "sandbox" / "igny8")
VERSIONS: dict[str, list[str]] = yaml.safe_load((SOURCE / "versions.yml").read_text())["versions"]


def assemble(version: str, destination: Path) -> Path:
    """Copy the backend of a version to `destination`: the base, then its overlays over it."""
    shutil.copytree(SOURCE / "base" / "backend", destination)
    for overlay in VERSIONS[version]:
        backend = SOURCE / "overlays" / overlay / "backend"
        if backend.is_dir():
            shutil.copytree(backend, destination, dirs_exist_ok=True)
    return destination


def free_port() -> int:
    """A port on the loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Poll `condition`; an exception counts as not yet. Raises TimeoutError that names `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except Exception:  # whatever it is that does not answer yet
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come within {seconds} s")


@dataclass
class DataServices:
    """PostgreSQL and Redis in containers of their own, on free loopback ports.

    `prepared` ones have the schema of `fix` already.
    """

    directory: Path
    database: str = "igny8"
    name: str = field(default_factory=lambda: f"igny8-app-test-{secrets.token_hex(4)}")
    postgres_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    prepared: bool = False

    def __post_init__(self) -> None:
        names = ("postgres", "redis", "key", "redis.conf")
        self.files = {name: self.directory / name for name in names}
        self.passwords = {part: secrets.token_hex(16) for part in ("postgres", "redis")}

    def _write_secrets(self) -> None:
        texts = self.passwords | {"key": secrets.token_hex(32)}
        texts["redis.conf"] = f'requirepass "{self.passwords["redis"]}"\n'
        for name, text in texts.items():
            self.files[name].write_text(text)
            self.files[name].chmod(0o644)  # the containers read them as users of their own

    def lend(self, database: str) -> dict[str, str]:
        """The environment in which other tests use these services, with a copy of this database."""
        self.sql(f"CREATE DATABASE {database} TEMPLATE {self.database}")
        known = [self.name, self.postgres_port, self.redis_port, self.passwords]
        return {"APP_SERVICES": json.dumps([str(self.directory), database, *known])}

    @classmethod
    def borrowed(cls) -> "DataServices | None":
        """Services that were lent to these tests, if they were."""
        lent = os.environ.get("APP_SERVICES")
        if not lent:
            return None
        directory, database, name, postgres_port, redis_port, passwords = json.loads(lent)
        services = cls(Path(directory), database, name, postgres_port, redis_port, prepared=True)
        services.passwords = passwords
        return services

    def start(self) -> None:
        """Run both containers and wait until they take connections."""
        self._write_secrets()
        self._docker(
            *["run", "--detach", "--name", f"{self.name}-postgres", "--publish"],
            *[
                f"127.0.0.1:{self.postgres_port}:5432",
                "--env",
                "POSTGRES_USER=igny8",
                "--env",
                "POSTGRES_DB=igny8",
            ],
            *["--env", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password"],
            *["--volume", f"{self.files['postgres']}:/run/secrets/postgres_password:ro"],
            *["--tmpfs", "/var/lib/postgresql/data:uid=10005,mode=0700", "igny8-sandbox-postgres:15"],
        )
        self._docker(
            *[
                "run",
                "--detach",
                "--name",
                f"{self.name}-redis",
                "--publish",
                f"127.0.0.1:{self.redis_port}:6379",
            ],
            *["--volume", f"{self.files['redis.conf']}:/etc/redis/redis.conf:ro", "igny8-sandbox-redis:7"],
            *["--appendonly", "yes"],
        )
        wait_for(lambda: self.sql("SELECT 1") == [(1,)], "PostgreSQL")
        wait_for(self.redis().ping, "Redis")

    def remove(self) -> None:
        """Remove both containers and what they stored."""
        self._docker("rm", "--force", "--volumes", f"{self.name}-postgres", f"{self.name}-redis")

    def stop_redis(self) -> None:
        """Stop Redis as an operator would."""
        self._docker("stop", "--time", "5", f"{self.name}-redis")

    def start_redis(self) -> None:
        """Start Redis again and wait for it."""
        self._docker("start", f"{self.name}-redis")
        wait_for(self.redis().ping, "Redis")

    def pause_redis(self) -> None:
        """Have Redis hang: it takes connections and answers nothing."""
        # The kernel may fail to freeze a container that is busy; the engine then takes its word back.
        for _attempt in range(4):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._docker("pause", f"{self.name}-redis")
                return
            time.sleep(1)
        self._docker("pause", f"{self.name}-redis")

    def continue_redis(self) -> None:
        """Let it go on."""
        self._docker("unpause", f"{self.name}-redis")

    def connect(self, database: str = "") -> psycopg.Connection:
        """A connection that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.postgres_port,
            user="igny8",
            dbname=database or self.database,
            password=self.passwords["postgres"],
            autocommit=True,
        )

    def sql(self, statement: str, *values: object) -> list[tuple]:
        """The rows that a statement gives; none for one that gives no rows."""
        with self.connect() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def redis(self, database: int = 1) -> redis.Redis:
        """A client of one database; 1 is that of the sessions."""
        return redis.Redis(port=self.redis_port, password=self.passwords["redis"], db=database)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a backend that uses these services."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "igny8_core.settings",
            "DJANGO_SECRET_KEY_FILE": str(self.files["key"]),
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(self.postgres_port),
            "POSTGRES_DB": self.database,
            "POSTGRES_PASSWORD_FILE": str(self.files["postgres"]),
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.redis_port),
            "REDIS_PASSWORD_FILE": str(self.files["redis"]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    @staticmethod
    def _docker(*arguments: str) -> None:
        subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)


@dataclass
class Backend:
    """One version of the backend, put together, and gunicorn serving it once started."""

    version: str
    source: Path
    services: DataServices
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    def __post_init__(self) -> None:
        assemble(self.version, self.source)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.source.with_suffix(".log")

    def manage(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
        """Run manage.py; the caller looks at the return code."""
        command = [sys.executable, "manage.py", *arguments]
        environment = self.services.environment(**self.settings)
        return subprocess.run(
            command, cwd=self.source, env=environment, input=stdin, capture_output=True, text=True
        )

    def launch(self) -> None:
        """Start gunicorn without waiting for it."""
        environment = self.services.environment(
            RELEASE_ID=self.version, GUNICORN_BIND=f"127.0.0.1:{self.port}", **self.settings
        )
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "gunicorn.conf.py",
            "igny8_core.wsgi:application",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=self.source, env=environment, stdout=log, stderr=log)

    def start(self) -> "Backend":
        """Start gunicorn and wait until it is ready."""
        self.launch()
        self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        """Wait for a started gunicorn."""
        wait_for(lambda: requests.get(f"{self.url}/readyz", timeout=2).ok, f"{self.version} on {self.url}")

    def interrupt(self) -> None:
        """Tell gunicorn to end at once."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Wait for the end of gunicorn; kill it if it does not come."""
        if not self.process:
            return
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
