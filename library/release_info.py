#!/usr/bin/python
"""Read what an app host runs: releases, the live one, slots, and where a rollback would go."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Read the releases of an app host
description:
  - Reads the records, the edge's map (its file and what HAProxy has in memory) and the containers of every release.
  - The live release is the one the edge sends traffic to, never a guess from file times.
options:
  root:
    description: Folder that holds the releases.
    type: path
    required: true
  edge_socket:
    description: Admin socket of HAProxy.
    type: path
    required: true
  edge_maps_dir:
    description: Folder of the edge's map files on the host.
    type: path
    required: true
  edge_container_maps_dir:
    description: The same folder as HAProxy names it.
    type: str
    required: true
  slot_network:
    description: Docker network on which the edge reaches the releases.
    type: str
    required: true
  keep:
    description: How many releases are kept; the others are listed in RV(prunable).
    type: int
    default: 5
  rollback_to:
    description: Release that a rollback was asked to go to; without it, the nearest proven predecessor is chosen.
    type: str
  followed:
    description: Runs that died with the lock that this run has taken over, each with its V(holder) and V(verb).
    type: list
    elements: dict
    default: []
  floor_allow:
    description: Migrations that code need not know, although it could not bear the schema without them.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Only reads.
author: Deployment team
"""

EXAMPLES = r"""
- name: Read the releases
  release_info:
    root: /srv/app
    edge_socket: /srv/edge/run/admin.sock
    edge_maps_dir: /srv/edge/maps
    edge_container_maps_dir: /etc/haproxy/maps
    slot_network: edge
"""

RETURN = r"""
live:
  description: Release that gets the traffic; empty when there is none.
  returned: always
  type: str
live_slot:
  description: Slot of the live release; empty when there is none.
  returned: always
  type: str
idle_slot:
  description: Slot for the next release.
  returned: always
  type: str
live_serving:
  description: Whether all containers of the live release run and are healthy.
  returned: always
  type: bool
releases:
  description: All releases by id.
  returned: always
  type: dict
  contains:
    record: {description: What is recorded of it (without its journal), type: dict}
    containers: {description: Its containers, type: list}
    serving: {description: Whether it runs whole, type: bool}
    missing_images: {description: Services whose image is not on the host any more, type: list}
rollback_target:
  description: Release that a rollback would go to; empty when there is none.
  returned: always
  type: str
rollback_problem:
  description: Why a rollback is not possible; empty when it is.
  returned: always
  type: str
schema_floor:
  description: Migrations that are applied and that code must know to bear the schema, without O(floor_allow).
  returned: always
  type: list
  elements: str
served_migrations:
  description: Migrations that the releases know which have served users, as far as that is recorded.
  returned: always
  type: list
  elements: str
cut_short:
  description:
    - Release whose deploy was cut short before its switch, when that is the last that happened on the host.
  returned: always
  type: str
unfinished:
  description:
    - Release beside the live one that a deploy or rollback was at which was cut short, when that is the last that
      happened on the host.
  returned: always
  type: str
nothing_begun:
  description:
    - Whether a deploy died before it had begun anything, and no run since has begun anything either.
    - What a run before it had done is no part of that.
  returned: always
  type: bool
recorded_by:
  description: Run that has recorded the live release as live, empty when something else happened to it since.
  returned: always
  type: str
unended:
  description: Whether a deploy or rollback which died was at the live release, and had not come to its end.
  returned: always
  type: bool
prunable:
  description: Releases beyond those that are kept, never the live one nor its rollback target.
  returned: always
  type: list
  elements: str
problems:
  description: Where the edge's file, the edge's memory and the records disagree, one sentence each.
  returned: always
  type: list
  elements: str
"""

import os
import traceback

from ansible.module_utils.adoption import adopted_containers, changed_sources, own_paths
from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.edge_runtime import LIVE_KEY, EdgeError, EdgeRuntime, other_slot, read_map_file
from ansible.module_utils.release_lock import CHANGES
from ansible.module_utils.release_store import (
    ReleaseError,
    began_nothing,
    cut_short_deploy,
    left_unfinished,
    prunable,
    read_records,
    recorded_by,
    rollback_target,
    schema_floor,
    served_migrations,
    unended,
)

try:
    import docker
    from ansible.module_utils.release_containers import containers_by_release, missing_images, serving

    DOCKER_ERROR = None
except ImportError:
    DOCKER_ERROR = traceback.format_exc()

