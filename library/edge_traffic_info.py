#!/usr/bin/python
"""Counts what the edge has answered for a slot, and what of it failed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_traffic_info
short_description: Count the answers of a slot
description:
  - Reads from HAProxy's memory how many requests the backends of a slot have answered, and how many of them with 5xx.
    What HAProxy answers in their place (502, 503, 504) is among these.
options:
  socket:
    description: Admin socket of HAProxy.
    type: path
    required: true
  slot:
    description: Slot to count.
    type: str
    choices: [blue, green]
    required: true
  since:
    description: An earlier RV(total) of this module, from which on RV(requests) and RV(errors) count.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Count from here on
  edge_traffic_info:
    socket: /srv/edge/run/admin.sock
    slot: green
  register: before

- name: Count since then
  edge_traffic_info:
    socket: /srv/edge/run/admin.sock
    slot: green
    since: "{{ before.total }}"
"""

RETURN = r"""
requests:
  description: Answers since O(since), or since HAProxy started.
  returned: success
  type: int
  sample: 1204
errors:
  description: Those of them that were 5xx.
  returned: success
  type: int
  sample: 0
total:
  description: Both since HAProxy started.
  returned: success
  type: dict
  sample: {requests: 90211, errors: 3}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.edge_runtime import EdgeError, EdgeRuntime, backends_of

ARGUMENT_SPEC = dict(
    socket=dict(type="path", required=True),
    slot=dict(type="str", choices=["blue", "green"], required=True),
    since=dict(type="dict", default={}),
)


def count_since(total: dict[str, int], since: dict[str, int]) -> dict[str, int]:
    """Return what came after ``since``. An edge that was restarted in between began at 0 again."""
    if any(total[name] < int(since.get(name, 0)) for name in total):
        return dict(total)
    return {name: total[name] - int(since.get(name, 0)) for name in total}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        total = EdgeRuntime(module.params["socket"]).answered(backends_of(module.params["slot"]))
    except EdgeError as error:
        module.fail_json(msg=str(error))
    counted = count_since(total, module.params["since"])
    module.exit_json(changed=False, requests=counted["requests"], errors=counted["errors"], total=total)


if __name__ == "__main__":
    main()
