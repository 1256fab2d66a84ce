"""The engine of the host is restarted in the middle of a deploy. Its containers are down meanwhile, whoever deploys."""

from __future__ import annotations

from faulty_runs import begun, deploy, noted, serves, wait_for_phase, wait_until
from left_over import left_over
from playbook_run import Case, check_refusal, run


def answers(app) -> bool:
    """Whether the edge takes connections; until its container is up again it refuses them."""
    return app.host.run("curl --silent --output /dev/null --max-time 10 http://127.0.0.1/").rc == 0


def test_an_engine_that_is_restarted_comes_back_with_one_release(app, inventory):
    variables = {"frontend_build_arguments": {"ENGINE": "1"}}
    with begun(deploy("next", **variables), inventory) as going:
        wait_for_phase(app, "start", going)
        with noted("engine restarted: until users are served", "one release serves"):
            app.run("sv -w 50 restart docker")
            wait_until(lambda: answers(app) and (serves(app, "fix") or serves(app, "next")), 120, "a release")
        going.result()
    with noted("engine restarted: the next run", "the next run completes the deploy"):
        answer = run(deploy("next", **variables), inventory)
    assert answer.code == 0, answer.text
    assert serves(app, "next")
    assert left_over(app) == ""


def test_an_engine_that_is_down_is_one_problem_among_others(app, inventory):
    case = deploy(
        "fix",
        r"1\. Docker Engine on the app host does not answer: .*Redis on 127.0.0.1:6379 does not answer this login: "
        r".*The app host finds no address for nowhere.invalid, .* Nothing was changed\.",
        verify_url="http://nowhere.invalid/",
    )
    alone = r"msg: .?Docker Engine on the app host does not answer: .* systemctl status docker\. Nothing was changed\."
    app.run("sv -w 50 down docker")
    try:
        with noted("engine down before the run", "nothing touched"):
            check_refusal(case, run(case, inventory))
        for playbook in ("backup", "restore", "setup"):
            without = Case(playbook, playbook, alone)
            check_refusal(without, run(without, inventory))
    finally:
        app.run("sv -w 50 up docker")
        wait_until(lambda: answers(app) and serves(app, "next"), 120, "a release")
    assert left_over(app) == ""
