"""Tabs of both versions while releases change: each of them must end signed in.

A tab keeps the client that it was loaded with until it is loaded again. `old` was loaded from `before`, `new` from
`fix`; the edge then goes from `before` to `fix`, back, and to `fix` again.
"""

import time

import browser_pages as pages
import pytest
from edge import wait_until

from app_client import PASSWORD

PAST_THE_GRACE = 2.5


def use(someone, page, text: str) -> None:
    """Write a note with an access token that is over."""
    someone.stack.edge.expire_access()
    someone.add_note(page, text)


def switch(someone, live: str, mid_refresh=None) -> None:
    """Send the browser to another release, if wanted while a tab waits for the answer to a refresh."""
    edge = someone.stack.edge
    if mid_refresh is None:
        edge.live = live
        return
    edge.expire_access()
    came, go_on = edge.hold_next(someone.site.refresh_api)
    pages.go(mid_refresh, someone.site, "/restricted")
    wait_until(came.is_set, f"the refresh before the switch to {live}")
    asked = len(edge.seen)
    edge.live = live
    go_on.set()
    # The page shows who is signed in before it has the new token. A test that ends access tokens next would end this
    # one before its first use, and a client asks for no third one.
    wait_until(
        lambda: any(seen.status == 403 for seen in edge.seen[asked:]), "the page with the new access token"
    )
    pages.expect_signed_in(mid_refresh, someone.site)
    pages.go(mid_refresh, someone.site, "/")


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "mid-refresh"])
def test_an_old_tab(person, site, busy: bool) -> None:
    """Red when the new backend consumes the token of a client that cannot store another."""
    someone = person(live="before")
    # The old client logs out on 403: it must not meet one here.
    page = someone.log_in()
    for switches, live in enumerate(("fix", "before", "fix")):
        if busy:
            someone.stack.edge.expire_access()
            came, go_on = someone.stack.edge.hold_next(site.refresh_api)
            page.get_by_label("New note").fill(f"over to {live} {switches}")
            page.get_by_role("button", name="Add note").click()
            wait_until(came.is_set, "the refresh")
            someone.stack.edge.live = live
            go_on.set()
            page.get_by_role("listitem").filter(has_text=f"over to {live} {switches}").wait_for()
        else:
            switch(someone, live)
        for hour in range(2):
            use(someone, page, f"{live} {hour}")
            time.sleep(PAST_THE_GRACE / 2)
    assert someone.logins() == 0


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "mid-refresh"])
def test_a_new_tab(person, site, busy: bool) -> None:
    """Red when the client drops its refresh token because an answer carries none."""
    someone = person()
    page = someone.log_in()
    for live in ("before", "fix", "before", "fix"):
        switch(someone, live, page if busy and live == "fix" else None)
        for hour in range(2):
            use(someone, page, f"{live} {hour}")
    page.reload()
    someone.add_note(page, "loaded again")
    assert (someone.logins(), someone.live()) == (0, 2)


def test_a_tab_that_is_loaded_again_after_each_switch(person, site) -> None:
    """Red when the versions store their sessions under different names, or one cannot start from the other's."""
    someone = person(live="before")
    page = someone.log_in()
    for live in ("fix", "before", "fix"):
        switch(someone, live)
        page.reload()
        pages.expect_signed_in(page, site)
        use(someone, page, f"on {live}")
    assert someone.logins() == 0
    assert '"token"' not in pages.everything_stored(page).replace("\\", "")


def test_an_old_and_a_new_tab_share_the_storage(person, site) -> None:
    """Red when the old tab's token is consumed, or when the new tab takes it for its own again and it was replaced."""
    someone = person(live="before")
    old = someone.log_in()
    switch(someone, "fix")
    new = someone.open()
    pages.expect_signed_in(new, site)
    for hour in range(3):
        use(someone, new, f"new {hour}")
        use(someone, old, f"old {hour}")
        time.sleep(PAST_THE_GRACE)
    switch(someone, "before")
    use(someone, new, "new on before")
    use(someone, old, "old on before")
    switch(someone, "fix")
    use(someone, new, "new on fix")
    use(someone, old, "old on fix")
    assert someone.logins() == 0
    assert "reuse_detected" not in {row[1] for row in someone.rows()}


def test_a_session_that_an_old_tab_began_on_the_new_backend(person, site) -> None:
    """Red when the new tab has the token replaced that the old tab goes on with: it looks stolen to the backend."""
    someone = person(live="before")
    old = someone.open(site.login_path)
    switch(someone, "fix")
    pages.log_in(old, site, someone.email, PASSWORD)
    someone.forget()
    new = someone.open()
    pages.expect_signed_in(new, site)
    for hour in range(2):
        use(someone, new, f"new {hour}")
        time.sleep(PAST_THE_GRACE)
        use(someone, old, f"old {hour}")
    assert someone.logins() == 0
    assert [row[:2] for row in someone.rows()][-1] == (0, None)  # never replaced


def test_a_tab_of_the_time_of_a_rollback_after_the_next_deploy(person, site) -> None:
    """Red as the test above: the old client was loaded with a token of the new backend."""
    someone = person()
    new = someone.log_in()
    switch(someone, "before")
    old = someone.open()
    old.get_by_text("No notes yet").wait_for()
    switch(someone, "fix")
    for hour in range(2):
        use(someone, new, f"new {hour}")
        time.sleep(PAST_THE_GRACE)
        use(someone, old, f"old {hour}")
    assert someone.logins() == 0
    assert "reuse_detected" not in {row[1] for row in someone.rows()}


def test_a_logout_in_an_old_tab_ends_the_new_one(person, site) -> None:
    """Red when only the new version's own announcement ends a session."""
    someone = person(live="before")
    old = someone.log_in()
    switch(someone, "fix")
    new = someone.open()
    pages.expect_signed_in(new, site)
    pages.log_out(old, site)
    pages.expect_signed_out(new, site, milliseconds=2000)
