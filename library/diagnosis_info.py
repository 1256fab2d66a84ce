#!/usr/bin/python
"""Ansible module; the rules are in ansible.module_utils.diagnosis_host and ansible.module_utils.diagnosis_release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnosis_info
short_description: Tell what is wrong with a host from what was seen of it
description:
  - Names the root cause first. What follows from it is a consequence, and not critical.
  - Looks at nothing itself, so it runs on the control node and never fails on a host that is broken.
options:
  seen:
    description:
      - What was seen, any part of which may be missing. C(blind) has C(reason), C(rc) and C(asserted) of each probe
        that could not look, C(found) the sentences of each role's preflight by name. C(releases) is as M(release_info)
        returns it, C(containers) as the engine lists them, C(edge_container) a name, C(data_services) those that are
        C(here) and their C(project). C(images), C(built_services) and C(release_dir) are those of the live release.
        C(migrations), C(page), C(login) and C(health) are what was met; C(before) in C(login) are the checks of the
        look before, where a browser was asked again.
    type: dict
    required: true
  commands:
    description: What an operator types, by name.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: The module only thinks, so check mode is no different.
author: Deployment team
"""

EXAMPLES = r"""
- name: Tell what is wrong
  diagnosis_info:
    seen: {containers: [], blind: {redis: {reason: connection refused}}}
    commands: {fix: repair-it}
  delegate_to: localhost
"""

RETURN = r"""
findings:
  description:
    - What is wrong, the worst and its cause first, each with C(kind), C(status), C(symptom), C(evidence), C(cause),
      C(remedy), C(because), C(act), C(argv) and C(once).
    - C(once) says that a browser alone has shown it, and has not been asked again, as C(login) with C(before) tells.
    - C(status) is V(critical), V(warning), V(unknown) or V(consequence), which C(because) explains.
  returned: always
  type: list
  elements: dict
mends:
  description: Those that C(act) repairs without a person, in the order of their repair.
  returned: always
  type: list
  elements: dict
lines:
  description: What is shown of them.
  returned: always
  type: list
  elements: str
critical:
  description: Symptoms of the critical findings.
  returned: always
  type: list
  elements: str
"""

from dataclasses import asdict

from ansible.module_utils import diagnosis, diagnosis_host, diagnosis_release
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.diagnosis_seen import Seen

ARGUMENT_SPEC = dict(seen=dict(type="dict", required=True), commands=dict(type="dict", required=True))
RULES = diagnosis_host.RULES + diagnosis_release.RULES


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    seen = Seen(module.params["seen"], module.params["commands"])
    findings = diagnosis.arrange(diagnosis.applied(RULES, seen))
    module.exit_json(
        changed=False,
        findings=[asdict(finding) for finding in findings],
        mends=[asdict(finding) for finding in diagnosis.mends(findings)],
        lines=diagnosis.lines(findings),
        critical=[finding.symptom for finding in findings if finding.status == "critical"],
    )


if __name__ == "__main__":
    main()