ARGUMENT_SPEC = dict(
    root=dict(type="path", required=True),
    edge_socket=dict(type="path", required=True),
    edge_maps_dir=dict(type="path", required=True),
    edge_container_maps_dir=dict(type="str", required=True),
    slot_network=dict(type="str", required=True),
    keep=dict(type="int", default=5),
    rollback_to=dict(type="str"),
    followed=dict(type="list", elements="dict", default=[]),
    floor_allow=dict(type="list", elements="str", default=[]),
)


def read_edge(params: dict) -> tuple[dict[str, str], list[str]]:
    """Return the edge's live map and what is wrong with it."""
    in_file = read_map_file(os.path.join(params["edge_maps_dir"], "live.map"))
    try:
        in_memory = EdgeRuntime(params["edge_socket"]).read_map(
            f"{params['edge_container_maps_dir']}/live.map"
        )
    except EdgeError as error:
        return in_file, [str(error)]
    if in_memory and LIVE_KEY in in_file and LIVE_KEY not in in_memory:
        # Not a switch: a page was shown in front of the live slot, and whoever showed it is gone.
        return in_file, [
            f"edge answers everybody with its page, although {in_file[LIVE_KEY]} is the live slot in its file. Any "
            "deploy, rollback or restore takes it away."
        ]
    if in_file.get(LIVE_KEY) != in_memory.get(LIVE_KEY):
        found = f"{in_memory.get(LIVE_KEY, 'nothing')} in memory and {in_file.get(LIVE_KEY, 'nothing')} in its file"
        return in_memory, [
            f"edge has {found} as the live slot; a switch was cut short. The next deploy or rollback mends it."
        ]
    return in_memory, []


def choose(client, records: dict, live: str, params: dict) -> tuple[str, str]:
    """Return the rollback target and, where there is none, the reason."""
    try:
        target = rollback_target(records, live or None, params["rollback_to"] or None, params["floor_allow"])
    except ReleaseError as error:
        return "", str(error)
    gone = missing_images(client, records[target].get("images", {}))
    if gone:
        return (
            "",
            f"release {target} cannot be started: the image of {', '.join(gone)} is not on this host any more.",
        )
    changed = changed_sources(records[target].get("sources", {}), own_paths(params["root"]))
    if changed:
        return (
            "",
            f"release {target} was adopted and runs from {', '.join(changed)}, which changed since: it would not be "
            "the release that was good. Bring the files back to what they were, or name another release.",
        )
    return target, ""


def collect(client, params: dict) -> dict:
    """Read everything and return the module's result."""
    entries, problems = read_edge(params)
    slot = entries.get(LIVE_KEY, "")
    live = entries.get(slot, "")
    records = read_records(params["root"])
    adopted = adopted_containers(records)
    containers = containers_by_release(client, params["slot_network"], adopted)
    if live and live not in records:
        problems.append(f"live release {live} has no record in {params['root']}/releases.")
    running = [name for name, found in containers.items() if any(one["running"] for one in found)]
    target, problem = choose(client, records, live, params)
    died = {run["holder"]: run["verb"] for run in params["followed"] if run["verb"] in CHANGES}
    return dict(
        live=live,
        live_slot=slot,
        idle_slot=other_slot(slot or None),
        live_serving=serving(containers.get(live, [])),
        releases={
            name: describe(client, records.get(name, {}), containers.get(name, []))
            for name in {*records, *containers}
        },
        rollback_target=target,
        rollback_problem=problem,
        schema_floor=schema_floor(records, params["floor_allow"]),
        served_migrations=served_migrations(records),
        cut_short=cut_short_deploy(records, live, [*died]),
        unfinished=left_unfinished(records, live, [*died]),
        nothing_begun="deploy" in [died[run] for run in began_nothing(records, [*died])],
        recorded_by=recorded_by(records.get(live), [*died]),
        unended=unended(records.get(live), [*died]),
        prunable=prunable(records, live, params["keep"], running),
        problems=problems,
    )


def describe(client, record: dict, containers: list[dict]) -> dict:
    """Return one release's entry of the result.

    Containers without a release's labels cannot be proven in a slot: such a release is started by its compose file.
    """
    return dict(
        record={key: value for key, value in record.items() if key != "journal"},
        containers=containers,
        serving=serving(containers) and all(c["labelled"] for c in containers),
        missing_images=missing_images(client, record.get("images", {})),
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if DOCKER_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_ERROR)
    try:
        result = collect(docker.from_env(), module.params)
    except (ReleaseError, OSError, docker.errors.DockerException) as error:
        module.fail_json(msg=f"releases cannot be read: {error}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
