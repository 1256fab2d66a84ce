#!/usr/bin/python
"""Asks a Prometheus for figures over the time until now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prometheus_range_info
short_description: Ask a Prometheus for figures over the time until now
description:
  - Asks for one figure after the other, and of each returns the first series. A Prometheus that does not answer is no
    failure, but is named in RV(problem).
  - Asks again for the time of which figures are known, with more values of it, where that is less than half of
    O(seconds).
  - Follows no redirection, so that credentials reach the named address alone.
options:
  url:
    description: Address of the Prometheus, or of what answers queries as it does, without C(/api).
    type: str
    required: true
  user:
    description: User of HTTP's basic authentication; empty for none.
    type: str
    default: ""
  password:
    description: Password of that user; without a user, a token that is sent as C(Authorization Bearer).
    type: str
    default: ""
  ca_cert:
    description: File with the authority of its certificate; empty for those of the system.
    type: path
    default: ""
  queries:
    description: Queries, by the names of the figures.
    type: dict
    required: true
  seconds:
    description: How long ago the time begins.
    type: int
    required: true
  least_step:
    description: Seconds between two values at least.
    type: int
    default: 15
  timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 10
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Ask for the rate of requests of a day
  prometheus_range_info:
    url: https://prometheus.internal
    queries: {requests: "sum(rate(haproxy_backend_http_responses_total[5m]))"}
    seconds: 86400
  delegate_to: localhost
"""

RETURN = r"""
points:
  description: Pairs of time and value of each figure; none of one that is not known, and none at all beside a problem.
  returned: success
  type: dict
  sample: {requests: [[1795889819.0, "12.5"]]}
problem:
  description: Why there are no figures, as a sentence; empty when there are.
  returned: success
  type: str
  sample: "http://127.0.0.1:9090 does not answer (Connection refused)."
"""

import os
import time
from http.client import HTTPException
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.prometheus_range import (
    PrometheusError,
    known_seconds,
    points_of,
    query_url,
    request_headers,
    status_problem,
    unreachable,
)
from ansible.module_utils.urls import open_url

ARGUMENT_SPEC = dict(
    url=dict(type="str", required=True),
    user=dict(type="str", default=""),
    password=dict(type="str", default="", no_log=True),
    ca_cert=dict(type="path", default=""),
    queries=dict(type="dict", required=True),
    seconds=dict(type="int", required=True),
    least_step=dict(type="int", default=15),
    timeout=dict(type="int", default=10),
)


def ask_all(options: dict, now: float) -> dict[str, list]:
    """Return the points of each query, of a time that is known by half at least; raises `PrometheusError`."""
    points = {name: ask(options, query, now) for name, query in options["queries"].items()}
    known = known_seconds(points, now, options["seconds"], options["least_step"])
    return ask_all({**options, "seconds": known}, now) if known * 2 < options["seconds"] else points


def ask(options: dict, query: str, now: float) -> list:
    """Return the points of a query; raises `PrometheusError`."""
    basic = {"url_username": options["user"], "url_password": options["password"], "force_basic_auth": True}
    try:
        with open_url(
            query_url(options["url"], query, now, options["seconds"], options["least_step"]),
            headers=request_headers(options["user"], options["password"]),
            ca_path=options["ca_cert"] or None,
            timeout=options["timeout"],
            follow_redirects="none",
            # What a .netrc of the user holds is for other programs.
            use_netrc=False,
            **(basic if options["user"] else {}),
        ) as answer:
            return points_of(answer.read())
    except HTTPError as error:
        raise PrometheusError(status_problem(error.code)) from error
    # Certificates and names that are wrong come as these as well; a body that ends early, as the others.
    except (OSError, ValueError, HTTPException) as error:
        raise PrometheusError(unreachable(error)) from error


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    options, now, points, problem = module.params, time.time(), {}, ""
    try:
        if options["ca_cert"] and not os.path.isfile(options["ca_cert"]):
            raise PrometheusError(f"was not asked: there is no file {options['ca_cert']}")
        points = ask_all(options, now)
    except PrometheusError as error:
        problem = f"{options['url']} {error}."
    module.exit_json(
        changed=False, points=points or {name: [] for name in options["queries"]}, problem=problem
    )


if __name__ == "__main__":
    main()
