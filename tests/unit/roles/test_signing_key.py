"""The signing key to be deployed beside that of the live release: the role's own tasks, over files of a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from local_play import play

KEY = "a-key-of-more-than-32-characters-for-tests"
PASSWORD = {"redis_password": "x"}
COMPARED = "cannot be compared with the one to be deployed; with another key everyone would be logged out."


def problems(folder: Path, name: str, live: dict[str, str] | None) -> list[str]:
    """What is wrong with the key where the inventory calls it so; ``live`` are the secrets of the live release."""
    for secret, content in (live or {}).items():
        (folder / "v1" / "secrets").mkdir(parents=True, exist_ok=True)
        (folder / "v1" / "secrets" / secret).write_text(content)
    if live is not None:
        (folder / "current").symlink_to(folder / "v1")
    variables = {
        "backend_signing_key": KEY,
        "backend_signing_key_file": f"{folder}/current/secrets/{name}",
        "backend_current_link": f"{folder}/current",
    }
    include = {"name": "backend", "tasks_from": "preflight"}
    kept = {
        "content": "{{ backend_preflight_problems | to_json }}",
        "dest": f"{folder}/found",
        "mode": "0600",
    }
    look = {"name": "Look", "ansible.builtin.include_role": include, "vars": variables}
    play(folder, [look, {"name": "Keep", "ansible.builtin.copy": kept}])
    return [" ".join(sentence.split()) for sentence in json.loads((folder / "found").read_text())]


@pytest.mark.parametrize(
    ("name", "live"),
    [
        pytest.param("key", None, id="a first deploy"),
        pytest.param("key", {"key": KEY} | PASSWORD, id="the same"),
        pytest.param("new", {"key": KEY, "new": KEY}, id="renamed, once the live release has both names"),
    ],
)
def test_a_key_that_is_the_one_of_the_live_release_is_none(tmp_path: Path, name: str, live: dict | None):
    assert problems(tmp_path, name, live) == []


def test_another_key_is_refused(tmp_path: Path):
    [said] = problems(tmp_path, "key", {"key": "another"})
    assert f"differs from {tmp_path}/current/secrets/key, with which" in said


def test_another_name_is_refused_since_nothing_can_be_compared(tmp_path: Path):
    [said] = problems(tmp_path, "new", {"key": KEY} | PASSWORD)
    assert f"A release is live ({tmp_path}/current), and {tmp_path}/current/secrets/new is not there" in said
    assert COMPARED in said
    assert "to the name that it has there (there are key, redis_password)" in said


@pytest.mark.parametrize("folders", ["", "v1/secrets"], ids=["a link to nothing", "no secrets"])
def test_a_live_release_without_any_secret_is_no_first_deploy(tmp_path: Path, folders: str):
    (tmp_path / folders).mkdir(parents=True, exist_ok=True)
    [said] = problems(tmp_path, "key", {})
    assert "(there are none)" in said
