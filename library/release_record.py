#!/usr/bin/python
"""Write what a phase did to a release's record and journal, under the release lock."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_record
short_description: Record a phase of a release
description:
  - Adds an entry to the release's journal and merges what is known into its record.
  - Refuses where this run does not hold the release lock, and renews the lock's lease otherwise. So a phase that
    changes a host cannot be started alone, and a run that lost its lock stops at its next phase.
options:
  root:
    description: Folder that holds the releases.
    type: path
    required: true
  release:
    description: Release id.
    type: str
    required: true
  holder:
    description: Id of this run, as it holds the lock.
    type: str
    required: true
  ended:
    description: Phase that ended well.
    type: str
  begins:
    description: Phase that begins now.
    type: str
  failed:
    description: Phase that failed.
    type: str
  state:
    description: State that the release has reached.
    type: str
    choices: [staged, migrated, started, switched, verified, live, good, failed]
  values:
    description: Facts to merge into the record.
    type: dict
    default: {}
  details:
    description: Facts to write into the journal's last entry.
    type: dict
    default: {}
  lease_seconds:
    description: How long the lock stays valid from now.
    type: int
    default: 900
attributes:
  check_mode:
    support: full
    description: Nothing is written in check mode.
author: Deployment team
"""

EXAMPLES = r"""
- name: Record that the release is staged
  release_record:
    root: /srv/app
    release: v2-0123456789ab
    holder: "{{ release_run.holder }}"
    ended: stage
    begins: backup
    state: staged
"""

RETURN = r"""
record:
  description: The record as it is now, without its journal.
  returned: success
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.release_lock import renew
from ansible.module_utils.release_store import (
    STATES,
    ReleaseError,
    advance,
    read_record,
    record_path,
    release_dir,
    utc_now,
    write_json,
)

ARGUMENT_SPEC = dict(
    root=dict(type="path", required=True),
    release=dict(type="str", required=True),
    holder=dict(type="str", required=True),
    ended=dict(type="str"),
    begins=dict(type="str"),
    failed=dict(type="str"),
    state=dict(type="str", choices=list(STATES)),
    values=dict(type="dict", default={}),
    details=dict(type="dict", default={}),
    lease_seconds=dict(type="int", default=900),
)
EVENTS = ("failed", "ended", "begins")


def run(params: dict, check_mode: bool) -> dict:
    """Return the new record, written unless in check mode."""
    root, release = params["root"], params["release"]
    changes = {**params["values"], **({"state": params["state"]} if params["state"] else {})}
    entries = [{"phase": params[event], "event": event} for event in EVENTS if params[event]]
    if not entries:
        raise ReleaseError("the name of a phase is empty; a record needs the name of a phase.")
    entries[-1].update(params["details"])
    record = advance(read_record(root, release), release, params["holder"], changes, entries, utc_now())
    if not check_mode:
        renew(root, params["holder"], entries[-1]["phase"], params["lease_seconds"])
        os.makedirs(release_dir(root, release), mode=0o755, exist_ok=True)
        write_json(record_path(root, release), record)
    return record


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_one_of=[EVENTS], supports_check_mode=True)
    try:
        record = run(module.params, module.check_mode)
    except (ReleaseError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, record={key: value for key, value in record.items() if key != "journal"})


if __name__ == "__main__":
    main()
