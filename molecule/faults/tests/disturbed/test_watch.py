"""A release that passes its verification and breaks a while after, which its users meet until it is left again."""

from __future__ import annotations

import json

from faulty_runs import deploy, noted, serves
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
