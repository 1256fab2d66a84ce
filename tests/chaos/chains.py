"""At which of their tasks runs are killed, and in which order: chains of runs, of which the last is left to end."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

#: What comes before this task leaves the old release with the traffic; what comes after it, the new one.
SWITCH = "edge : switch | Send the traffic to the slot of the release, and drain the other"
#: A task that is over sooner has no moment within: the start of the next one is the same.
SHORTEST_SECONDS = 0.1
#: Actions that decide or say something on the control node, or read: they change nothing on any machine.
IDLE = frozenset(
    "assert debug fail find include_role include_tasks set_fact slurp stat validate_argument_spec wait_for".split()
)
#: Modules that only read end like this, but for the one whose check writes.
READS, WRITES = "_info", "session_health_info"


@dataclass(frozen=True)
class Listed:
    """A task of a run that was listed: its name, which of that name it is in the run, its seconds, and what it does.

    acts: whether it may have changed something, on the host or on the control node's disk.
    """

    task: str
    time: int
    seconds: float
    acts: bool = True


@dataclass(frozen=True)
class Case:
    """A moment at which a run is killed.

    switched: whether the traffic is with the new release by then. finishing: which of that name the task is in a run
    that finishes what a run that was killed there has begun; 0 where that one has no such task. telling: whether the
    next run may find something else than after the case before; where nothing acted in between, it cannot.
    """

    verb: str
    task: str
    time: int
    within: bool
    after: float
    order: int
    switched: bool
    finishing: int
    telling: bool

    @property
    def key(self) -> tuple[str, str, int, bool]:
        return (self.verb, self.task, self.time, self.within)


def parse(text: str) -> list[Listed]:
    """Return the tasks of a list that the callback has written."""
    rows = [line.split("\t") for line in text.splitlines()]
    # A task that loops or goes to several hosts is one.
    found = {(name, time): _listed(name, time, *others) for name, time, *others in rows}
    return list(found.values())


def _listed(name: str, time: str, seconds: str, action: str, word: str) -> Listed:
    short = action.rpartition(".")[2]
    reads = short in IDLE or short.endswith(READS)
    return Listed(name, int(time), float(seconds), acts=short == WRITES or word == "changed" and not reads)


def acting_in_any(run: list[Listed], others: list[Listed]) -> list[Listed]:
    """Return the tasks of a run; those act that acted in it, or under the same name in the others."""
    acting = {listed.task for listed in (*run, *others) if listed.acts}
    return [replace(listed, acts=listed.task in acting) for listed in run]


def cases(verb: str, whole: list[Listed], finishing: list[Listed]) -> list[Case]:
    """Return the moments of a run: the start of each task, and a random one within each that takes its time."""
    chance = random.Random(verb)
    last = {listed.task: listed.time for listed in whole}
    last_finishing = {listed.task: listed.time for listed in finishing}
    switch = next(order for order, listed in enumerate(whole) if listed.task == SWITCH)
    return [
        Case(
            verb, listed.task, listed.time, within,
            after=round(chance.uniform(0, listed.seconds), 2) if within else 0,
            order=order,
            switched=order > switch or order == switch and within,
            finishing=max(0, last_finishing.get(listed.task, 0) - (last[listed.task] - listed.time)),
            telling=listed.acts if within else order == 0 or whole[order - 1].acts,
        )
        for order, listed in enumerate(whole)
        for within in (False, True)
        if not within or listed.seconds >= SHORTEST_SECONDS
    ]  # fmt: skip


@dataclass
class Queue:
    """The cases that have no result yet, out of which chains are taken.

    A chain has kills before the switch, spread over the whole run; then one after it, in a run that goes all the way;
    then more of those that a run which finishes meets as well. What broke is taken again, alone, and so is what a chain
    did not meet.
    """

    length: int
    before: list[Case] = field(default_factory=list)
    whole: list[Case] = field(default_factory=list)
    finishing: list[Case] = field(default_factory=list)
    alone: list[Case] = field(default_factory=list)

    def add(self, case: Case) -> None:
        """Put a case where it belongs."""
        where = self.before if not case.switched else self.finishing if case.finishing else self.whole
        where.append(case)

    def __len__(self) -> int:
        return len(self.before) + len(self.whole) + len(self.finishing) + len(self.alone)

    def take(self) -> list[Case]:
        """Return the cases of the next chain, in the order in which its runs are killed."""
        if self.alone:
            return [self.alone.pop(0)]
        chains = max(math.ceil(len(self) / self.length), len(self.whole), 1)
        parts = (self.before[::chains], self.whole[:1], self.finishing[::chains])
        for waiting, taken in zip((self.before, self.whole, self.finishing), parts, strict=True):
            waiting[:] = [case for case in waiting if case not in taken]
        # What a run finishes it does once: the next one begins where that ended.
        return parts[0] + parts[1] + sorted(parts[2], key=lambda case: case.order)

    def missed(self, case: Case) -> None:
        """Take a case back whose moment did not come, which ended its chain; in another it would do so again."""
        self.alone.append(case)


def time_of(case: Case, killed: list[Case]) -> int:
    """Return which of the tasks of that name it is in a run that follows those which were killed."""
    return case.finishing if any(before.switched for before in killed) and case.finishing else case.time
