#!/usr/bin/python
"""Switch the edge's live pointer to a slot and wait until the other one has drained."""

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_switch
short_description: Send the traffic of the edge to another slot
description:
  - Writes the live slot to the map's file, then sets it in HAProxy's memory with one command, and reads both back.
  - The file comes first, so an edge that restarts in between comes back with a release that is proven and running.
  - Then waits until the slot that lost the traffic serves no request any more.
options:
  socket:
    description: Admin socket of HAProxy.
    type: path
    required: true
  maps_dir:
    description: Folder of the map files on the host.
    type: path
    required: true
  container_maps_dir:
    description: The same folder as HAProxy names it.
    type: str
    required: true
  slot:
    description: Slot that gets the traffic.
    type: str
    choices: [blue, green]
    required: true
  release:
    description: Release that must be in the slot.
    type: str
    required: true
  drain_seconds:
    description: How long to wait for the requests that the other slot still serves.
    type: int
    default: 60
  memory_first:
    description:
      - Whether to switch HAProxy's memory before the file, so that a full disk cannot keep the traffic from going back.
      - The module fails all the same when the file cannot be written.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Says whether it would switch, and does not.
  diff_mode:
    support: full
    description: Shows the live slot and release before and after.
author: Deployment team
"""

EXAMPLES = r"""
- name: Switch to green
  edge_switch:
    socket: /srv/edge/run/admin.sock
    maps_dir: /srv/edge/maps
    container_maps_dir: /etc/haproxy/maps
    slot: green
    release: v2-0123456789ab
"""

RETURN = r"""
switch_seconds:
  description: How long it took from the first write to both reads agreeing.
  returned: success
  type: float
drain_seconds:
  description: How long the other slot still served requests.
  returned: success
  type: float
undrained:
  description: Requests that the other slot still served when the wait was over.
  returned: success
  type: int
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.edge_runtime import (
    LIVE_KEY,
    EdgeError,
    EdgeRuntime,
    backends_of,
    other_slot,
    read_map_file,
    wait_until,
    write_map,
)

ARGUMENT_SPEC = dict(
    socket=dict(type="path", required=True),
    maps_dir=dict(type="path", required=True),
    container_maps_dir=dict(type="str", required=True),
    slot=dict(type="str", choices=["blue", "green"], required=True),
    release=dict(type="str", required=True),
    drain_seconds=dict(type="int", default=60),
    memory_first=dict(type="bool", default=False),
)


class Switch:
    """The live pointer of one edge: its file and HAProxy's memory."""

    def __init__(self, params: dict) -> None:
        self.runtime = EdgeRuntime(params["socket"])
        self.file = f"{params['maps_dir']}/live.map"
        self.map = f"{params['container_maps_dir']}/live.map"
        self.steps = [self.set_file, self.set_memory]
        if params["memory_first"]:
            self.steps.reverse()
        self.wanted = {LIVE_KEY: params["slot"], params["slot"]: params["release"]}

    def differs(self) -> bool:
        """Say whether file or memory have another live slot, or another release in it, than is wanted."""
        return any(
            entries.get(key) != value
            for entries in (read_map_file(self.file), self.runtime.read_map(self.map))
            for key, value in self.wanted.items()
        )

    def set(self) -> float:
        """Switch, check that both took it, and return the seconds it took."""
        begun = time.monotonic()
        for step in self.steps:
            step()
        if self.differs():
            raise EdgeError(
                f"edge did not take {self.wanted}: file and memory disagree after the switch. Run the playbook again."
            )
        return round(time.monotonic() - begun, 4)

    def set_file(self) -> None:
        """Write the file that HAProxy reads when it starts."""
        write_map(self.file, {**read_map_file(self.file), **self.wanted})

    def set_memory(self) -> None:
        """Set the entries that HAProxy uses now."""
        # The slot's release first: an answer must never carry the name of another release.
        for key in sorted(self.wanted, key=lambda name: name == LIVE_KEY):
            self.runtime.set_entry(self.map, key, self.wanted[key])

    def drain(self, slot: str, seconds: float) -> tuple[float, int]:
        """Wait until the slot serves nothing; return the seconds it took and the requests that are left."""
        begun = time.monotonic()
        wait_until(lambda: ["busy"] if self.runtime.sessions(backends_of(slot)) else [], seconds)
        return round(time.monotonic() - begun, 3), self.runtime.sessions(backends_of(slot))


def diff(before: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """Return the module's diff: the live slot and its release, before and after."""
    slot = before.get(LIVE_KEY, "none")
    return {
        "before": f"live: {slot} ({before.get(slot, 'no release')})\n",
        "after": f"live: {wanted[LIVE_KEY]} ({wanted[wanted[LIVE_KEY]]})\n",
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, switch = module.params, Switch(module.params)
    try:
        before, changed = switch.runtime.read_map(switch.map), switch.differs()
        seconds, drained, left = 0.0, 0.0, 0
        if not module.check_mode:
            seconds = switch.set() if changed else 0.0
            # Also where a run that was killed had switched already, and had no time to wait.
            drained, left = switch.drain(other_slot(params["slot"]), params["drain_seconds"])
    except (EdgeError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=changed,
        switch_seconds=seconds,
        drain_seconds=drained,
        undrained=left,
        diff=diff(before, switch.wanted),
    )


if __name__ == "__main__":
    main()
