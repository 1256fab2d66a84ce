"""PostgreSQL is restarted while a migration runs: requests fail meanwhile, and the deploy goes on."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

from faulty_runs import noted
from playbook_run import Case, run

VARIABLES = {"igny8_version": "slow-migration", "prober_enabled": False}
CASE = Case("slow-migration", "deploy", "", (f"--extra-vars={json.dumps(VARIABLES)}",))
SLOW = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(10)' AND state = 'active'"


def test_a_migration_that_loses_its_server_is_applied_once_it_is_back(app, host, inventory):
    with ThreadPoolExecutor() as pool:
        deploy = pool.submit(run, CASE, inventory)
        while app.sql(SLOW) != "1":
            assert not deploy.done(), deploy.result().text
            time.sleep(1)
        with noted("PostgreSQL restarted while a migration runs", "the deploy completes"):
            host.check_output("docker restart --time 10 igny8-data-postgres-1")
            answer = deploy.result()
    assert answer.code == 0, answer.text
    assert app.live().startswith("slow-migration-")
    assert app.sql("SELECT count(*) FROM django_migrations WHERE name = '0004_slow'") == "1"
    assert app.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"
