"""The host after the rollback was rolled back."""


def test_the_successor_serves_again(app):
    assert app.live().startswith("next-")


def test_no_row_is_missing(app):
    assert app.sql("SELECT count(*) FROM igny8_note WHERE text LIKE 'kept across releases%'") == "4"
