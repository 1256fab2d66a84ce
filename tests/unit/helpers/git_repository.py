"""A real git repository in a folder, with the commits that a test gives it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: Neither the configuration of this machine nor the clock has a say in it.
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "test@example.test" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_DATE": "2024-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
}


class GitRepository:
    """A repository with a work tree at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, text: str = "") -> str:
        """Run git in the work tree; returns what it printed."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=ENVIRONMENT,
            input=text,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()

    def commit(self, files: dict[str, str], tag: str = "") -> str:
        """Write files and commit all that is there; returns the commit's id."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        if tag:
            self.git("tag", "--annotate", "--message", tag, tag)
        return self.git("rev-parse", "HEAD")

    def bare(self, path: Path) -> Path:
        """Make a bare copy of it, as on a server."""
        self.git("clone", "--quiet", "--mirror", str(self.path), str(path))
        return path
