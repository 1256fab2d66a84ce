"""The client's own tests, on the version with the fix."""

import shutil
from pathlib import Path

import pytest
from frontend_build import assemble, run

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembled frontend with the tests beside its source."""
    source = assemble("fix", tmp_path_factory.mktemp("fix") / "frontend")
    shutil.copytree(HERE, source / "tests", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return source


def test_types(frontend: Path) -> None:
    run(frontend, "typescript/bin/tsc", "--noEmit", "--project", "tests/tsconfig.json")


def test_rules(frontend: Path) -> None:
    said = run(frontend, "vitest/vitest.mjs", "run", "--no-color")
    assert "passed" in said
    print(said)
