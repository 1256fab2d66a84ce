#!/usr/bin/python
"""Take and give back the lock that lets one run at a time change an app host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_lock
short_description: Take or give back the release lock of an app host
description:
  - One run at a time may change the releases of a host.
  - The lock names its holder and is a lease, which every phase renews. It stays valid beyond that while a process of
    the host has the holder's id in its environment, as C(RELEASE_RUN).
  - Whoever finds a lease that is over gives its holder some seconds to begin its next task, and renews it while that
    is at work.
  - Whoever takes over the lock of a run that died first waits for what that run, and those that it had followed, have
    left at work on the host.
  - Taking the lock and giving it back in the same run leaves the host as it was, so the module never reports a change.
options:
  root:
    description:
      - Folder that holds the releases; the lock is C(lock.json) in it.
      - It is created when it does not exist.
    type: path
    required: true
  state:
    description:
      - V(present) takes the lock, V(absent) gives it back, V(held) renews it, or fails without it.
      - V(returned) gives it back to the run that died with it, which the next run then follows, where there is one.
      - A lease that cannot be written by V(held) is a warning; the lock is this run's until it is over.
    type: str
    choices: [present, held, absent, returned]
    default: present
  holder:
    description:
      - Identity of the run, with the keys V(holder) (unique id of the run), V(user), V(host), V(machine_id),
        V(boot_id), V(pid_namespace), V(pid), V(pid_started) and V(verb).
    type: dict
    required: true
  lease_seconds:
    description: How long the lock stays valid without being renewed.
    type: int
    default: 900
  wait_seconds:
    description: How long to wait for another run to end.
    type: int
    default: 0
  take_over:
    description: Id of a holder that is known to be dead; its lock is taken over at once.
    type: str
  work_seconds:
    description: How long what dead runs have left at work may take to end by itself; then it is ended.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    description:
      - In check mode the lock is only looked at; one held by another run is reported, not an error.
      - Of one that would be taken over it returns RV(found) and RV(followed), as if it were.
author: Deployment team
"""

EXAMPLES = r"""
- name: Take the release lock
  release_lock:
    root: /srv/app
    holder: "{{ 'deploy' | control_run }}"
    wait_seconds: 60
"""

RETURN = r"""
busy:
  description: Whether another run holds the lock.
  returned: always
  type: bool
found:
  description: What the lock of the other run said, empty when there was none.
  returned: always
  type: dict
taken_over:
  description: Whether the lock of another run was taken over.
  returned: always
  type: bool
followed:
  description:
    - The runs that died with the lock, the last one first, each with its V(holder) and V(verb).
    - There are several where a run died that had followed another one.
  returned: always
  type: list
  elements: dict
ended:
  description: How many processes of the runs that died had to be ended.
  returned: always
  type: int
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.release_lock import (
    LockBusy,
    acquire,
    assert_held,
    end_work,
    hand_back,
    in_force,
    read,
    release,
    renew,
    runs_of,
    wait_for_work,
)
from ansible.module_utils.release_store import ReleaseError

ARGUMENT_SPEC = dict(
    root=dict(type="path", required=True),
    state=dict(type="str", choices=["present", "held", "absent", "returned"], default="present"),
    holder=dict(type="dict", required=True),
    lease_seconds=dict(type="int", default=900),
    wait_seconds=dict(type="int", default=0),
    take_over=dict(type="str"),
    work_seconds=dict(type="int", default=60),
)

POLL_SECONDS = 1.0
#: How long a run that lives may have nothing at work on the host, between two of its tasks.
PAUSE_SECONDS = 5.0
#: What is returned where no other run has the lock.
FREE = dict(busy=False, found={}, taken_over=False, followed=[], ended=0)


def take(params: dict) -> dict | None:
    """Take the lock, waiting as long as was asked for; return what was taken over, if anything."""
    os.makedirs(params["root"], mode=0o755, exist_ok=True)
    deadline = time.monotonic() + params["wait_seconds"]
    mine = {**params["holder"], "phase": "lock"}
    while True:
        if not params["take_over"]:
            wait_for_work(params["root"], mine["holder"], PAUSE_SECONDS)
        try:
            return acquire(params["root"], mine, params["lease_seconds"], params["take_over"])
        except LockBusy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_SECONDS)


def hold(module: AnsibleModule) -> None:
    """Renew the lease, or fail where this run has no lock."""
    root, holder = module.params["root"], module.params["holder"]["holder"]
    try:
        renew(root, holder, "", module.params["lease_seconds"])
    except OSError as error:
        # What goes back on a full disk has to go back; it needs the lock, and no longer lease.
        assert_held(root, holder)
        module.warn(f"the lease of the release lock could not be renewed: {error}")


def look(params: dict) -> dict:
    """Return what taking the lock would find; nothing is taken."""
    found = read(params["root"])
    if not found or found["holder"] == params["holder"]["holder"]:
        return FREE
    if params["take_over"] != found["holder"] and in_force(found, time.time()):
        return FREE | dict(busy=True, found=found)
    return FREE | dict(found=found, followed=followed(found))


def followed(found: dict) -> list[dict]:
    """Return whom a run follows that takes a lock over."""
    return [{key: run[key] for key in ("holder", "verb")} for run in runs_of(found)]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, **look(params))
    try:
        if params["state"] == "held":
            hold(module)
            module.exit_json(changed=False, **FREE)
        if params["state"] in ("absent", "returned"):
            give_back = release if params["state"] == "absent" else hand_back
            if not give_back(params["root"], params["holder"]["holder"]):
                module.fail_json(
                    msg="release lock was not held by this run when it ended; another run took it over."
                )
            module.exit_json(changed=False, **FREE)
        found = take(params)
        # Also of those that it had followed: it may have died before it had ended their work.
        ended = end_work([run["holder"] for run in runs_of(found)], params["work_seconds"]) if found else 0
    except LockBusy as busy:
        module.fail_json(msg=str(busy), **FREE | dict(busy=True, found=busy.holder))
    except (ReleaseError, OSError) as error:
        module.fail_json(msg=str(error))
    if not found:
        module.exit_json(changed=False, **FREE)
    taken = dict(found=found, taken_over=True, followed=followed(found), ended=ended)
    module.exit_json(changed=False, **FREE | taken)


if __name__ == "__main__":
    main()
