"""A registry that asks for a password, in a container, and the roles' builds on the same engine."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IMAGE = "igny8-sandbox-registry:2"
#: With this label, what a killed run leaves is found and removed like everything else of the sandbox.
LABEL = "sandbox=igny8"
START_SECONDS = 30


def docker(*arguments: str, text: str = "", check: bool = True) -> str:
    """Run the docker command; returns what it printed."""
    done = subprocess.run(["docker", *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


@dataclass
class Registry:
    """A registry on a free port of the loopback address, from which an engine pulls without TLS."""

    directory: Path
    name: str = field(default_factory=lambda: f"igny8-registry-test-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self.password = secrets.token_hex(16)
        (self.directory / "password").write_text(self.password)
        (self.directory / "password").chmod(0o644)  # the container reads it as a user of its own
        self.logged_in, self.logged_out = self.directory / "in", self.directory / "out"
        self.logged_out.mkdir()

    def start(self) -> None:
        """Run the container, wait until it answers, and log in to it."""
        docker("build", "--quiet", "--label", LABEL, "--tag", IMAGE, str(HERE))
        docker(
            *["run", "--detach", "--name", self.name, "--label", LABEL, "--publish", "127.0.0.1::5000"],
            *["--volume", f"{self.directory}/password:/run/secrets/password:ro", IMAGE],
        )
        self.address = docker("port", self.name, "5000")
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, docker("logs", self.name)
            time.sleep(0.1)
        self.docker("login", "--username", "deploy", "--password-stdin", self.address, text=self.password)

    def answers(self) -> bool:
        login = base64.b64encode(f"deploy:{self.password}".encode()).decode()
        request = urllib.request.Request(
            f"http://{self.address}/v2/", headers={"Authorization": f"Basic {login}"}
        )
        try:
            return urllib.request.urlopen(request, timeout=2).status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def docker(self, *arguments: str, text: str = "") -> str:
        """Run the docker command of a user who is logged in."""
        return docker("--config", str(self.logged_in), *arguments, text=text)

    def remove(self) -> None:
        """Remove the container and every image that was made, pushed or pulled here."""
        docker("rm", "--force", "--volumes", self.name, check=False)
        self.forget_images()

    def images(self) -> set[str]:
        """Return the names, with tag or digest, of the engine's images that have to do with this registry."""
        listing = docker("images", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}")
        found = set()
        for repository, tag, digest in (line.split() for line in listing.splitlines()):
            if self.name in repository:
                found |= {f"{repository}:{tag}"} if tag != "<none>" else set()
                found |= {f"{repository}@{digest}"} if digest != "<none>" else set()
        return found

    def forget_images(self) -> None:
        """Remove these images from the engine; the registry keeps what it has."""
        if names := self.images():
            docker("rmi", "--force", *names)


@dataclass(frozen=True)
class Pushed:
    """An image that only the registry has."""

    reference: str
    id: str


def context(folder: Path) -> Path:
    """Write a build context of one asset, whose content is new in each run."""
    (folder / "assets").mkdir()
    (folder / "assets/index-1234.js").write_text(secrets.token_hex(8))
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY assets /srv/www/assets\n")
    return folder


@dataclass(frozen=True)
class Outcome:
    """What a run of the playbook came to; `image_ids` are those of backend and frontend."""

    succeeded: bool
    changed: int
    words: str
    image_ids: list[str]


ROLES = ("backend", "frontend")


@dataclass
class Builds:
    """The entry points `build` of the roles that have an image, on this machine's engine."""

    registry: Registry
    directory: Path
    release: str = "v1-aaaaaaaaaaaa"

    def __post_init__(self) -> None:
        (self.directory / "release").mkdir()

    def name(self, role: str) -> str:
        return f"{self.registry.name}-{role}"

    def image(self, role: str) -> str:
        return f"{self.name(role)}:{self.release}"

    def image_ids(self) -> list[str]:
        """Return the ids of the images that now have the names of the release."""
        return [docker("inspect", "--format", "{{.Id}}", self.image(role)) for role in ROLES]

    def variables(self, role: str, reference: str) -> dict[str, str]:
        """Return the variables of a role."""
        values = {
            "image_name": self.name(role),
            "release": self.release,
            "image_reference": reference,
            "source_dir": str(self.directory / "context"),
            "release_dir": str(self.directory / "release"),
            "assets_path": "/srv/www/assets",
            "assets_dir": str(self.directory / "assets"),
        }
        return {f"{role}_{name}": value for name, value in values.items()}

    def run(
        self, reference: str, *options: str, roles: tuple[str, ...] = ROLES, logged_in: bool = True
    ) -> Outcome:
        """Build the images of the roles, or pull them where there is a reference."""
        given: dict[str, object] = {"wanted_roles": roles}
        for role in roles:
            given |= self.variables(role, reference)
        login = self.registry.logged_in if logged_in else self.registry.logged_out
        done = subprocess.run(
            [
                "ansible-playbook",
                "-i",
                "localhost,",
                str(HERE / "build.yml"),
                "-e",
                json.dumps(given),
                *options,
            ],
            cwd=ROOT,
            env=os.environ | {"DOCKER_CONFIG": str(login), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            capture_output=True,
            text=True,
        )
        changed = re.search(r"changed=(\d+)", done.stdout)
        found = re.search(r"msg: ids=(\S*)$", done.stdout, re.MULTILINE)
        return Outcome(
            succeeded=done.returncode == 0,
            changed=int(changed[1]) if changed else 0,
            words=" ".join(f"{done.stdout} {done.stderr}".split()),
            image_ids=found[1].split(",") if found else [],
        )
