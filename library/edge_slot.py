#!/usr/bin/python
"""Open an idle slot of the edge to one run that proves the release in it, and close it again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_slot
short_description: Make an idle slot of the edge reachable by a secret header
description:
  - With O(state=proving), waits until HAProxy has checked the containers of the slot and has their
    addresses, names the slot's release, and lets requests that carry the prove key reach it. No other request does.
  - With O(state=closed), forgets the prove key.
  - The edge's configuration is not touched; only entries of its maps come and go, over its admin socket.
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
    description: Slot to open.
    type: str
    choices: [blue, green]
    required: true
  release:
    description: Release in the slot. The edge answers it as C(X-Release).
    type: str
    required: true
  slot_network:
    description: Docker network on which the edge reaches the release.
    type: str
    required: true
  prove_key:
    description: Value of the header C(X-Prove) that reaches the slot.
    type: str
    required: true
  state:
    description: V(proving) opens the slot to the prove key, V(closed) to no key, whichever run had opened it.
    type: str
    choices: [proving, closed]
    default: proving
  timeout_seconds:
    description: How long to wait until the edge has the slot up.
    type: int
    default: 15
attributes:
  check_mode:
    support: full
    description: Nothing is opened or closed in check mode.
author: Deployment team
"""

EXAMPLES = r"""
- name: Open the idle slot to this run
  edge_slot:
    socket: /srv/edge/run/admin.sock
    maps_dir: /srv/edge/maps
    container_maps_dir: /etc/haproxy/maps
    slot: green
    release: v2-0123456789ab
    slot_network: edge
    prove_key: "{{ verify_prove_key }}"
"""

RETURN = r"""
addresses:
  description: Address of the container behind each part of the slot.
  returned: when O(state=proving)
  type: dict
waited_seconds:
  description: How long it took until the edge had the slot up.
  returned: when O(state=proving)
  type: float
"""

import time
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.edge_runtime import (
    PARTS,
    EdgeError,
    EdgeRuntime,
    not_ready,
    read_map_file,
    wait_until,
    write_map,
)

try:
    import docker
    from ansible.module_utils.release_containers import addresses, containers_by_release

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    socket=dict(type="path", required=True),
    maps_dir=dict(type="path", required=True),
    container_maps_dir=dict(type="str", required=True),
    slot=dict(type="str", choices=["blue", "green"], required=True),
    release=dict(type="str", required=True),
    slot_network=dict(type="str", required=True),
    prove_key=dict(type="str", required=True, no_log=True),
    state=dict(type="str", choices=["proving", "closed"], default="proving"),
    timeout_seconds=dict(type="int", default=15),
)


def slot_addresses(params: dict) -> dict[str, str]:
    """Return {part: address} of the release's containers, which must all run in the slot."""
    in_slot = {
        release: [c for c in containers if c["running"] and c["slot"] == params["slot"]]
        for release, containers in containers_by_release(docker.from_env(), params["slot_network"]).items()
    }
    others = sorted(release for release, found in in_slot.items() if found and release != params["release"])
    if others:
        raise EdgeError(
            f"slot {params['slot']} is taken by {', '.join(others)} as well; one release at a time may hold it."
        )
    found = addresses(in_slot.get(params["release"], []))
    missing = [part for part in PARTS if not found.get(part)]
    if missing:
        raise EdgeError(
            f"release {params['release']} has no running {' and no '.join(missing)} container in slot {params['slot']}."
        )
    return found


def prove(runtime: EdgeRuntime, params: dict) -> dict:
    """Wait for the slot, name its release, and let the prove key through."""
    begun = time.monotonic()
    wanted = slot_addresses(params)
    left = wait_until(lambda: not_ready(runtime.servers(), params["slot"], wanted), params["timeout_seconds"])
    if left:
        raise EdgeError(
            f"edge did not get slot {params['slot']} up in {params['timeout_seconds']} s: {'; '.join(left)}."
        )
    live_map = f"{params['maps_dir']}/live.map"
    write_map(live_map, {**read_map_file(live_map), params["slot"]: params["release"]})
    runtime.set_entry(f"{params['container_maps_dir']}/live.map", params["slot"], params["release"])
    if runtime.read_map(f"{params['container_maps_dir']}/live.map").get(params["slot"]) != params["release"]:
        raise EdgeError(
            f"edge did not take {params['release']} for slot {params['slot']}. Run the playbook again."
        )
    runtime.clear(f"{params['container_maps_dir']}/probe.map")  # what a run that was killed left behind
    runtime.set_entry(f"{params['container_maps_dir']}/probe.map", params["prove_key"], params["slot"])
    return dict(addresses=wanted, waited_seconds=round(time.monotonic() - begun, 3))


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    if module.check_mode:
        result = dict(addresses={}, waited_seconds=0.0) if module.params["state"] == "proving" else {}
        module.exit_json(changed=True, **result)
    params, runtime = module.params, EdgeRuntime(module.params["socket"])
    try:
        if params["state"] == "closed":
            # Of a run that died as well: one run at a time has a slot to prove.
            probe_map = f"{params['container_maps_dir']}/probe.map"
            for key in runtime.read_map(probe_map):
                runtime.delete_entry(probe_map, key)
            module.exit_json(changed=True)
        module.exit_json(changed=True, **prove(runtime, params))
    except (EdgeError, OSError, docker.errors.DockerException) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
