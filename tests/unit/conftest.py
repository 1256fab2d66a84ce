"""Makes module_utils/ importable as ansible.module_utils.x; library/, plugins, helpers/ and what
migrates in the container top-level."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import ansible.module_utils
import pytest
from ansible.module_utils.testing import patch_module_args

ROOT = Path(__file__).resolve().parents[2]
ansible.module_utils.__path__.append(str(ROOT / "module_utils"))
sys.path[:0] = [str(ROOT / "library"), str(Path(__file__).parent / "helpers")]
sys.path += [str(ROOT / "filter_plugins"), str(ROOT / "lookup_plugins"), str(ROOT / "tests" / "chaos")]
sys.path.append(str(ROOT / "roles" / "migration" / "files"))

import docker
import edge_admin
from docker_engine import Engine


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Call `main()` of a module as Ansible would; returns what it printed, with `failed` when it failed."""

    def run(module: ModuleType, options: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
        with patch_module_args(options | {"_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return run


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[edge_admin.EdgeAdmin]:
    """Serve an edge without entries: its admin socket, and its map files below `tmp_path`."""
    with edge_admin.serve(tmp_path) as served:
        yield served


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A Docker Engine without containers, which modules find as theirs."""
    found = Engine()
    monkeypatch.setattr(docker, "from_env", lambda: found)
    return found
