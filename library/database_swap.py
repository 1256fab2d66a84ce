#!/usr/bin/python
"""Put one database of an application in the place of another, behind the edge's page."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_swap
short_description: Swap two PostgreSQL databases of a running application
description:
  - Has the edge answer everybody with 503 and C(Retry-After), waits until no request is served any more, ends the
    sessions in both databases, and renames both in one transaction. Then it restarts the containers of the release that
    serve no pages, waits until the edge has them up, and lets the traffic in again, also where something failed.
  - Before it renames them, it moves the sequences of O(incoming) on to where those of O(database) are, so that no id
    that was handed out is handed out again. A sequence goes no further back, and one that cycles stays as it is. What a
    worker takes that logs in again in the moment between is not counted in.
  - Runs to its end on the host, whatever becomes of the control node. Cut short there, either database is whole, and an
    edge that restarts lets the traffic in. Where the page is still up and the databases are renamed, the next run does
    what is left behind it.
options:
  database:
    description: Name by which the application knows its database.
    type: str
    required: true
  incoming:
    description: Database that takes its place.
    type: str
    required: true
  outgoing:
    description: Name of the database that is replaced, from then on.
    type: str
    required: true
  outgoing_comment:
    description: Comment that is written on it in the same transaction; the empty one leaves its own.
    type: str
    default: ""
  session_cache:
    description: Redis database that holds copies of sessions, which are emptied with the swap; without it, none is.
    type: dict
    suboptions:
      login_host:
        description: Host of Redis.
        type: str
        default: localhost
      login_port:
        description: Port of Redis.
        type: int
        default: 6379
      login_password:
        description: Password of Redis.
        type: str
      db:
        description: Number of the database.
        type: int
        required: true
      tls:
        description: Whether to use TLS.
        type: bool
        default: false
      ca_certs:
        description: PEM file that Redis is checked against.
        type: path
  root:
    description: Folder that holds the releases.
    type: path
    required: true
  release:
    description: Release that is live.
    type: str
    required: true
  slot:
    description: Its slot.
    type: str
    choices: [blue, green]
    required: true
  slot_network:
    description: Docker network on which the edge reaches the releases.
    type: str
    required: true
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
  drain_seconds:
    description: How long to wait for the requests that are being served.
    type: int
    default: 60
  ready_seconds:
    description: How long the containers may take until the edge has them up again.
    type: int
    default: 120
  login_host:
    description: Host of PostgreSQL.
    type: str
    default: localhost
  login_port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  login_user:
    description: Role that owns both databases and may create databases.
    type: str
    default: postgres
  login_password:
    description: Password of that role.
    type: str
  login_db:
    description: Another database, from which both are renamed.
    type: str
    required: true
  ssl_mode:
    description: How TLS is used with PostgreSQL.
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: PEM file that the server's certificate is checked against.
    type: path
attributes:
  check_mode:
    support: full
    description: Says whether it would swap, and does not.
  diff_mode:
    support: full
    description: Shows which database has the application's name before and after.
  idempotent:
    support: full
    description: >-
      Databases that are swapped already stay so. Cached sessions are emptied once more; a page that was left is taken
      away once the containers behind it have been restarted.
requirements:
  - docker
  - psycopg2
  - redis, when O(session_cache) is given
author: Deployment team
"""

EXAMPLES = r"""
- name: Put the restored database in the place of the damaged one
  database_swap:
    database: shop
    incoming: shop_restored
    outgoing: shop_replaced
    root: /srv/app
    release: v2-0123456789ab
    slot: blue
    slot_network: edge
    socket: /srv/edge/run/admin.sock
    maps_dir: /srv/edge/maps
    container_maps_dir: /etc/haproxy/maps
    login_host: 127.0.0.1
    login_user: shop
    login_db: postgres
    login_password: "{{ vault_shop_password }}"
"""

RETURN = r"""
page_seconds:
  description: How long the edge answered with its page because of this run's renaming; 0 where there was none.
  returned: success
  type: float
undrained:
  description: Requests that were still served when the wait was over, and were cut off.
  returned: success
  type: int
ended_sessions:
  description: Sessions in the databases that were ended.
  returned: success
  type: int
"""

import signal
import time
import traceback
from collections.abc import Callable

from ansible.module_utils.adoption import adopted_containers
from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.database_swap import Databases, Page, SwapError, psycopg2, swap_is_done
from ansible.module_utils.edge_runtime import EdgeError, not_ready, wait_until
from ansible.module_utils.postgres_login import LOGIN_SPEC
from ansible.module_utils.release_store import ReleaseError, read_records

try:
    import docker
    import redis
    from ansible.module_utils.release_containers import addresses, containers_by_release, serving

    LIBRARY_ERROR = None
except ImportError:
    LIBRARY_ERROR = traceback.format_exc()

