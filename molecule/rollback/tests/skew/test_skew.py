"""Tabs of both versions through a deploy, a rollback and the deploy after it, on a host: nobody has to log in again.

`old` is a tab that was loaded before the fix, `new` one that was loaded with it, `both` a browser with one of each,
which share what it stores. The idle ones are left alone while a run goes on; the busy ones refresh all the time, so
that the switch meets them in the middle of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from faulty_runs import begun
from open_tabs import Seat, pages, read_options
from playbook_run import Case
from playwright.sync_api import Error, sync_playwright

MOMENTS = ("idle", "busy")
DEPLOY = Case("deploy", "deploy", "")


@pytest.fixture
def sit() -> Iterator:
    """Opens a browser of its own for the user of the verification."""
    options, seats = read_options(), []
    with pages.running(sync_playwright, os.environ.get("CHROMIUM") or pages.CHROMIUM) as chromium:

        def open_browser() -> Seat:
            seats.append(Seat(chromium, options).log_in())
            return seats[-1]

        yield open_browser
        for seat in seats:
            seat.close()


def change(case: Case, inventory, seats: dict[str, Seat]) -> None:
    """Run a change with all tabs open, and have each of them go on during it or after it."""
    lost, rounds = {}, 0
    with begun(case, inventory) as going:
        while not going.done() and not lost:
            for name, seat in seats.items():
                lost |= use(f"{name}, round {rounds}", seat) if name.endswith("busy") else {}
            rounds += 1
    assert going.result().code == 0, going.result().text
    assert lost == {}, f"during the {case.name}"
    for name, seat in seats.items():
        for _hour in range(2):
            lost |= use(name, seat)
    assert lost == {}, f"after the {case.name}, in which the busy tabs went on {rounds} times"
    assert rounds > 5


def use(name: str, seat: Seat) -> dict[str, str]:
    """What keeps a tab from going on, by its name."""
    try:
        seat.go_on()
    except Error as failure:
        return {name: f"{str(failure).splitlines()[0]} {'; '.join(seat.problems())}"}
    problems = seat.problems()
    return {name: "; ".join(problems)} if problems else {}


def test_every_tab_goes_on(app, inventory, sit):
    before = app.live()
    assert before.startswith("before-")
    seats = {f"{kind}, {moment}": sit() for kind in ("old", "both") for moment in MOMENTS}
    change(DEPLOY, inventory, seats)
    for moment in MOMENTS:
        seats[f"both, {moment}"].open()
        seats[f"new, {moment}"] = sit()
    change(Case("rollback", "rollback", "", ("-e", f"release={before}")), inventory, seats)
    assert app.live() == before
    change(DEPLOY, inventory, seats)
    assert app.live().startswith("fix-")
    assert app.sql("SELECT count(*) FROM auth_refresh_token WHERE revoked_reason = 'reuse_detected'") == "0"
