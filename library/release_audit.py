#!/usr/bin/python
"""Adds one line to the history of runs on an application host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_audit
short_description: Append to the history of runs
description:
  - Adds one line of JSON to C(audit.jsonl) below O(root), a file of root's alone. What is there is never changed.
  - The line is written at once and synced. One that a crash has cut short stays as it is, and the next begins on a
    line of its own.
attributes:
  check_mode:
    support: full
    description: Writes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: partial
    description: Each call is another line, but for one that is about a O(run) of which there is a line already.
options:
  root:
    description: Folder of the releases on the host.
    type: path
    required: true
  entry:
    description: What the line tells, without secrets. The time is added as C(at).
    type: dict
    required: true
  run:
    description:
      - Id of a run that is told of once; it is added to the line as C(run).
      - Nothing is added where the history has a line of it. Without it, every call adds one.
    type: str
"""

EXAMPLES = r"""
- name: Tell what was done
  release_audit:
    root: /srv/app
    entry: {verb: deploy, release: v2-0123456789ab, user: ann, from: desk, outcome: kept}
"""

RETURN = r"""
entry:
  description: The line, or the one of the same run that was there.
  returned: success
  type: dict
  sample: {at: "2026-01-01T10:00:00.000Z", verb: deploy, release: v2-0123456789ab}
"""

import contextlib
import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.release_store import utc_now

NAME = "audit.jsonl"
ARGUMENT_SPEC = {
    "root": {"type": "path", "required": True},
    "entry": {"type": "dict", "required": True},
    "run": {"type": "str"},
}


def line_of(path: str, run: str) -> dict | None:
    """Return the line that tells of a run, None where there is none that is whole."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            lines = [line for line in handle if run in line]
    except FileNotFoundError:
        return None
    for line in lines:
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("run") == run:
                return entry
    return None


def append(path: str, line: str) -> None:
    """Add a line to a file that only root reads; it is on disk when this returns."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
        os.write(descriptor, f"{'' if whole else chr(10)}{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run = module.params["run"]
    entry = {"at": utc_now(), **module.params["entry"]} | ({"run": run} if run else {})
    path = os.path.join(module.params["root"], NAME)
    try:
        told = line_of(path, run) if run else None
        if told:
            module.exit_json(changed=False, entry=told)
        if not module.check_mode:
            append(path, json.dumps(entry, sort_keys=True))
    except OSError as error:
        module.fail_json(msg=f"{path}: {error.strerror}; the history of runs could not be written there.")
    module.exit_json(changed=True, entry=entry)


if __name__ == "__main__":
    main()