REDIS_SPEC = {
    "login_host": {"type": "str", "default": "localhost"},
    "login_port": {"type": "int", "default": 6379},
    "login_password": {"type": "str", "no_log": True},
    "db": {"type": "int", "required": True},
    "tls": {"type": "bool", "default": False},
    "ca_certs": {"type": "path"},
}
ARGUMENT_SPEC = {
    "database": {"type": "str", "required": True},
    "incoming": {"type": "str", "required": True},
    "outgoing": {"type": "str", "required": True},
    "outgoing_comment": {"type": "str", "default": ""},
    "session_cache": {"type": "dict", "options": REDIS_SPEC},
    "root": {"type": "path", "required": True},
    "release": {"type": "str", "required": True},
    "slot": {"type": "str", "choices": ["blue", "green"], "required": True},
    "slot_network": {"type": "str", "required": True},
    "socket": {"type": "path", "required": True},
    "maps_dir": {"type": "path", "required": True},
    "container_maps_dir": {"type": "str", "required": True},
    "drain_seconds": {"type": "int", "default": 60},
    "ready_seconds": {"type": "int", "default": 120},
    **LOGIN_SPEC,
}
STOP_SECONDS = 60


def empty(cache: dict | None) -> None:
    """Empty the Redis database of the cached sessions, which speak of the rows that were replaced."""
    if not cache:
        return
    client = redis.Redis(
        host=cache["login_host"],
        port=cache["login_port"],
        password=cache["login_password"],
        db=cache["db"],
        ssl=cache["tls"],
        **({"ssl_ca_certs": cache["ca_certs"]} if cache["tls"] and cache["ca_certs"] else {}),
    )
    try:
        client.flushdb()
    finally:
        client.close()


class Release:
    """The containers of the live release."""

    def __init__(self, client: docker.DockerClient, params: dict) -> None:
        self._client = client
        self._params = params

    def containers(self) -> list[dict]:
        """Return them as they are now."""
        adopted = adopted_containers(read_records(self._params["root"]))
        return containers_by_release(self._client, self._params["slot_network"], adopted).get(
            self._params["release"], []
        )

    def restart(self) -> None:
        """Restart those that serve no pages: what they know of the database is of the one that was replaced."""
        for container in self.containers():
            if container["running"] and container["part"] != "web":
                self._client.api.restart(container["name"], timeout=STOP_SECONDS)

    def wait(self, servers: Callable[[], dict]) -> None:
        """Wait until they are healthy and the edge has them up."""
        left = wait_until(lambda: self._problems(servers()), self._params["ready_seconds"])
        if left:
            raise SwapError(
                f"release {self._params['release']} did not come back in {self._params['ready_seconds']} s: "
                f"{'; '.join(left)}."
            )

    def _problems(self, servers: dict) -> list[str]:
        found = self.containers()
        if not serving(found):
            return ["its containers are not healthy"]
        return not_ready(servers, self._params["slot"], addresses(found))


def stop(_signal: int, _frame: object) -> None:
    """End as on any other error, so that the page is taken away."""
    raise SwapError("the swap was asked to stop before it was done. Run the restore again.")


def renew(page: Page, release: Release, params: dict) -> None:
    """Have the app forget the database that was replaced, and wait until it is back. To be done behind the page."""
    empty(params["session_cache"])
    release.restart()
    release.wait(page.runtime.servers)


def swap(databases: Databases, page: Page, release: Release, params: dict) -> dict:
    """Swap behind the page, and return the module's result."""
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, stop)
    with page.shown():
        undrained = page.drain(params["drain_seconds"])
        ended = databases.swap(
            params["database"], params["incoming"], params["outgoing"], params["outgoing_comment"]
        )
        renew(page, release, params)
    return dict(
        page_seconds=round(time.monotonic() - begun, 3),
        undrained=undrained,
        ended_sessions=ended,
    )


def finish(page: Page, release: Release, params: dict) -> bool:
    """Do what a run that was cut off after its renaming may have left, and say whether the edge was changed.

    Without the page users are in: that run had come to its end, or the host has restarted, and the containers with it.
    """
    signal.signal(signal.SIGTERM, stop)
    if not page.is_shown():
        empty(params["session_cache"])
        return page.take_away()
    with page.shown():
        renew(page, release, params)
    return True


def run(params: dict, check_mode: bool) -> tuple[bool, dict]:
    """Whether something changes, and the result."""
    page = Page(params["socket"], params["maps_dir"], params["container_maps_dir"])
    databases, names = Databases(params), [params[key] for key in ("database", "incoming", "outgoing")]
    nothing = dict(page_seconds=0.0, undrained=0, ended_sessions=0)
    try:
        done = swap_is_done(databases.existing(names), *names)
        if check_mode:
            return not done, nothing
        release = Release(docker.from_env(), params)
        if done:
            return finish(page, release, params), nothing
        return True, swap(databases, page, release, params)
    finally:
        databases.close()


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if LIBRARY_ERROR or psycopg2 is None:
        module.fail_json(msg=missing_required_lib("docker, psycopg2 and redis"), exception=LIBRARY_ERROR)
    try:
        changed, result = run(module.params, module.check_mode)
    except (SwapError, EdgeError, ReleaseError, OSError) as error:
        module.fail_json(msg=str(error))
    except (docker.errors.DockerException, redis.RedisError, psycopg2.Error) as error:
        module.fail_json(msg=f"databases were not swapped, or the app did not come back: {error}")
    database, incoming = module.params["database"], module.params["incoming"]
    module.exit_json(
        changed=changed,
        diff=dict(
            before=f"{database}: as it was\n", after=f"{database}: {incoming if changed else 'as it was'}\n"
        ),
        page_seconds=result["page_seconds"],
        undrained=result["undrained"],
        ended_sessions=result["ended_sessions"],
    )


if __name__ == "__main__":
    main()
