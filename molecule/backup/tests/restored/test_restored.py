"""The host after a restore that was confirmed."""

from __future__ import annotations

import json


def test_what_was_lost_is_back(backups, app):
    held = backups.manifest(backups.by_hand())["contents"]
    assert app.sql("SELECT count(*) FROM igny8_note WHERE text = 'in the backup'") == "20"
    assert app.sql("SELECT count(created_at) FROM igny8_user") == str(held["rows"]["public.igny8_user"])
    assert app.sql("SELECT count(*) FROM auth_group_permissions") == "0"


def test_what_was_newer_is_gone_from_it_and_in_the_backup_of_what_was_replaced(backups, app):
    rows = backups.manifest(backups.by_hand())["contents"]["rows"]["public.igny8_note"]
    assert app.sql("SELECT count(*) FROM igny8_note WHERE text = 'newer than the backup'") == "0"
    assert app.sql("SELECT count(*) FROM igny8_note") == str(rows)
    newest, first = backups.backups()[:2]
    assert (newest.rpartition("-")[2], first.partition("-")[2]) == ("replaced", "before-restore")
    for name in (newest, first):
        assert backups.manifest(name)["contents"]["rows"]["public.igny8_note"] == rows - 15 + 3


def test_the_settings_of_the_database_are_kept(app):
    assert app.sql("SHOW work_mem") == "5MB"
    assert app.sql("SHOW search_path") == '"$user", public'


def test_sequences_go_on(app):
    assert (
        app.sql("SELECT last_value >= max(id) FROM igny8_note_id_seq, igny8_note GROUP BY last_value") == "t"
    )


def test_ids_that_were_handed_out_are_handed_out_to_nobody_else(backups, app):
    """Who registered after the backup is lost; that user's token must not open the account of who comes next."""
    replaced, restored = (backups.sequences(name) for name in (backups.backups()[0], backups.by_hand()))
    user_ids = "public.igny8_user_id_seq"
    assert replaced[user_ids] > restored[user_ids]
    body = json.dumps({"email": "after@example.com", "password": "after the restore"})
    answer = app.run(
        "curl --silent --fail --max-time 10 --header 'Content-Type: application/json' "
        f"--data '{body}' http://127.0.0.1/api/auth/register/"
    )
    user = json.loads(answer)["data"]["user"]["id"]
    app.sql(f"DELETE FROM auth_refresh_token WHERE user_id = {user}")
    app.sql(f"DELETE FROM igny8_user WHERE id = {user}")
    assert user > replaced[user_ids]


def test_it_is_recorded_with_what_it_cost(backups, app):
    restored = app.record(app.live())["restored"]
    assert restored["from"] == backups.by_hand()
    assert restored["page"]["page_seconds"] > 0
    assert {"public.igny8_note"} <= {table["name"] for table in restored["losses"]}


def test_nothing_is_left_of_it(backups):
    backups.assert_clean()
