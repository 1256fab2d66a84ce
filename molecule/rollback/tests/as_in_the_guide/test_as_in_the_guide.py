"""The host after the frontend was edited as the guide says."""


def test_the_edited_release_serves(app):
    assert app.live().startswith("fix-as-in-the-guide-")
