"""A release that passes its verification, and breaks or refuses its clients a while after."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from faulty_runs import begun, deploy, noted, serves, wait_for_phase, wait_until
from left_over import left_over
from playbook_run import PROJECT, check_refusal, run


def test_a_watched_release_that_breaks_is_left_again(app, inventory):
    """Red without the watch: the release before would be stopped, and this one live until somebody looks."""
    before = app.live()
    case = deploy(
        "broken-when-warm",
        r"requests to broken-when-warm.* were answered with 5xx.* serves as before",
        deploy_watch_minutes=4,
        prober_enabled=True,
    )
    with noted("release that breaks once it is verified, under a watch", "old release serves"):
        check_refusal(case, run(case, inventory))
    assert app.live() == before and serves(app, before.rpartition("-")[0])
    broken = app.releases()["broken-when-warm"]
    assert broken["state"] == "failed"
    report = json.loads((PROJECT / "reports" / f"{broken['id']}.json").read_text())
    assert report["prober"]["sessions"]["ended"] == []
    assert left_over(app) == ""


def test_a_watched_release_whose_refreshes_are_refused_is_left_again(app, inventory):
    """The edge counts no error and the tokens are well: only the backend knows. Red without its counts."""
    before = app.live()
    case = deploy(
        "next",
        r"refreshes failed under next-.*token_invalid.* serves as before",
        deploy_watch_minutes=4,
        frontend_build_arguments={"WATCHED": "refreshes"},
    )
    with noted("release whose refreshes are refused, under a watch", "old release serves"):
        with begun(case, inventory) as going:
            wait_for_phase(app, "verify", going)
            while not going.done():
                refresh_with_nonsense(app)
                time.sleep(0.5)
        check_refusal(case, going.result())
    assert app.live() == before
    assert left_over(app) == ""


def test_a_watched_release_under_which_a_check_becomes_critical_is_left_again(app, inventory, tmp_path):
    """Requests and refreshes are answered: only the rows tell. Red where a look of the watch reads no health."""
    before, log = app.live(), tmp_path / "log"
    case = deploy(
        "next",
        r"health checks are critical.*1 rows were made in the future.* serves as before",
        deploy_watch_minutes=4,
        frontend_build_arguments={"WATCHED": "health"},
    )
    case = replace(case, environment={"ANSIBLE_LOG_PATH": str(log)})
    row = app.sql("SELECT min(id) FROM auth_refresh_token WHERE revoked_at IS NOT NULL")
    # A token ends after it was made: that is a constraint of its table.
    both = ", ".join(f"{when} = {when} {{0}} interval '30 days'" for when in ("created_at", "expires_at"))
    shift = f"UPDATE auth_refresh_token SET {both} WHERE id = {row}"
    with noted("release under which a health check becomes critical, under a watch", "old release serves"):
        with begun(case, inventory) as going:
            wait_until(lambda: going.done() or _watches(log), 900, "the watch")
            app.sql(shift.format("+"))
            try:
                check_refusal(case, going.result())
            finally:
                app.sql(shift.format("-"))
    assert app.live() == before
    assert left_over(app) == ""


def _watches(log: Path) -> bool:
    """Whether a run has begun to watch: nothing on the host says so."""
    return log.exists() and "TASK [watch | Watch the release]" in log.read_text()


def refresh_with_nonsense(app) -> None:
    """What a client gets whose token the backend does not know: its user has to log in again."""
    app.run(
        "curl --silent --output /dev/null --max-time 10 --header 'Content-Type: application/json' "
        """--data '{"refresh": "nonsense"}' http://127.0.0.1/api/auth/refresh/ || true"""
    )
