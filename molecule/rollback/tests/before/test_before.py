"""The host after a rollback to the version before the fix."""


def test_the_version_before_the_fix_serves(app):
    assert app.live().startswith("before-")


def test_it_runs_with_the_settings_of_then(app):
    settings = app.record(app.live())["settings"]
    assert settings["SESSION_COOKIE_SAMESITE"] == "Strict"
    assert settings["SESSION_SAVE_EVERY_REQUEST"] == "False"
    assert settings["JWT_ACCESS_TOKEN_EXPIRY"] == "0:15:00"
    assert settings["SESSION_ENGINE"].endswith("backends.db")


def test_the_table_of_the_fix_stays(app):
    assert int(app.sql("SELECT count(*) FROM auth_refresh_token")) > 0
