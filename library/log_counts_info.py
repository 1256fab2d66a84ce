#!/usr/bin/python
"""Counts what the logs of the edge or of backends tell, over time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: log_counts_info
short_description: Count what containers' logs tell, over time
description:
  - Reads the end of containers' logs by C(docker logs), and counts their lines of one kind. No line is returned.
  - Of the edge's log, answers by status, and what refreshes were answered. Of a backend's, events that it writes as
    one line of JSON each, with C(time) and C(event), by their C(outcome) or C(reason).
  - Counts are by minutes where the first line is of the last three hours, by ten minutes where it is of the last day,
    else by hours.
requirements:
  - docker (the program) and timeout, on the host
options:
  kind:
    description: Whose logs these are.
    type: str
    choices: [edge, backend]
    required: true
  containers:
    description: Names of the containers; those that are stopped have a log as well.
    type: list
    elements: str
    required: true
  seconds:
    description: How long ago the first line may be.
    type: int
    required: true
  lines:
    description: Lines at the end of each log that are read at most.
    type: int
    default: 200000
  refresh_path:
    description: Path of refreshes, as the edge sees it; empty counts none.
    type: str
    default: ""
  read_seconds:
    description: Seconds for which a log is read at most; one that takes longer is left out.
    type: int
    default: 30
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Count the answers of a day
  log_counts_info:
    kind: edge
    containers: [edge-edge-1]
    seconds: 86400
    refresh_path: /api/token/refresh
"""

RETURN = r"""
counts:
  description: What was counted of each name in each step that had any.
  returned: success
  type: list
  elements: dict
  sample: [{at: 1795889800, name: answers of 401, count: 3}]
names:
  description: What such a log tells of whether it happened or not.
  returned: success
  type: list
  elements: str
  sample: [answers, answers of 401]
step:
  description: Seconds of a step.
  returned: success
  type: int
  sample: 60
first:
  description:
    - When the first line of this kind was written, in seconds since 1970; null where there is none. What was before is
      not known.
  returned: success
  type: float
  sample: 1795889819.5
until:
  description: Until when was counted, in seconds since 1970.
  returned: success
  type: float
  sample: 1795893419.1
lines:
  description: Lines that were read.
  returned: success
  type: int
  sample: 5210
understood:
  description: Those of them that were counted.
  returned: success
  type: int
  sample: 5204
problems:
  description: A sentence for each log that was not read, or of which older lines were left out.
  returned: success
  type: list
  elements: str
  sample: []
"""

import subprocess
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.log_counts import (
    LogCounts,
    backend_event,
    edge_event,
    logs_command,
    logs_problem,
    names_of_edge,
)

KINDS = {"edge": edge_event, "backend": backend_event}
ARGUMENT_SPEC = dict(
    kind=dict(type="str", choices=["edge", "backend"], required=True),
    containers=dict(type="list", elements="str", required=True),
    seconds=dict(type="int", required=True),
    lines=dict(type="int", default=200000),
    refresh_path=dict(type="str", default=""),
    read_seconds=dict(type="int", default=30),
)


def read_log(counts: LogCounts, container: str, options: dict) -> str:
    """Count the log of a container, as it comes; returns what is wrong with it, as a sentence."""
    whole = LogCounts(counts.kind, counts.since, counts.until, counts.refresh_path)
    command = logs_command(container, counts.since, options["lines"], options["read_seconds"])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
    ) as process:
        whole.add(process.stdout)
    problem = logs_problem(container, process.returncode, options["read_seconds"])
    if not problem:
        counts.take(whole)
    if not problem and whole.lines >= options["lines"]:
        problem = f"Of the log of {container} the last {options['lines']} lines were read: of before nothing is known."
    return problem


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    options, now = module.params, time.time()
    counts = LogCounts(KINDS[options["kind"]], now - options["seconds"], now, options["refresh_path"])
    try:
        problems = [read_log(counts, container, options) for container in options["containers"]]
    except OSError as error:
        module.fail_json(msg=f"Logs cannot be read on this host: {error.strerror} ({error.filename}).")
    module.exit_json(
        changed=False,
        counts=counts.counts(),
        names=names_of_edge(options["refresh_path"]) if options["kind"] == "edge" else [],
        step=counts.step,
        first=counts.first,
        until=counts.until,
        lines=counts.lines,
        understood=counts.understood,
        problems=[problem for problem in problems if problem],
    )


if __name__ == "__main__":
    main()
