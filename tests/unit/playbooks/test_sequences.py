"""Sequences of runs on one host, each of which is killed at one of its steps, fails at one of them, or ends well.

What is decided is decided by the real playbooks, roles and modules on a host in memory: see `host_model`. After each
step of each run users are served by a release that runs, and whatever ends well has done what it was asked for.

Of two runs, the first may end in any way, and the second die anywhere; one or two follow, that nothing disturbs.
`SEQUENCES=3` walks through longer ones, which takes hours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from ansible.module_utils.release_lock import CHANGES
from ansible.module_utils.release_store import PROVEN, left_unfinished
from host_model import NAMES, Broken, Host, Outcome, Run

LENGTH = int(os.environ.get("SEQUENCES", "2"))
#: Up to this many runs before, a run may also fail, once, at any of its steps.
FAILING = LENGTH - 1
ROLLBACK = ("rollback", "")
Command = tuple[str, str]


class Walk:
    """All that can happen on a host, each state of it once."""

    def __init__(self, releases: int, length: int = LENGTH, failing: int = FAILING) -> None:
        self.releases, self.length, self.failing = releases, length, failing
        self.outcomes: dict[tuple[str, Command], Outcome] = {}
        #: Of each state, the run that led to it, and how that ended.
        self.before: dict[str, tuple[str, Command, str] | None] = {}
        #: What is broken, with the shortest sequence in which it is.
        self.broken: dict[str, str] = {}

    def outcome(self, state: str, command: Command) -> Outcome:
        """What becomes of a run that nothing disturbs."""
        if (state, command) not in self.outcomes:
            self.outcomes[state, command] = Run(Host.of(state), *command).go()
        return self.outcomes[state, command]

    def commands(self, state: str) -> list[Command]:
        """What an operator may do: a release that was never deployed is like any other such one."""
        known = sorted(json.loads(state)["records"])
        new = [NAMES[len(known)]] if len(known) < self.releases else []
        named = [("rollback", name) for name in known]
        return [("deploy", name) for name in known + new] + [
            ROLLBACK,
            *named,
            ("backup", ""),
            ("restore", ""),
        ]

    def go(self, *states: str) -> dict[str, str]:
        """Walk through all sequences that begin with one of some states; return what is broken."""
        self.before = dict.fromkeys(states)
        coming = list(states)
        for turn in range(self.length):
            known = set(self.before)
            for state in coming:
                for command in self.commands(state):
                    self._walk(state, command, turn < self.failing or command == ROLLBACK)
            coming = [state for state in self.before if state not in known]
        return self.broken

    def _walk(self, state: str, command: Command, fails: bool) -> None:
        """Let a run end in all ways."""
        try:
            done = self.outcome(state, command)
        except Broken as broken:
            self._breaks(state, command, "ends", str(broken))
            return
        self.before.setdefault(
            done.end, (state, command, "ends" if done.ended_well else f"fails: {done.said}")
        )
        for after, (place, _as_name) in done.deaths.items():
            self.before.setdefault(after, (state, command, f"dies after {place!r}"))
        self._judge(state, command, done)
        for point, place in done.failures.items() if fails else ():
            how = f"fails in {place!r}"
            try:
                failed = Run(Host.of(state), *command, fails_at=point).go()
            except Broken as broken:
                self._breaks(state, command, how, str(broken))
                continue
            self.before.setdefault(failed.end, (state, command, how))
            self._judge_failed(state, command, failed, how)

    def _breaks(self, state: str, command: Command, how: str, what: str) -> None:
        verbs = [one[0] for _state, one, _how in self._earlier(state)]
        key = f"{what}, after {' and '.join(verbs) or 'nothing'}"
        self.broken.setdefault(key, f"{self._story(state)}{' '.join(command).strip()} {how}")

    def _story(self, state: str) -> str:
        runs = [f"{' '.join(command).strip()} {how}; " for _state, command, how in self._earlier(state)]
        return "".join(runs)

    def _earlier(self, state: str) -> list[tuple[str, Command, str]]:
        run = self.before.get(state)
        return [*self._earlier(run[0]), run] if run else []

    # What is promised.

    def _judge(self, state: str, command: Command, done: Outcome) -> None:
        verb, name = command
        if done.ended_well and verb in ("deploy", "rollback"):
            self._judge_end(state, command, done)
            if name and done.live != name:
                self._breaks(
                    state, command, "ends", f"a {verb} ends well, and what it was to bring live is not"
                )
            if command == ROLLBACK:
                self._judge_target(state, done)
        for after, (place, as_name) in done.deaths.items():
            how = f"dies after {place!r}"
            again = (verb, as_name.get(name, name))
            if done.ended_well:
                self._judge_again(state, command, how, after, again)
            if done.ended_well and verb in ("deploy", "rollback"):
                self._leads(
                    state, command, how, after, again, as_name.get(done.live, done.live), "the same command"
                )
            if verb == "deploy" and not has_recorded(after) and not goes_on(state, after):
                self._leads(state, command, how, after, ROLLBACK, Host.of(after).live, "a rollback")
            if verb in ("backup", "restore"):
                self._judge_between(state, command, how, after, as_name)
        if verb in ("backup", "restore"):
            self._judge_between(state, command, "ends", done.end, done.as_name)

    def _judge_end(self, state: str, command: Command, done: Outcome) -> None:
        for problem in unsettled(Host.of(done.end), done.undid):
            self._breaks(state, command, "ends", f"a {command[0]} ends well, and {problem}")

    def _judge_failed(self, state: str, command: Command, failed: Outcome, how: str) -> None:
        verb, name = command
        done = self.outcome(state, command)
        end = Host.of(failed.end)
        # What was to be finished may be left instead, and what is found bad with nothing beside it may be left then.
        left = end.live != failed.as_name.get(Host.of(state).live) and not [*unsettled(end)]
        bad = end.records.get(end.live, {}).get("failure")
        # Of a run that had only to verify what is there, all is done once it reports.
        ended = "release : report" in how if same_work(state, done.end) else same_work(failed.end, done.end)
        if verb == "rollback" and done.ended_well and not (failed.ended_well or left or bad or ended):
            goes = self._after(failed.end, (verb, failed.as_name.get(name, name)))
            if goes and goes not in (failed.as_name.get(done.live, done.live), Host.of(failed.end).live):
                self._breaks(
                    state, command, how, f"the same command goes elsewhere then{' by name' * bool(name)}"
                )
        if verb in ("backup", "restore"):
            self._judge_between(state, command, how, failed.end, failed.as_name)

    def _judge_target(self, state: str, done: Outcome) -> None:
        """Where nothing is to be finished, a rollback goes where the history says, and none returns to what it left."""
        host = Host.of(state)
        is_live = host.records.get(host.live, {}).get("state") == "live"
        if is_live and host.lock is None and not left_unfinished(host.records, host.live):
            if done.live != host.earlier():
                self._breaks(state, ROLLBACK, "ends", "a rollback goes where the history does not say")
        # Known: of two releases that were each deployed over the other, the second rollback returns to the first.
        if done.live not in ("", host.live) and host.before.get(done.live) != host.live:
            if self._after(done.end, ROLLBACK) == done.as_name.get(host.live):
                self._breaks(
                    state, ROLLBACK, "ends", "the second rollback returns to what the first has left"
                )

    def _judge_again(self, state: str, command: Command, how: str, after: str, again: Command) -> None:
        once = self.outcome(after, again)
        if not once.ended_well:
            twice = self.outcome(once.end, (again[0], once.as_name.get(again[1], again[1])))
            if not twice.ended_well:
                self._breaks(state, command, how, f"the same {again[0]} never ends well then: {twice.said}")

    def _judge_between(
        self, state: str, command: Command, how: str, after: str, as_name: dict[str, str]
    ) -> None:
        """What is done to the database in between changes nothing of where a rollback goes."""
        goes = self._after(state, ROLLBACK)
        if goes is not None:
            self._leads(state, command, how, after, ROLLBACK, as_name.get(goes, goes), "a rollback")

    def _leads(
        self, state: str, command: Command, how: str, after: str, then: Command, wanted: str, called: str
    ) -> None:
        goes = self._after(after, then)
        if goes is not None and goes != wanted:
            story = f"{called} goes elsewhere after a {command[0]} that {how.split()[0]}"
            self._breaks(
                state, command, f"{how}; {' '.join(then).strip()} leaves {goes}, not {wanted}", story
            )

    def _after(self, state: str, command: Command) -> str | None:
        """What is live after a run, in the names of before; None where it does not end well."""
        try:
            done = self.outcome(state, command)
        except Broken as broken:
            self._breaks(state, command, "ends", str(broken))
            return None
        if done.ended_well and command[0] in ("deploy", "rollback"):
            self._judge_end(state, command, done)
        return done.live if done.ended_well else None


def unsettled(host: Host, undid: bool = False) -> Iterator[str]:
    """What a deploy or rollback that has ended well must not leave.

    Known: a rollback that undoes a deploy leaves what another run that died had started of a release that was good. The
    next run that starts or records one stops it.
    """
    beside = [name for name in host.running() if name != host.live]
    if [name for name in beside if not undid or host.records[name]["state"] not in PROVEN]:
        yield "another release runs beside the live one"
    found_bad = host.records.get(host.live, {}).get("failure")
    # What was found bad with nothing beside it has the traffic until another deploy.
    if not found_bad and [name for name, record in host.records.items() if record["state"] == "live"] != [
        host.live
    ] * bool(host.live):
        yield "the live release is not the one that is recorded live"
    if host.lock:
        yield "the lock is left"
    if host.live and not found_bad and (host.link != host.live or host.file != host.memory):
        yield "the link or the edge's file names another release"
    if left_unfinished(host.records, host.live):
        yield "something is left unfinished"


def has_recorded(state: str) -> bool:
    """Say whether the run that died last had recorded a release as live."""
    return any(
        (entry["run"], entry["phase"], entry["event"]) == ("died0", "record", "ended")
        for record in json.loads(state)["records"].values()
        for entry in record["journal"]
    )


def goes_on(state: str, after: str) -> bool:
    """Say whether a rollback goes on with one that died. Known: also where a deploy died since which undid that."""
    host, found = Host.of(state), json.loads(state)["lock"]
    journals = [record["journal"] for record in json.loads(after)["records"].values()]
    staged = {entry["run"] for journal in journals for entry in journal if entry["phase"] == "stage"}
    wrote = {entry["run"] for journal in journals for entry in journal}
    beside = left_unfinished(
        host.records, host.live, [run["holder"] for run in found if run["verb"] in CHANGES]
    )
    verbs = [run["verb"] for run in found]
    return bool(beside) and "rollback" in verbs and "died0" in wrote and "died0" not in staged


def same_work(one: str, other: str) -> bool:
    """Say whether a run that has failed had done all that it was to do."""
    work = []
    for host in (Host.of(one), Host.of(other)):
        known = {name: (record["state"], bool(record["failure"])) for name, record in host.records.items()}
        work.append((host.live, host.containers, known))
    return work[0] == work[1]


@pytest.fixture(scope="module")
def fresh() -> str:
    return Host().state()[0]


@pytest.fixture(scope="module")
def deployed(fresh: str) -> str:
    """A host on which `a` is live, which was deployed over `b`."""
    return Run(Host.of(Run(Host.of(fresh), "deploy", "a").go().end), "deploy", "b").go().end


def told(broken: dict[str, str]) -> str:
    return "\n".join(f"{what}:\n    {story}" for what, story in broken.items())


def test_whatever_becomes_of_the_runs_on_a_host_the_promise_is_kept(deployed: str):
    assert not (broken := Walk(releases=3).go(deployed)), told(broken)


def test_whatever_becomes_of_the_first_runs_on_a_host_the_promise_is_kept(fresh: str):
    assert not (broken := Walk(releases=2).go(fresh)), told(broken)


#: Each run with the step after which it dies, or in which it fails; the last one is to end well, and what is live then.
RECORDED, STARTS, SWITCHES = "journal | record", "journal | start", "edge : switch memory"
LONGER = [
    pytest.param([("deploy v3", SWITCHES), ("rollback v2", SWITCHES)], "rollback v2", "v2", id="the same by name"),
    pytest.param([("deploy v3", SWITCHES), ("rollback v2", SWITCHES)], "rollback", "v2", id="without the name"),
    pytest.param([("deploy v3", SWITCHES), ("rollback v2", SWITCHES)], "deploy v2", "v2", id="a deploy of it"),
    pytest.param([("rollback", RECORDED), ("rollback v2", STARTS)], "rollback", "v1", id="after it had gone back"),
    pytest.param([("deploy v3", RECORDED), ("deploy v1", "lock | Take")], "rollback", "v3", id="had begun nothing"),
    pytest.param([("deploy v3", RECORDED), ("deploy v1", RECORDED), ("rollback", STARTS)], "rollback", "v3",
                 id="after two deploys had come to their end"),
    pytest.param([("deploy v3", "journal | stage"), ("rollback", "fails in read | Read"),
                  ("rollback", "abort | Record")], "rollback", "v2", id="undoes what another one could not undo"),
    pytest.param([("rollback", STARTS), ("deploy v2", "lock | Take")], "rollback", "v2", id="a rollback is given up"),
]  # fmt: skip


@pytest.mark.parametrize(("runs", "last", "live"), LONGER)
def test_a_longer_sequence_ends_where_it_is_to(
    deployed: str, runs: list[tuple[str, str]], last: str, live: str
):
    state, names = deployed, {"v2": "a", "v1": "b", "v3": "c", "": ""}
    for line, place in runs:
        verb, _, name = line.partition(" ")
        command = (verb, names[name])
        done = Run(Host.of(state), *command).go()
        if place.startswith("fails in "):
            points = [point for point, where in done.failures.items() if where.startswith(place[9:])]
            done = Run(Host.of(state), *command, fails_at=points[-1]).go()
            state, as_name = done.end, done.as_name
        else:
            state, as_name = next(
                (state, as_name) for state, (where, as_name) in done.deaths.items() if where.startswith(place)
            )
        names = {name: as_name.get(known, known) for name, known in names.items()}
    verb, _, name = last.partition(" ")
    done = Run(Host.of(state), verb, names[name]).go()
    assert done.ended_well, done.said
    assert done.live == names[live]
    assert not [*unsettled(Host.of(done.end))]
