"""Backups and restores that are refused or fail: they say why in words, and the database is as it was.

What is refused by a look at files or numbers alone needs no host: test_choosing_backups.py and test_preflight.py in
tests/unit/roles.
"""

from __future__ import annotations

import pytest

#: What lose_data.yml did, as a restore counts it.
LOSS = (
    "would be lost: [0-9]+ .*public.auth_group_permissions - the table would come back; .*"
    "public.igny8_note - 3 rows newer than the backup would be lost, 1 row would go back to what it held, "
    "15 rows would come back; .*public.igny8_user - .*column created_at would come back"
)
NEXT = r"Nothing was changed\. If it is wanted: .*playbooks/restore.yml -e confirm_restore={}"


@pytest.fixture(autouse=True)
def as_it_was(backups):
    """Whatever a test asks for, nothing of the app's database changes and nothing is left behind."""
    before = backups.contents()
    yield
    backups.assert_clean()
    assert backups.contents() == before


def test_without_its_confirmation_the_loss_is_counted_and_nothing_done(backups, refused):
    name = backups.by_hand()
    said = f"{LOSS}.*confirm_restore=nothing names no backup.*{NEXT.format(name)}"
    refused("restore", said, confirm_restore="nothing")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        # Whoever changes both gets past the checksum, and no further.
        (
            'truncate --size=-20000 "$1"; sum=$(sha256sum "$1" | cut -d" " -f1); '
            'sed -i "s/\\"sha256\\": \\"[0-9a-f]*/\\"sha256\\": \\"$sum/" "$2"',
            "Backup broken.dump cannot be restored: pg_restore: error: .* The database that serves was not touched",
        ),
        (
            'sed -i "s/\\"public.igny8_note\\": [0-9]*/\\"public.igny8_note\\": 7/" "$2"',
            "is not what was dumped: public.igny8_note has [0-9]+ rows, 7 are needed. It is no backup.",
        ),
    ],
    ids=["unreadable", "other-rows"],
)
def test_what_is_no_sound_backup_is_refused(backups, refused, change: str, sentence: str):
    backups.copy("broken", change)
    try:
        refused("restore", sentence, confirm_restore="broken")
    finally:
        backups.remove("broken")


def test_a_disk_that_fills_up_fails_the_dump_in_a_sentence(refused, app):
    app.run("mkdir -p /root/full && mount -t tmpfs -o size=60k tmpfs /root/full")
    try:
        sentence = "Database igny8 cannot be dumped: .*No space left on device.*was not touched"
        refused("backup", sentence, postgres_room_factor=0, postgres_backup_dir="/root/full/backups")
        assert app.run("find /root/full -name '*.part' -o -name '*.dump'") == ""
    finally:
        app.run("umount /root/full")


def test_a_database_in_use_by_somebody_else_is_not_replaced(backups, refused):
    backups.hold_session(300)
    try:
        sentence = "databases igny8 and igny8__restored keep being used: .* The database serves that was there before"
        refused("restore", sentence, confirm_restore=backups.by_hand())
    finally:
        backups.end_sessions()


def test_the_database_of_another_version_is_refused_before_users_meet_the_page(refused, app):
    """The deploy's own backup is of the version before: the live one needs migrations that it lacks."""
    sentence = r"Backup \S+ of \S+ lacks igny8_auth.0002_refresh_token, .* Nothing was changed\."
    refused("restore", sentence, confirm_restore=app.live())


def test_a_database_that_the_live_release_cannot_serve_does_not_stay(backups, refused, app):
    """Where Django does not keep the schema nobody knows before: the live release finds its table missing."""
    sentence = (
        r"restore of .* failed in .*The database serves that was there before, with all its rows\. "
        r"What users wrote between the two swaps is in \S+-swapped-back\.dump\."
    )
    refused("restore", sentence, confirm_restore=app.live(), migration_enabled=False)
    assert backups.backups()[0].endswith("-swapped-back")
