"""A backup by hand: proven, recorded, readable by root alone."""

from __future__ import annotations

import pytest
from backup_host import BACKUPS


def test_the_backup_says_what_it_holds(backups, app):
    manifest = backups.manifest(backups.by_hand())
    assert manifest["contents"]["rows"]["public.igny8_note"] >= 20
    assert manifest["rows"] == sum(manifest["contents"]["rows"].values())
    assert "column public.igny8_user.created_at" in manifest["contents"]["objects"]
    assert manifest["database_bytes"] > 1_000_000
    assert manifest["dump_seconds"] > 0 and manifest["proof_seconds"] > 0
    assert app.run(f"sha256sum {manifest['file']}").split()[0] == manifest["sha256"]
    assert int(app.run(f"stat --format=%s {manifest['file']}")) == manifest["bytes"]


def test_what_a_dump_leaves_out_keeps_no_backup_from_being_one(backups, app):
    """An index that is not valid, and a materialized view that was out of date."""
    assert app.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_text'::regclass") == "f"
    held = backups.manifest(backups.by_hand())["contents"]
    assert "index public.note_text" not in held["objects"]
    assert "relation public.note_ids" in held["objects"]


@pytest.mark.parametrize("ending", ["dump", "json"])
def test_only_root_reads_it(backups, host, ending: str):
    assert host.file(BACKUPS).mode == 0o700
    assert host.file(f"{BACKUPS}/{backups.by_hand()}.{ending}").mode in (0o600, 0o400)


def test_the_deploy_has_recorded_its_own(app):
    recorded = app.record(app.live())["backup"]
    assert set(recorded) == {
        "file", "bytes", "sha256", "taken_at", "database_bytes", "tables", "rows", "schema_sha256",
        "dump_seconds", "proof_seconds",
    }  # fmt: skip


def test_nothing_is_left_of_it(backups):
    backups.assert_clean()
