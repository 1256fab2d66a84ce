"""The host after deploys of three versions and one rollback."""


def test_the_release_before_the_last_serves(app):
    assert app.live().startswith("fix-")


def test_the_release_that_was_left_is_kept_and_good(app):
    left = app.releases()["next"]
    assert left["state"] == "good"
    assert left["id"] not in " ".join(app.running())


def test_rows_of_all_three_releases_are_there(app):
    texts = app.sql(
        "SELECT text FROM igny8_note WHERE text LIKE 'kept across releases%' ORDER BY id"
    ).splitlines()
    assert [text.rpartition(" ")[2].split("-")[0] for text in texts] == ["fix", "next", "fix"]


def test_the_database_stayed_forward(app):
    assert app.sql("SELECT count(*) FROM django_migrations WHERE app = 'igny8_notes'") == "2"
