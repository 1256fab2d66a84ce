"""What was seen of the host, its data services and its edge, as findings."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ansible.module_utils.diagnosis import Finding
from ansible.module_utils.diagnosis_seen import Seen, line, revived

#: Probes that could not look, by what they would have told.
UNREAD = {
    "host": "room, memory and clock of the host",
    "edge": "the state of the edge",
    "migrations": "the migrations inside the running container",
    "settings": "the settings of the running backend",
    "key": "the key that the running backend signs with",
    "key_file": "the key of the current release",
    "health": "the health of tokens and sessions",
    "modules": "the Python modules of the image",
}


def host(seen: Seen) -> Iterator[Finding]:
    """Engine, clock, room and memory."""
    engine = seen.blind("containers")
    if engine:
        cause, remedy = "it is stopped, or not reachable by root", "systemctl restart docker"
        yield Finding("engine", "Docker Engine does not answer", line(engine["reason"]), cause, remedy)
    for role in ("host", "postgres"):
        if text := seen.problems(role).get("clock"):
            symptom = "tokens are refused before their time, or live too long"
            yield Finding("clock", symptom, text, "clocks differ", "timedatectl status")
    for name, text in seen.problems("host").items():
        if name != "clock" and not (engine and name in ("engine", "networks")):
            symptom = f"a deploy would be refused: {name.replace('_', ' ')}"
            remedy = "df -h; docker system df" if name == "room" else seen.commands["preflight"]
            yield Finding("host", symptom, text, "", remedy, "warning")


def data_services(seen: Seen) -> Iterator[Finding]:
    """PostgreSQL and Redis."""
    for kind, title in (("postgres", "PostgreSQL"), ("redis", "Redis")):
        said = seen.problems(kind).get("answers") or seen.blind(kind).get("reason")
        here = seen.data_service(kind)
        elsewhere = {
            "cause": f"no container of {title} is on this host",
            "remedy": f"start {title} where it runs",
        }
        if said:
            way = revived(here) if here else elsewhere
            yield Finding(kind, f"{title} connection refused", line(said), **way)
    if text := seen.problems("redis").get("eviction"):
        here = seen.data_service("redis")
        inside = ["docker", "exec", "-it", here["name"]] if here else []
        argv = [*inside, "redis-cli", "--askpass", "config", "set", "maxmemory-policy", "volatile-ttl"]
        cause = "maxmemory-policy; change it in the configuration too, or it is back with the next start"
        cause += "" if here else "; type the remedy where Redis runs"
        yield Finding("health_sessions", "Redis may throw out sessions", text, cause, shlex.join(argv))


def edge(seen: Seen) -> Iterator[Finding]:
    """The edge's container, its port and its configuration."""
    here, found = seen.edge, seen.problems("edge")
    stopped = f"container {here['name']} is {here['state']}" if here and here["state"] != "running" else ""
    setup = seen.commands["setup"]
    if said := found.get("nobody") or stopped:
        way = revived(here) if here else {"cause": "it has no container", "remedy": setup}
        yield Finding("edge", "nobody reaches the app", said, **way)
    elif said := found.get("held") or found.get("missing"):
        yield Finding(
            "edge", "what the edge is told reaches nobody", said, "the edge is not set up whole", setup
        )
    elif said := found.get("differs") or found.get("stale"):
        yield Finding("host", "a deploy would be refused: edge", said, "", setup, "warning")


def switched(seen: Seen) -> Iterator[Finding]:
    """Which release the edge sends the traffic to."""
    releases, blind = seen.part("releases"), seen.blind("releases")
    said = line(" ".join(releases.get("problems") or []))
    if blind and not seen.blind("containers"):
        symptom, remedy = "the releases cannot be read", seen.commands["releases"]
        yield Finding(
            "no_live_release", symptom, line(blind["reason"]), "records or maps are damaged", remedy
        )
    elif releases and not seen.live:
        symptom, said = (
            "the edge answers 503: no release is live",
            said or "the edge's map names no live slot",
        )
        yield Finding("no_live_release", symptom, said, "it was switched to nothing", seen.commands["deploy"])
    elif said:
        symptom = "edge and records disagree"
        yield Finding("host", symptom, said, "a run was cut short", seen.commands["deploy"], "warning")


def strays(seen: Seen) -> Iterator[Finding]:
    """Releases that run and that nobody needs. Other compose projects of the host are none of ours."""
    releases = seen.part("releases")
    needed = {"", seen.live, releases.get("rollback_target"), releases.get("cut_short")}
    left = [c for c in seen.containers if c["state"] == "running" and c["release"] not in needed]
    for project in sorted({c["project"] for c in left}) if seen.live else ():
        names = sorted(c["name"] for c in left if c["project"] == project)
        symptom = f"compose project {project} runs, and nothing needs it"
        yield Finding(
            "stray", symptom, ", ".join(names), "", shlex.join(["docker", "stop", *names]), "warning"
        )


def unread(seen: Seen) -> Iterator[Finding]:
    """Probes that could not look, where no other finding says so."""
    for probe, what in UNREAD.items():
        blind = seen.blind(probe)
        if blind and not blind.get("asserted") and (probe, blind.get("rc")) != ("modules", 1):
            again = seen.commands["doctor"]
            yield Finding("unread", f"not known: {what}", line(blind["reason"]), "", again, "unknown")


RULES = (host, data_services, edge, switched, strays, unread)
