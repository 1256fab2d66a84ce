"""The rules of the role monitoring in a real promtool: each alert fires for what it is about, and for nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "igny8-sandbox-monitoring:2.42"
CASES = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text())
ROLE = ROOT / "roles" / "monitoring"
FIGURES = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__monitoring_figures"]


def render(folder: Path, template: str, **variables: object) -> Path:
    """Write a template of the role as Ansible does, with the role's defaults."""
    target = folder / template.removesuffix(".j2")
    command = [
        "ansible",
        "localhost",
        "--inventory=localhost,",
        "--connection=local",
        "--module-name=template",
    ]
    command += [f"--args=src={ROLE}/templates/{template} dest={target}"]
    for part in ("defaults", "vars"):
        command.append(f"--extra-vars=@{ROLE}/{part}/main.yml")
    given = {"ansible_python_interpreter": sys.executable, **variables}
    command += [f"--extra-vars={yaml.safe_dump(given, default_flow_style=True, width=10**6)}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def promtool(folder: Path, *arguments: str) -> str:
    """Run promtool, that of this machine or of the sandbox's image, and return what it says; fails where it does."""
    program = shutil.which("promtool")
    container = [
        "docker",
        "run",
        "--rm",
        "--network=none",
        f"--user={os.getuid()}",
        f"--volume={folder}:{folder}:ro",
        IMAGE,
    ]
    command = [program] if program else [*container, "/bin/promtool"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules at time scale 1."""
    return render(tmp_path_factory.mktemp("rules"), "rules.yml.j2")


@pytest.fixture(scope="session")
def alerts(rules: Path) -> dict[str, dict]:
    """The alerts by name."""
    groups = yaml.safe_load(rules.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def expectation(alert: str, case: dict) -> dict:
    """Say that an alert fires at the end of a case, or does not."""
    samples = [{"labels": "{}", "value": 1}] if alert in case["fires"] else []
    query = f'max(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    return {"expr": query, "eval_time": f"{case['minutes']}m", "exp_samples": samples}


def recorded(case: dict) -> list[dict]:
    """Say which values the records have at the end of a case, by their names with labels."""
    return [
        {
            "expr": name.partition("{")[0],
            "eval_time": f"{case['minutes']}m",
            "exp_samples": [{"labels": name, "value": value}],
        }
        for name, value in case.get("records", {}).items()
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_these_alerts_fire_and_no_others(rules: Path, alerts: dict, tmp_path: Path, case: dict):
    assert set(case["fires"]) <= set(alerts)
    step = f"{case.get('step', 1)}m"
    test = {
        "interval": step,
        "input_series": [{"series": name, "values": values} for name, values in case["series"].items()],
        "promql_expr_test": [*(expectation(alert, case) for alert in alerts), *recorded(case)],
    }
    shutil.copy(rules, tmp_path / "rules.yml")
    # Without an order promtool takes a random one, and an alert before the records that it reads is a step behind.
    order = [group["name"] for group in yaml.safe_load(rules.read_text())["groups"]]
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": step,
        "group_eval_order": order,
        "tests": [test],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(content))
    promtool(tmp_path, "test", "rules", str(tmp_path / "test.yml"))


def test_alerts_that_fire_are_known_since_the_rules_are_there(tmp_path: Path):
    """One that fires before is somebody else's: it tells neither since when there are figures, nor whether."""
    [query] = [figure["query"] for figure in FIGURES if figure["name"] == "alerts that fire"]
    moments = [("5m", None), ("15m", None), ("25m", 1), ("35m", 0), ("45m", 2)]
    test = {
        "interval": "1m",
        "input_series": [
            {"series": "refresh:all_3d", "values": "_x20 0x29"},
            {"series": 'ALERTS{alertname="Other",alertstate="firing"}', "values": "_x10 1x19 stale _x9 1x9"},
            {"series": 'ALERTS{alertname="Own",alertstate="firing"}', "values": "_x40 1x9"},
            {"series": 'ALERTS{alertname="Own",alertstate="pending"}', "values": "_x30 1x9 stale"},
        ],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": moment,
                "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
            }
            for moment, value in moments
        ],
    }
    content = {"rule_files": [], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(content))
    promtool(tmp_path, "test", "rules", str(tmp_path / "test.yml"))


def test_each_alert_has_a_case_that_fires_it(alerts: dict):
    assert {name for case in CASES for name in case["fires"]} == set(alerts)


def test_each_alert_names_a_heading_of_the_guide(alerts: dict):
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "operators-guide.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    steps = {name: alert["annotations"]["next_step"].partition("#") for name, alert in alerts.items()}
    assert {name for name, (page, _, _) in steps.items() if page != "docs/operators-guide.md"} == set()
    assert {name for name, (_, _, anchor) in steps.items() if anchor not in anchors} == set()


@pytest.mark.parametrize("scale", [1, 60, 1440])
def test_rules_hold_at_every_time_scale(tmp_path: Path, scale: int):
    file = render(
        tmp_path,
        "rules.yml.j2",
        monitoring_time_scale=scale,
        monitoring_scrape_seconds=15 if scale == 1 else 1,
    )
    assert "SUCCESS" in promtool(tmp_path, "check", "rules", str(file))
