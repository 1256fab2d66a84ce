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
    it on the network of the slots. Whatever fails, that container gets the port back.
options:
  state:
    description: What is wanted; V(read) changes nothing, V(returned) undoes V(public).
    type: str
    choices: [read, waiting, public, returned]
    default: read
  container:
    description: Name of the edge's container, which has been made with the port.
    type: str
    required: true
  port:
    description: Public port of the host.
    type: int
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
  previous:
    description: What RV(takeover) said. Required when O(state=returned).
    type: dict
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
    port: 80
    public_network: edge_public
    slot_network: edge
    socket: /srv/edge/run/admin.sock
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
takeover:
  description: What was done with O(state=public); empty when nothing was.
  returned: success
  type: dict
  contains:
    from: {description: Id of the container that had the port, type: str}
    networks: {description: Networks that it left and its aliases there, type: dict}
    aliases: {description: Its aliases on the network of the slots, type: list}
    gap_seconds: {description: How long nobody had the port, type: float}
    held: {description: Whether new connections waited during that time instead of being refused, type: bool}
"""

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.edge_runtime import SLOTS, EdgeError, EdgeRuntime

try:
    import docker
    from ansible.module_utils import edge_port as port

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    state=dict(type="str", choices=["read", "waiting", "public", "returned"], default="read"),
    container=dict(type="str", required=True),
    port=dict(type="int", required=True),
    public_network=dict(type="str", required=True),
    slot_network=dict(type="str", required=True),
    socket=dict(type="path", required=True),
    previous=dict(type="dict"),
)
REQUIRED_IF = [("state", "returned", ["previous"])]


def tell_address(client, params: dict, holder: dict) -> None:
    """Tell HAProxy the holder's new address at once; its own look-up would find it a second later."""
    name, runtime = holder["Id"], EdgeRuntime(params["socket"])
    endpoint = client.api.inspect_container(name)["NetworkSettings"]["Networks"][params["slot_network"]]
    known = [f"{part}_{slot}" for part in ("api", "web") for slot in SLOTS]
    for backend in known:
        if backend.replace("_", "-") in (endpoint.get("Aliases") or []):
            runtime.ask(f"set server {backend}/s1 addr {endpoint['IPAddress']}")


def take(client, edge, holder: dict | None, params: dict) -> dict:
    """Give the port to the edge; return what was done to its holder."""
    if holder is None:
        client.api.connect_container_to_network(edge.container, edge.public_network)
        return {}
    result = port.swap(client, edge, holder)
    try:
        tell_address(client, params, holder)
    except BaseException:
        port.give_back(client, edge, result["from"], result["networks"], result["aliases"])
        raise
    return result


def act(client, edge, holder: dict | None, params: dict) -> dict:
    """Bring the edge to the wanted state; return what was done to the holder of the port."""
    if params["state"] == "public":
        return take(client, edge, holder, params)
    if params["state"] == "waiting":
        port.run_beside(client, edge)
    else:
        done = params["previous"]
        port.give_back(client, edge, done["from"], done["networks"], done["aliases"])
    return {}


def is_needed(wanted: str, state: str) -> bool:
    """Say whether the edge is not yet what is wanted. One that has the port is never made to wait."""
    return {
        "read": False,
        "waiting": state in ("absent", "stopped"),
        "public": state != "public",
    }[wanted]


def run(client, params: dict, check_mode: bool) -> dict:
    """Return the module's result."""
    edge = port.Edge(params["container"], params["port"], params["public_network"], params["slot_network"])
    holder, state = port.holder_of(client, edge.port), port.state_of(client, edge)
    found = port.describe(holder, holder is None and port.is_listened_on(port.read_tables(), edge.port))
    takeover: dict = {}
    if params["state"] == "returned":
        changed = not holder or holder["Id"] != params["previous"]["from"]
    else:
        changed = is_needed(params["state"], state)
    if changed and params["state"] == "public" and found["name"] and holder is None:
        raise port.PortError(
            f"port {edge.port} is held by {found['name']}, which cannot be adopted. Stop it, and run this again."
        )
    if changed and not check_mode:
        takeover = act(client, edge, holder, params)
    where = "" if port.state_of(client, edge) in ("absent", "stopped") else edge.slot_network
    return dict(
        changed=changed,
        holder=found,
        edge=state,
        address=port.address(client, edge.container, where) if where else "",
        takeover=takeover,
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    try:
        result = run(docker.from_env(), module.params, module.check_mode)
    except (port.PortError, EdgeError, OSError, docker.errors.DockerException) as error:
        module.fail_json(msg=f"public port {module.params['port']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
