"""Which backups a restore refuses before it touches a database: the role's own tasks, over files of a folder."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from local_play import play
from project_files import ROOT, Role, tasks_of

lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
DUMP = b"PGDMP and more"
#: Name of a backup -> what is in its dump, and what it says of itself beside what all say.
BACKUPS = {
    # Of a time in which none said how large its database was.
    "sound": (DUMP, {}),
    "small": (DUMP, {"database_bytes": 1000}),
    "large": (DUMP, {"database_bytes": 40 << 50}),
    "corrupt": (b"PGDMP and less", {}),
    "cut": (DUMP[:5], {}),
    # Its release was deployed once more.
    "kept": (DUMP[:5], {"file": "/srv/backups/first.dump"}),
    "unproven": (DUMP, None),
}
REFUSED = {
    "corrupt": r"corrupt\.dump has changed since it was proven: it has 14 bytes of 14, and the checksum .* corrupt;",
    "cut": r"cut\.dump has changed since it was proven: it has 5 bytes of 14, and the checksum .* cut or corrupt;",
    "kept": r"^Backup /\S+/kept\.dump has changed since it was proven: it has 5 bytes of 14,",
    "large": r"large is of a database of 42949672960 MB, and .* has \d+ MB free, where PostgreSQL has its data; "
    r"107374182400 MB are needed, 2\.5 times as much: .*\. Free some space there,",
    "unproven": r"unproven\.dump has no .*unproven\.json beside it, which says what it holds: it was not proven\.",
}


def look(name: str, folder: Path) -> list[dict]:
    """Tasks that check a backup and keep what is said of it."""
    chosen = {"name": name, "file": f"{folder}/{name}.dump", "known": list(BACKUPS)}
    choose = {"name": f"Choose {name}", "ansible.builtin.set_fact": {"postgres_restore": chosen}}
    checks = [
        {
            "name": f"Check {name}",
            "ansible.builtin.include_role": {"name": "postgres", "tasks_from": tasks_from},
            "vars": {"postgres_backup_dir": str(folder), "postgres_data_dir": str(folder)},
        }
        for tasks_from in ("whole", "room")
    ]
    keep = {
        "name": f"Keep what is said of {name}",
        "ansible.builtin.copy": {
            "content": "{{ ansible_failed_result.msg }}",
            "dest": f"{folder}/{name}.said",
        },
    }
    return [{"name": name, "block": [choose, *checks], "rescue": [keep]}]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each backup that is refused."""
    folder = tmp_path_factory.mktemp("backups")
    manifest = {"sha256": hashlib.sha256(DUMP).hexdigest(), "bytes": len(DUMP)}
    manifest |= {"taken_at": "2026-01-31T12:00:00Z", "rows": 3, "tables": 1}
    for name, (dump, says) in BACKUPS.items():
        (folder / f"{name}.dump").write_bytes(dump)
        if says is not None:
            (folder / f"{name}.json").write_text(json.dumps(manifest | says))
    tasks = [task for name in BACKUPS for task in look(name, folder)]
    play(folder, tasks)
    return {path.stem: " ".join(path.read_text().split()) for path in folder.glob("*.said")}


def test_no_other_is_refused(said: dict[str, str]):
    assert set(said) == set(REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_what_was_proven_is_refused(said: dict[str, str], name: str):
    assert re.search(REFUSED[name], said[name]), said[name]
    assert said[name].lower().endswith(f"choose another one: {', '.join(BACKUPS)}. nothing was changed.")


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (["b", "a"], "Backup c is not in /srv/backups; there are: b, a. Nothing was changed."),
        (
            [],
            "Backup c is not in /srv/backups; make one: ansible-playbook playbooks/backup.yml. Nothing was changed.",
        ),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(known: list[str], sentence: str):
    loader = DataLoader()
    tasks = loader.load_from_file(str(Role("postgres").path / "tasks/choose.yml"), trusted_as_template=True)
    [refusal] = [
        task for task in tasks_of(tasks) if task["name"].endswith("Refuse a backup that is not there")
    ]
    variables = {"postgres_restore": {"name": "c", "known": known}, "postgres_backup_dir": "/srv/backups"}
    templar = Templar(loader=loader, variables=variables)
    rule = refusal["ansible.builtin.assert"]
    assert not templar.evaluate_conditional(rule["that"])
    assert " ".join(templar.template(rule["fail_msg"]).split()) == sentence
