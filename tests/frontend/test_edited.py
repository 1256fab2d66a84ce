"""The old frontend with the new API service, edited as a deploy edits it: it types, builds, and keeps sessions."""

import shutil
from pathlib import Path

import pytest
from frontend_build import assemble, build, run

HERE = Path(__file__).parent
#: What the guide's edits and an API service of their own have to keep; the rest of the tests is of the whole client.
KEPT = [
    "starts from the old keys alone",
    "does not bring back a session that was logged out",
    "keeps its token while a tab with that version may still hold it",
    "is one for many requests",
    "keeps the refresh token when the answer carries none",
    "gets the same tokens again when the answer was lost",
    "writes the access token nowhere",
    "follows when the token that another tab gave is over too",
    "of a token that another tab has replaced meanwhile ends nothing",
    "of the API ends nothing and refreshes nothing",
    "of the refresh keeps the session",
    "stay signed in",
    "that holds the lock delays the others",
    "does not put its late answer over later tokens",
]


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The edited frontend, built."""
    folder = tmp_path_factory.mktemp("edited") / "frontend"
    source = assemble("fix-as-in-the-guide", folder, edit=True)
    build(source)
    return source


def test_types(frontend: Path) -> None:
    run(frontend, "typescript/bin/tsc", "--noEmit")


def test_sessions(frontend: Path) -> None:
    ignored = shutil.ignore_patterns("*.py", "__pycache__", "rules.test.ts")
    shutil.copytree(HERE, frontend / "tests", ignore=ignored)
    said = run(frontend, "vitest/vitest.mjs", "run", "--no-color", "--reporter=verbose", "-t", "|".join(KEPT))
    assert [name for name in KEPT if name not in said] == []
