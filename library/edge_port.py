#!/usr/bin/python
"""Read who has the public port, and hand it to the edge while both run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_port
short_description: Read or take the public port for the edge
description:
  - Says which container has the public port of the host.
  - With O(state=waiting), runs the edge's container beside it, without the port.
  - With O(state=public), moves the port to the edge. The container that had it keeps running, and the edge reaches
    it on the network of the slots. Whatever fails, that container gets the port back. A takeover that was cut short
    after the edge had got the port is finished.
  - With O(state=returned), gives the port back as long as there is O(takeover_file).
options:
  state:
    description: What is wanted; V(read) changes nothing, V(returned) undoes V(public).
    type: str
    choices: [read, waiting, public, returned]
    default: read
  container:
    description: Name of the edge's container, which has been made with the ports.
    type: str
    required: true
  ports:
    description: Ports of the host that the edge publishes. The first is looked at; the others go with it.
    type: list
    elements: int
    required: true
  public_network:
    description: Network over which the edge publishes the port.
    type: str
    required: true
  slot_network:
    description: Internal network between the edge and the releases.
    type: str
    required: true
  socket:
    description: Admin socket of HAProxy, which is told the address that the container has after O(state=public).
    type: path
    required: true
  takeover_file:
    description:
      - File in the edge's folder that holds RV(takeover) from before the first step of O(state=public) on. It is
        removed once the port is given back, or by who has found that the edge serves.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Says what has the port and whether it would be moved.
author: Deployment team
"""

EXAMPLES = r"""
- name: Take the public port
  edge_port:
    state: public
    container: edge-edge-1
    ports: [80]
    public_network: edge_public
    slot_network: edge
    socket: /srv/edge/run/admin.sock
    takeover_file: /srv/edge/takeover.json
"""

RETURN = r"""
holder:
  description: Name and compose project of what had the port before; the name is empty where nobody had it.
  returned: success
  type: dict
edge:
  description: State of the edge's container before, V(absent), V(stopped), V(waiting) or V(public).
  returned: success
  type: str
address:
  description: Address of the edge's container on the network of the slots; empty where it does not run.
  returned: success
  type: str
problem:
  description: Why the ports cannot be handed over together; empty where they can.
  returned: success
  type: str
takeover:
  description: What was done to who had the port, until O(takeover_file) is removed; empty where nothing was.
  returned: success
  type: dict
  contains:
    from: {description: Id of the container that had the port, type: str}
    networks: {description: Networks that it left and its aliases there, type: dict}
    aliases: {description: Its aliases on the network of the slots, type: list}
    gap_seconds: {description: How long nobody had the port; absent after a run that was cut short, type: float}
    held: {description: Whether new connections waited during that time instead of being refused, type: bool}
"""

import json
import os
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.edge_runtime import SLOTS, EdgeError, EdgeRuntime
from ansible.module_utils.release_store import write_json

try:
    import docker
    from ansible.module_utils import edge_port as port

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    state=dict(type="str", choices=["read", "waiting", "public", "returned"], default="read"),
    container=dict(type="str", required=True),
    ports=dict(type="list", elements="int", required=True),
    public_network=dict(type="str", required=True),
    slot_network=dict(type="str", required=True),
    socket=dict(type="path", required=True),
    takeover_file=dict(type="path", required=True),
)


class Handover:
    """The way of the port from its holder to the edge, and back. What was begun is in a file before it is done."""

    def __init__(self, client, edge, params: dict) -> None:
        self.client, self.edge = client, edge
        self.socket, self.file = params["socket"], params["takeover_file"]
        self.takeover = self.read()

    def read(self) -> dict:
        """Return what was begun and is neither settled nor given back."""
        try:
            with open(self.file, encoding="utf-8") as handle:
                return json.load(handle)
        except FileNotFoundError:
            return {}

    def write(self, changes: dict) -> None:
        """Remember more of it, where the next run finds it."""
        self.takeover = {**self.takeover, **changes}
        write_json(self.file, self.takeover)

    def take(self, holder: dict | None) -> None:
        """Give the port to the edge."""
        if holder is None:
            self.client.api.connect_container_to_network(self.edge.container, self.edge.public_network)
            return
        self.write(port.plan(self.client, self.edge, holder))
        try:
            self.write(port.swap(self.client, self.edge, self.takeover))
            self.tell_address()
        except BaseException:
            self.give_back()
            raise

    def finish(self) -> None:
        """Do what a run that was cut short has left of it; the edge has the port."""
        if port.exists(self.client, self.takeover["from"]):
            port.join_slot(self.client, self.edge, self.takeover)
            self.tell_address()

    def give_back(self) -> None:
        """Give the port back, and forget that it was taken."""
        port.give_back(self.client, self.edge, self.takeover)
        os.unlink(self.file)
        self.takeover = {}

    def tell_address(self) -> None:
        """Tell HAProxy the holder's new address at once; its own look-up would find it a second later."""
        found = port.address(self.client, self.takeover["from"], self.edge.slot_network)
        for backend in [f"{part}_{slot}" for part in ("api", "web") for slot in SLOTS]:
            if backend.replace("_", "-") in self.takeover["aliases"]:
                EdgeRuntime(self.socket).ask(f"set server {backend}/s1 addr {found}")


def is_needed(wanted: str, state: str, takeover: dict) -> bool:
    """Say whether the edge is not yet what is wanted. One that has the port is never made to wait."""
    return {
        "read": False,
        "waiting": state in ("absent", "stopped"),
        "public": state != "public" or bool(takeover),
        "returned": bool(takeover),
    }[wanted]


def act(handover: Handover, wanted: str, holder: dict | None, state: str) -> None:
    """Bring the edge to the wanted state."""
    if wanted == "waiting":
        port.run_beside(handover.client, handover.edge)
    elif wanted == "returned":
        handover.give_back()
    elif state == "public":
        handover.finish()
    else:
        handover.take(holder)


def run(client, params: dict, check_mode: bool) -> dict:
    """Return the module's result."""
    edge = port.Edge(
        params["container"], tuple(params["ports"]), params["public_network"], params["slot_network"]
    )
    handover = Handover(client, edge, params)
    holder, state = port.holder_of(client, edge.port), port.state_of(client, edge)
    found = port.describe(holder, holder is None and port.is_listened_on(port.read_tables(), edge.port))
    problem = port.problem_of(client, edge, holder)
    changed = is_needed(params["state"], state, handover.takeover)
    if changed and params["state"] == "public" and found["name"] and holder is None:
        raise port.PortError(
            f"port {edge.port} is held by {found['name']}, which cannot be adopted. Stop it, and run this again."
        )
    if changed and not check_mode:
        act(handover, params["state"], holder, state)
    where = "" if port.state_of(client, edge) in ("absent", "stopped") else edge.slot_network
    return dict(
        changed=changed,
        holder=found,
        edge=state,
        address=port.address(client, edge.container, where) if where else "",
        problem=problem,
        takeover=handover.takeover,
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    params = module.params
    try:
        with port.alone(os.path.dirname(params["takeover_file"])):
            result = run(docker.from_env(), params, module.check_mode)
    except (port.PortError, EdgeError, OSError, docker.errors.DockerException) as error:
        module.fail_json(msg=f"public port {params['ports'][0]}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
