"""The reference app's frontend in a folder of a test."""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible.module_utils.frontend_files import Tree, write_all
from ansible.module_utils.frontend_source import Frontend

IGNY8 = Path(__file__).resolve().parents[3] / "sandbox" / "igny8"
NEW = "src/services/api-new.ts"


def fill(folder: Path, version: str) -> Path:
    """Copy the source of a version's frontend, with the new API service."""
    for layer in ("base", f"overlays/frontend-{version}"):
        shutil.copytree(IGNY8 / layer / "frontend" / "src", folder / "src", dirs_exist_ok=True)
    shutil.copy(IGNY8 / "overlays/frontend-fix/frontend" / NEW, folder / NEW)
    return folder


def outcomes(folder: Path) -> dict[str, str]:
    """Return {step: outcome}; step 8 has the one of its last file."""
    frontend = Frontend(Tree(str(folder)), {}, [])
    frontend.edit()
    return {entry["step"]: entry["outcome"] for entry in frontend.steps()}


def edited(folder: Path) -> set[str]:
    """Make the edits; return the names of the files that changed."""
    tree = Tree(str(folder))
    frontend = Frontend(tree, {}, [])
    frontend.edit()
    writes = frontend.writes()
    write_all(tree, writes)
    return {write.name for write in writes}
