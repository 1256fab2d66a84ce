"""The role's variables: written once, described, and all of them passed to the script."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

import yaml
from probing.config import Config

ROLE = Path(__file__).resolve().parents[3] / "roles" / "prober"
REQUIRED = {
    "directory",
    "base_url",
    "user_format",
    "password",
    "paths",
    "row_table",
    "row_column",
    "postgres",
}


def read(name: str) -> dict:
    return yaml.safe_load((ROLE / name).read_text())


def specified() -> dict[str, dict]:
    specs = read("meta/argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec["options"].items()}


def test_each_entry_point_is_specified():
    files = {path.stem for path in (ROLE / "tasks").iterdir()}
    assert files == set(read("meta/argument_specs.yml")["argument_specs"])


def test_optional_variables_have_a_default_and_required_ones_none():
    options = specified()
    defaults = set(read("defaults/main.yml"))
    assert {name for name, option in options.items() if not option["required"]} - {
        "prober_result"
    } == defaults
    assert {name for name, option in options.items() if option["required"]} == {
        f"prober_{n}" for n in REQUIRED
    }


def test_settings_are_those_of_the_script():
    settings = set(read("vars/main.yml")["__prober_settings"])
    assert {f.name for f in fields(Config) if f.default is MISSING} == settings


def test_defaults_reach_the_promised_size():
    defaults = read("defaults/main.yml")
    assert defaults["prober_user_count"] >= 200
    assert defaults["prober_sessions"] >= 300
    assert defaults["prober_timeout_seconds"] == 10
    assert defaults["prober_requests_may_fail"] is False
