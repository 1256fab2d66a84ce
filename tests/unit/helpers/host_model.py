"""A host without a host: releases, the edge and the lock in memory, changed by the tasks of the real playbooks.

The playbooks are read from their files, in their order, with their blocks, conditions and facts; Ansible's own
templating decides. Modules that decide something (`release_info`, `release_record`, `release_lock`) are the real ones.
What changes a host (containers, the edge's map) is modelled; all else only may fail. So a change of any of them is a
change of the model.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import release_info
import release_record
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.module_utils import release_lock, release_store
from ansible.module_utils.edge_runtime import LIVE_KEY
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.template import Templar
from project_files import ROOT, names

filter_loader.add_directory(str(ROOT / "filter_plugins"))
lookup_loader.add_directory(str(ROOT / "lookup_plugins"))
PARTS = ("api", "web")
#: Entry points of the role release whose tasks are walked through; of all others, only that they can fail is known.
WALKED = (
    "abort",
    "choose",
    "gate",
    "hold",
    "journal",
    "live",
    "lock",
    "plan",
    "prune",
    "read",
    "record",
    "start",
)
WALKED += ("unlock",)
#: Files of tasks that change nothing which this model has.
PASSED = (
    "tasks/input.yml",
    "create.yml",
    "restored_migrations.yml",
    "read_migrations.yml",
    "wait.yml",
    "secrets.yml",
)
#: Facts of other roles, and what a run only tells.
GIVEN: dict[str, Any] = {
    "__first_cause": {"task": "a task", "reason": "it failed"},
    "ansible_check_mode": False,
    "backend_image_id": "sha256:b",
    "backend_settings_found": {"SESSION_ENGINE": "db"},
    "confirm_restore": "b",
    "data_services_missing": [],
    "data_services_network_missing": False,
    "deploy_watch_minutes": 0,
    "edge_memory_first": False,
    "edge_port_holder": {"name": ""},
    "edge_port_problem": "",
    "edge_state": "public",
    "frontend_image_id": "sha256:f",
    "igny8_root": "/app",
    "igny8_version": "v",
    "migration_enabled": True,
    "postgres_backup": {"file": "b"},
    "postgres_restore": {"name": "b", "taken_at": "t"},
    "postgres_restore_restored": "",
    "postgres_restore_to_keep": False,
    "postgres_restore_unfinished": False,
    "postgres_swap_result": {"page_seconds": 1},
    "prober_enabled": False,
    "release_edge_container_maps_dir": "/maps",
    "release_edge_maps_dir": "/maps",
    "release_edge_socket": "/socket",
    "release_failed_values": {},
    "release_inventory_name": "here",
    "release_known_secret_names": [],
    "release_known_secrets": [],
    "release_prove_key": "k3y",
    "release_required_features": [],
    "release_root": "/app",
    "release_slot_network": "edge",
    "verify_features_found": ["rotation"],
    "verify_level": "api",
}
LOADER = DataLoader()


class TaskFailed(Exception):
    """A task failed: by itself, or because it was to."""


class Broken(AssertionError):
    """A promise was not kept."""


@dataclass
class Task:
    """A task with what it has from the imports around it."""

    action: str
    args: Any
    whens: list[Any]
    variables: dict[str, Any]
    keywords: dict[str, Any]
    place: tuple[int, ...]
    #: Of a block, and of what is included: the tasks.
    inner: dict[str, list[Task]] = field(default_factory=dict)


def _load(path: Path) -> Any:
    return LOADER.load_from_file(str(path), trusted_as_template=True)


def _all(condition: Any) -> list[Any]:
    return condition if isinstance(condition, list) else [] if condition is None else [condition]


class Playbook:
    """The tasks of a playbook, with all that it imports and includes in their places."""

    _numbers = iter(range(1_000_000))

    def __init__(self, name: str) -> None:
        [play] = _load(ROOT / f"playbooks/{name}.yml")
        self.variables = {**play["vars"]}
        self.tasks = list(self._tasks(play["tasks"], ROOT / "playbooks", [], {}, ()))

    def _tasks(
        self, tasks: list[dict], folder: Path, whens: list[Any], outer: dict[str, Any], place: tuple[int, ...]
    ) -> Iterator[Task]:
        for task in tasks:
            conditions = whens + _all(task.get("when"))
            variables = outer | (task.get("vars") or {})
            # What a release is called is made up.
            variables.pop("__release_id", None)
            if "block" in task:
                inner = {
                    part: list(
                        self._tasks(task[part], folder, conditions, variables, (*place, next(self._numbers)))
                    )
                    for part in ("block", "rescue", "always")
                    if part in task
                }
                yield Task("block", None, [], variables, task, place, inner)
                continue
            [(action, args)] = [(key, value) for key, value in task.items() if key not in KEYWORDS]
            action = action.rpartition(".")[2]
            if action in ("import_tasks", "import_role"):
                yield from self._found(action, args, folder, conditions, variables, place)
            elif action in ("include_tasks", "include_role"):
                inner = list(self._found(action, args, folder, [], outer, (*place, next(self._numbers))))
                yield Task("include", None, conditions, task.get("vars") or {}, task, place, {"block": inner})
            else:
                yield Task(action, args, conditions, variables, task, place)

    def _found(self, action: str, args: Any, folder: Path, *more: Any) -> Iterator[Task]:
        whens, variables, place = more
        if action.endswith("tasks"):
            if args in PASSED:
                return
            path = next(base / args for base in (folder, folder / "tasks") if (base / args).exists())
        else:
            name, entry = args["name"], args.get("tasks_from", "main")
            path = ROOT / f"roles/{name}/tasks/{entry}.yml"
            assert path.exists(), path
            if name != "release" or entry not in WALKED:
                yield Task("role", f"{name}:{entry}", whens, variables, {"name": f"{name} : {entry}"}, place)
                return
        yield from self._tasks(_load(path), path.parent, whens, variables, place)


KEYWORDS = {
    "always", "become", "block", "changed_when", "check_mode", "delay", "delegate_to", "diff", "failed_when", "loop",
    "loop_control", "name", "no_log", "register", "rescue", "retries", "tags", "until", "vars", "when",
    "module_defaults", "environment",
}  # fmt: skip


def _compile_once() -> None:
    """Have Jinja compile each template once: Ansible does so each time, which takes longer than all else."""
    compiled: dict[tuple, Any] = {}
    compile_anew = AnsibleEnvironment.compile

    def compile_once(self: AnsibleEnvironment, source: Any, *more: Any, **options: Any) -> Any:
        if not isinstance(source, str) or more or options:
            return compile_anew(self, source, *more, **options)
        if source not in compiled:
            compiled[source] = compile_anew(self, source)
        return compiled[source]

    AnsibleEnvironment.compile = compile_once


class Decisions:
    """Ansible's templating, which is asked once for each expression over the same values."""

    def __init__(self) -> None:
        self.known: dict[tuple, Any] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        self.numbers: dict[int, int] = {}
        self.kept: dict[str, dict] = {}

    def intern(self, value: dict) -> dict:
        """Return the one copy of a large value, which is then known by its number."""
        key = repr(value)
        if key not in self.kept:
            self.kept[key] = value
            self.numbers[id(value)] = len(self.numbers)
        return self.kept[key]

    def _reads(self, text: Any) -> tuple[str, ...]:
        key = text if isinstance(text, str) else repr(text)
        if key not in self.names:
            self.names[key] = tuple(sorted(names(text)))
        return self.names[key]

    def _leaves(self, text: Any, scope: dict[str, Any], found: dict[str, Any]) -> None:
        for name in self._reads(text):
            if name in found or name not in scope:
                continue
            value = scope[name]
            number = self.numbers.get(id(value))
            found[name] = number if number is not None else repr(value)
            if number is None and "{{" in found[name]:
                self._leaves(value, scope, found)

    def _ask(self, kind: str, text: Any, scope: dict[str, Any], ask: Callable[[Templar], Any]) -> Any:
        leaves: dict[str, Any] = {}
        self._leaves(f"{{{{ {text} }}}}" if kind == "if" and isinstance(text, str) else text, scope, leaves)
        key = (kind, text if isinstance(text, str) else repr(text), tuple(sorted(leaves.items())))
        if key not in self.known:
            self.known[key] = ask(Templar(loader=LOADER, variables={name: scope[name] for name in leaves}))
        return self.known[key]

    def holds(self, condition: Any, scope: dict[str, Any]) -> bool:
        """Say whether a condition holds."""
        if isinstance(condition, bool):
            return condition
        return self._ask("if", condition, scope, lambda templar: templar.evaluate_conditional(condition))

    def value(self, text: Any, scope: dict[str, Any]) -> Any:
        """Return what a template makes of the variables."""
        return self._ask("of", text, scope, lambda templar: templar.template(text))


class Host:
    """What a run may change, and a clock."""

    def __init__(self) -> None:
        self.records: dict[str, dict] = {}
        self.containers: dict[str, dict[str, tuple[str, bool, bool]]] = {}
        self.file: dict[str, str] = {}
        self.memory: dict[str, str] = {}
        self.lock: dict | None = None
        self.link = ""
        self.clock = 0
        #: Kept beside the records: what was recorded live last, by which verb the traffic came to what has it, and for
        #: each release that a deploy brought live, what was recorded live before it.
        self.last = ""
        self.cause = ""
        self.before: dict[str, str] = {}
        self.good: list[str] = []

    @property
    def live(self) -> str:
        """The release that has the traffic."""
        return self.memory.get(self.memory.get(LIVE_KEY, ""), "")

    def now(self) -> str:
        self.clock += 1
        return f"{self.clock:04d}"

    def earlier(self) -> str:
        """The release that was live and verified before the live one was deployed, as far as that is known."""
        seen, name = {self.live}, self.before.get(self.live, "")
        while name and name not in seen:
            if name in self.good:
                return name
            seen.add(name)
            name = self.before.get(name, "")
        return ""

    def running(self) -> list[str]:
        """The releases of which anything runs."""
        return sorted(
            name
            for name, parts in self.containers.items()
            if any(runs for _slot, runs, _well in parts.values())
        )

    def broken(self) -> str:
        """What users meet that they must not, empty for nothing."""
        # Known: a run that dies between the two writes of a switch leaves a file that names the release which it was
        # to bring live. Another run may stop that one, and writes the file with its own switch: an edge that starts
        # again before that has no release. So the file counts where it says the same as the memory.
        for entries in (
            self.memory,
            self.file if self.file.get(LIVE_KEY) == self.memory.get(LIVE_KEY) else {},
        ):
            slot = entries.get(LIVE_KEY)
            if not slot:
                continue
            release = entries.get(slot, "")
            parts = self.containers.get(release, {})
            if any(parts.get(part, ("", False))[:2] != (slot, True) for part in PARTS):
                return f"{release} has the traffic in {slot}, and does not run there whole"
            for other, found in self.containers.items():
                if other != release and any(place == slot and runs for place, runs, _well in found.values()):
                    return f"{other} runs beside {release} in {slot}, which has the traffic"
        return ""

    def state(self) -> tuple[str, dict[str, str]]:
        """Return this host in a form that is the same for hosts on which the same will happen, and its new names.

        Releases are named by their turn: the live one, then the one that was touched last. Slots are named as if blue
        were live. Times are ranks. Of a journal is left what the runs that died wrote, and who wrote last.
        """
        order = sorted(self.records, key=lambda name: self.records[name]["updated_at"], reverse=True)
        order = [name for name in order if name == self.live] + [name for name in order if name != self.live]
        as_name = {name: NAMES[number] for number, name in enumerate(order)} | {"": ""}
        runs = [run["holder"] for run in release_lock.runs_of(self.lock)] if self.lock else []
        as_run = {run: f"died{number}" for number, run in enumerate(runs)}
        ended = {entry["run"]: "ended" for record in self.records.values() for entry in record["journal"]}
        turned = {"blue": "green", "green": "blue"} if self.memory.get(LIVE_KEY) == "green" else {}
        journals = {name: _shortened(record["journal"], as_run) for name, record in self.records.items()}
        times = sorted(
            {entry["at"] for entries in journals.values() for entry in entries}
            | {record["updated_at"] for record in self.records.values()}
        )
        rank = {time: f"{number:04d}" for number, time in enumerate(times)}

        def slot(name: str) -> str:
            return turned.get(name, name)

        def entries(found: dict[str, str]) -> dict[str, str]:
            # What the idle slot has is written again before it is used.
            read = (
                found
                if self.file.get(LIVE_KEY) != self.memory.get(LIVE_KEY)
                else (LIVE_KEY, found.get(LIVE_KEY))
            )
            return {
                slot(key): slot(value) if key == LIVE_KEY else as_name.get(value, "gone")
                for key, value in found.items()
                if key in read
            }

        def record(name: str) -> dict:
            known = {key: value for key, value in self.records[name].items() if key in TOLD}
            known |= {key: as_name.get(known[key], "gone") for key in NAMING if known.get(key)}
            known["failure"] = {"reason": "x"} if known.get("failure") else {}
            if known["state"] not in release_store.PROVEN:
                known = {key: value for key, value in known.items() if key not in ("images", "settings")}
                known["state"] = "failed" if known["state"] == "failed" else "verified"
            known["updated_at"] = rank[self.records[name]["updated_at"]]
            known["journal"] = [
                one | {"at": rank[one["at"]], "run": as_run.get(one["run"], ended[one["run"]])}
                for one in journals[name]
            ]
            return {key: known[key] for key in sorted(known)}

        chain = release_lock.runs_of(self.lock) if self.lock else []
        lock = [{"holder": as_run[run["holder"]], "verb": run["verb"]} for run in chain]
        found = {
            "records": {as_name[name]: record(name) for name in order},
            "containers": {
                # What was stopped whole is started like anew.
                as_name[name]: {part: (slot(place), *how) for part, (place, *how) in sorted(parts.items())}
                for name in order
                if (parts := self.containers.get(name)) and any(runs for _slot, runs, _well in parts.values())
            },
            "file": entries(self.file),
            "memory": entries(self.memory),
            "lock": lock,
            "link": as_name.get(self.link, "gone"),
            "last": as_name.get(self.last, "gone"),
            "cause": self.cause if self.live != self.last else "",
            "before": {
                as_name[name]: as_name.get(value, "gone")
                for name, value in sorted(self.before.items())
                if name in as_name
            },
            "good": sorted(as_name[name] for name in self.good),
        }
        return json.dumps(found, sort_keys=True), as_name

    @classmethod
    def of(cls, state: str) -> Host:
        """Return the host of a state."""
        host, found = cls(), json.loads(state)
        for name in ("records", "file", "memory", "link", "last", "cause", "before", "good"):
            setattr(host, name, found[name])
        host.containers = {
            name: {part: tuple(how) for part, how in parts.items()}
            for name, parts in found["containers"].items()
        }
        if found["lock"]:
            runs = [PERSON | run for run in found["lock"]]
            host.lock = runs[0] | {"followed": runs[1:], "expires_at": 0}
        host.clock = max((int(record["updated_at"]) for record in host.records.values()), default=0)
        return host


NAMES = "abcdefgh"
PERSON = {"user": "ann", "host": "desk", "pid": 1, "phase": "a phase", "since": "then"}
#: What of a record is read by what decides.
TOLD = ("failure", "images", "left", "next_predecessor", "predecessor", "settings", "state")
NAMING = ("left", "next_predecessor", "predecessor")


def _shortened(journal: list[dict], died: dict[str, str]) -> list[dict]:
    """Of each run that died, and of who began or wrote last: whether it has staged, what it began and wrote last."""
    told = {
        *died,
        journal[-1]["run"],
        *[entry["run"] for entry in journal if entry["event"] == "begins"][-1:],
    }
    kept = []
    for run in dict.fromkeys(entry["run"] for entry in journal if entry["run"] in told):
        mine = [entry for entry in journal if entry["run"] == run]
        staged = [entry for entry in mine if entry["phase"] == "stage"][:1]
        begun = [entry for entry in mine if entry["event"] == "begins"][-1:]
        kept += {id(entry): entry for entry in staged + begun + mine[-1:]}.values()
    order = {id(entry): number for number, entry in enumerate(journal)}
    kept.sort(key=lambda entry: order[id(entry)])
    kept = [{key: entry[key] for key in ("at", "run", "phase", "event")} for entry in kept]
    return [entry if entry["phase"] in ("stage", "record") else entry | {"phase": "verify"} for entry in kept]


@dataclass
class Outcome:
    """What became of a run, of the hosts that its death at each of its steps leaves, and where else it may fail."""

    ended_well: bool
    end: str
    #: What each release is called in that state.
    as_name: dict[str, str]
    #: By the state that a death leaves: after which step, and what each release is called there.
    deaths: dict[str, tuple[str, dict[str, str]]]
    failures: dict[int, str]
    said: str
    #: Whether it was a rollback that undid a deploy.
    undid: bool

    @property
    def live(self) -> str:
        """What is live at its end, as it was called before."""
        live = Host.of(self.end).live
        return next((before for before, now in self.as_name.items() if now == live), live)


_compile_once()
DECIDE = Decisions()
PLAYBOOKS: dict[str, Playbook] = {}
BASE: dict[str, Any] = {}


def _base() -> dict[str, Any]:
    if not BASE:
        for path in ("roles/release/defaults/main.yml", "roles/release/vars/main.yml",
                     "playbooks/group_vars/all/wiring.yml"):  # fmt: skip
            BASE.update(_load(ROOT / path))
        BASE.update(GIVEN)
    return BASE


class Run:
    """One run of a playbook on a host."""

    def __init__(self, host: Host, verb: str, wanted: str = "", fails_at: int = -1, **options: Any) -> None:
        if verb not in PLAYBOOKS:
            PLAYBOOKS[verb] = Playbook(verb)
        self.host, self.verb, self.playbook = host, verb, PLAYBOOKS[verb]
        self.fails_at, self.points, self.changes = fails_at, 0, 0
        self.failures: dict[int, str] = {}
        self.deaths: dict[str, tuple[str, dict[str, str]]] = {}
        self.seen: set[tuple] = set()
        self.facts: dict[str, Any] = {}
        self.params: list[dict[str, Any]] = []
        self.task: Task | None = None
        self.said = ""
        self.mine = {"holder": "mine", "verb": verb} | PERSON
        own = {"__release_id": wanted} if verb == "deploy" else {"release": wanted}
        self.base = _base() | self.playbook.variables | own | {"release_run": self.mine} | options

    # What a task can be: killed after, failed in.

    def point(self, what: str) -> None:
        """A place where this run may fail. Those between which nothing has changed are one."""
        self.points += 1
        place = (self.task.place, self.changes, what)
        if place not in self.seen:
            self.seen.add(place)
            self.failures[self.points] = f"{self.place()} {what}".strip()
        if self.points == self.fails_at:
            raise TaskFailed("it was to fail")

    def step(self, what: str = "") -> None:
        """The host has changed: the run may die here."""
        self.changes += 1
        state, as_name = self.host.state()
        if self.host.lock and self.host.lock["holder"] == "mine":
            self.deaths.setdefault(state, (f"{self.place()} {what}".strip(), as_name))
        if problem := self.host.broken():
            raise Broken(f"{problem}, after '{self.place()} {what}'")

    def place(self) -> str:
        """What the task is called that is being done, without what it is about."""
        return re.sub(r"(Record the phase )?\{\{.*\}\}", "", self.task.keywords["name"]).strip()

    def go(self) -> Outcome:
        """Run to the end, well or not."""
        ended_well = True
        with _in_memory(self.host):
            try:
                self._walk(self.playbook.tasks)
            except TaskFailed as failed:
                ended_well, self.said = False, self.said or str(failed)
        state, as_name = self.host.state()
        return Outcome(
            ended_well,
            state,
            as_name,
            self.deaths,
            self.failures,
            self.said,
            self.facts.get("release_undoes", False),
        )

    def _scope(self, task: Task) -> dict[str, Any]:
        scope = self.base | task.variables | self.facts
        for params in self.params:
            scope.update(params)
        return scope

    def _walk(self, tasks: list[Task]) -> None:
        for task in tasks:
            if task.action == "block":
                self._block(task)
                continue
            scope = self._scope(task)
            if not all(DECIDE.holds(condition, scope) for condition in task.whens):
                if task.keywords.get("register"):
                    self.facts[task.keywords["register"]] = {"skipped": True}
                continue
            if task.action == "include":
                self.params.append(task.variables)
                try:
                    self._walk(task.inner["block"])
                finally:
                    self.params.pop()
                continue
            self.task = task
            self._do(task, scope)

    def _block(self, task: Task) -> None:
        depth, failed = len(self.params), None
        try:
            self._walk(task.inner["block"])
        except TaskFailed as failure:
            failed = failure
            self.said = self.said or f"{self.task.keywords['name']}: {failure}"
        del self.params[depth:]
        if failed and "rescue" in task.inner:
            self.facts["ansible_failed_task"] = {"name": self.task.keywords["name"]}
            self.facts["ansible_failed_result"] = {"msg": "it failed"}
            try:
                self._walk(task.inner["rescue"])
                failed = None
            except TaskFailed as failure:
                failed = failure
        self._walk(task.inner.get("always", []))
        if failed:
            raise failed

    def _do(self, task: Task, scope: dict[str, Any]) -> None:
        act = getattr(self, f"_{task.action}", None)
        loop = task.keywords.get("loop")
        # What is not modelled needs no values.
        items, result = DECIDE.value(loop, scope) if loop and act else [None], {}
        try:
            for item in items:
                mine = scope if item is None else scope | {"item": item}
                result = act(task, mine) if act else self.point("")
        except TaskFailed:
            if task.keywords.get("failed_when") is False:
                return
            raise
        if task.keywords.get("register"):
            self.facts[task.keywords["register"]] = result or {}

    # The actions. What is none of these may fail, and changes nothing.

    def _debug(self, task: Task, scope: dict[str, Any]) -> None:
        pass

    def _meta(self, task: Task, scope: dict[str, Any]) -> None:
        pass

    def _set_fact(self, task: Task, scope: dict[str, Any]) -> None:
        for name, value in task.args.items():
            if name not in GIVEN:
                self.facts[name] = DECIDE.value(value, scope)
        self.changes += 1

    def _assert(self, task: Task, scope: dict[str, Any]) -> None:
        if not all(DECIDE.holds(condition, scope) for condition in _all(task.args["that"])):
            raise TaskFailed("refused")

    def _fail(self, task: Task, scope: dict[str, Any]) -> None:
        raise TaskFailed("ended")

    def _release_source(self, task: Task, scope: dict[str, Any]) -> dict:
        self.point("")
        return {"name": "v", "digest": "d", "commit": "c", "archive": "/a", "edits": [], "manifest": {}}

    def _release_info(self, task: Task, scope: dict[str, Any]) -> dict:
        self.point("")
        params = {name: DECIDE.value(value, scope) for name, value in task.args.items()}
        info = release_info.collect(None, params)
        # No decision reads a time.
        for found in info["releases"].values():
            found["record"] = {
                key: value for key, value in found["record"].items() if not key.endswith("_at")
            }
        info["releases"] = dict(sorted(info["releases"].items()))
        return DECIDE.intern(info)

    def _release_record(self, task: Task, scope: dict[str, Any]) -> dict:
        self.point("")
        empty = {name: None for name in ("ended", "begins", "failed", "state")} | {
            "values": {},
            "details": {},
        }
        params = empty | {
            name: DECIDE.value(value, scope) for name, value in _given(task.args, scope).items()
        }
        try:
            record = release_record.run(params | {"lease_seconds": 900}, False)
        except release_store.ReleaseError as error:
            raise TaskFailed(str(error)) from error
        if params["state"] == "live":
            self._is_recorded(params["release"])
        self.step(" ".join(filter(None, (params["ended"], params["begins"], params["failed"]))))
        return {"record": record}

    def _is_recorded(self, release: str) -> None:
        host = self.host
        if host.cause == "deploy" and host.last and host.last != release:
            host.before[release] = host.last
        host.last, host.cause = release, ""
        host.good = sorted({*host.good, release})

    def _release_lock(self, task: Task, scope: dict[str, Any]) -> dict:
        state = DECIDE.value(task.args.get("state", "present"), scope)
        host, root = self.host, "/app"
        if state == "present":
            found = release_lock.acquire(root, self.mine, 900, host.lock and host.lock["holder"])
            self.step()
            followed = [{key: run[key] for key in ("holder", "verb")} for run in release_lock.runs_of(found)] \
                if found else []  # fmt: skip
            return {
                "busy": False,
                "found": found or {},
                "taken_over": bool(found),
                "followed": followed,
                "ended": 0,
            }
        if state == "held":
            release_lock.renew(root, "mine", "", 900)
        else:
            (release_lock.release if state == "absent" else release_lock.hand_back)(root, "mine")
            self.step()
        return {}

    def _command(self, task: Task, scope: dict[str, Any]) -> dict:
        argv = task.args["argv"]
        if argv[:2] == ["docker", "compose"] and argv[-1] == "stop":
            self._stop(scope["item"])
        elif task.keywords.get("failed_when") is not False:
            self.point("")
        return {"stdout": "", "stdout_lines": []}

    def _stop(self, release: str) -> None:
        # What is left is recorded as good before; until then it is all that was verified.
        if self.host.records[release]["state"] == "live" and release != self.facts.get("release_id"):
            raise Broken("a run stops the release that is recorded live")
        for part, (slot, runs, well) in self.host.containers.get(release, {}).items():
            self.point(part)
            if runs:
                self.host.containers[release][part] = (slot, False, well)
                self.step(f"{release} {part}")

    def _docker_compose_v2(self, task: Task, scope: dict[str, Any]) -> dict:
        release, slot = DECIDE.value(scope["release_id"], scope), DECIDE.value(scope["release_slot"], scope)
        parts = self.host.containers.setdefault(release, {})
        for part in PARTS:
            self.point(part)
            if parts.get(part) != (slot, True, True):
                parts[part] = (slot, True, True)
                self.step(part)
        try:
            self.point("gets healthy")
        except TaskFailed:
            parts["api"] = (slot, True, False)
            raise
        return {}

    def _file(self, task: Task, scope: dict[str, Any]) -> dict:
        self.point("")
        if task.args.get("state") == "link":
            link = DECIDE.value(task.args["src"], scope).rpartition("/")[2]
            if link != self.host.link:
                self.host.link = link
                self.step()
        elif task.args.get("state") == "absent" and "item" in scope:
            self.host.records.pop(scope["item"], None)
            self.host.good = [name for name in self.host.good if name != scope["item"]]
            self.step()
        return {}

    def _docker_container(self, task: Task, scope: dict[str, Any]) -> dict:
        self.point("")
        release, _, part = scope["item"]["name"].partition("/")
        self.host.containers[release].pop(part)
        self.host.containers = {name: parts for name, parts in self.host.containers.items() if parts}
        self.step()
        return {}

    def _role(self, task: Task, scope: dict[str, Any]) -> dict:
        if task.args == "edge:switch":
            self._switch(
                DECIDE.value(scope["edge_slot"], scope),
                DECIDE.value(scope["edge_release"], scope),
                DECIDE.value(scope["edge_memory_first"], scope),
            )
            self.facts["edge_switch_result"] = {"undrained": 0}
        elif task.args == "edge:prove":
            self._prove(DECIDE.value(scope["edge_slot"], scope), DECIDE.value(scope["edge_release"], scope))
        else:
            self.point("")
        return {}

    def _prove(self, slot: str, release: str) -> None:
        runs = {name for name, parts in self.host.containers.items()
                if any(place == slot and up for place, up, _well in parts.values())}  # fmt: skip
        parts = self.host.containers.get(release, {})
        if runs != {release} or any(parts.get(part, ("", False))[:2] != (slot, True) for part in PARTS):
            raise TaskFailed(f"slot {slot} has {runs}")
        for entries in (self.host.file, self.host.memory):
            self.point("")
            if entries.get(slot) != release:
                entries[slot] = release
                self.step()

    def _switch(self, slot: str, release: str, back: bool) -> None:
        host = self.host
        state = host.records.get(release, {}).get("state")
        if (
            self.verb == "rollback"
            and release != host.live
            and not back
            and state not in release_store.PROVEN
        ):
            raise Broken(f"a rollback switches to {release}, which is {state}")
        wanted = {slot: release, LIVE_KEY: slot}
        if host.live != release:
            host.cause = "back" if back else self.verb
        for entries in (host.memory, host.file) if back else (host.file, host.memory):
            self.point("")
            if any(entries.get(key) != value for key, value in wanted.items()):
                entries.update(wanted)
                self.step("file" if entries is host.file else "memory")
        self.point("drains")


def _given(args: dict[str, Any], scope: dict[str, Any]) -> dict[str, Any]:
    """The arguments that are not left out: what may be is asked with a word in its place."""
    asked = scope | {"omit": "__omitted__"}
    return {name: value for name, value in args.items() if DECIDE.value(value, asked) != "__omitted__"}


@contextlib.contextmanager
def _in_memory(host: Host) -> Iterator[None]:
    """Have the modules read and write this host instead of files, an engine and an edge."""

    def write(path: str, content: dict) -> None:
        if path.endswith("lock.json"):
            host.lock = json.loads(json.dumps(content))
        else:
            host.records[re.search("releases/([^/]+)/", path)[1]] = content

    def unlink(_path: str) -> None:
        host.lock = None

    def read_edge(_params: dict) -> tuple[dict, list[str]]:
        if host.file.get(LIVE_KEY) != host.memory.get(LIVE_KEY):
            return host.memory, ["edge has another live slot in its file"]
        return host.memory, []

    def containers(*_args: Any) -> dict[str, list[dict]]:
        return {
            name: [
                {"name": f"{name}/{part}", "part": part, "slot": slot, "running": runs, "labelled": True,
                 "health": "healthy" if well else "unhealthy"}
                for part, (slot, runs, well) in parts.items()
            ]
            for name, parts in host.containers.items()
        }  # fmt: skip

    lock = {"read": lambda _root: host.lock, "write_json": write, "_guard": lambda _root: contextlib.nullcontext(),
            "utc_now": lambda: "then", "in_force": lambda *_: False,
            "os": SimpleNamespace(path=release_lock.os.path, unlink=unlink)}  # fmt: skip
    record = {"read_record": lambda _root, name: host.records.get(name), "write_json": write, "utc_now": host.now,
              "os": SimpleNamespace(path=release_lock.os.path, makedirs=lambda *_args, **_options: None)}  # fmt: skip
    info = {"read_edge": read_edge, "read_records": lambda _root: host.records,
            "adopted_containers": lambda _records: {}, "containers_by_release": containers,
            "missing_images": lambda *_: [],
            "changed_sources": lambda *_: [], "own_paths": lambda _root: []}  # fmt: skip
    with mock.patch.multiple(release_lock, **lock), mock.patch.multiple(release_record, **record), \
            mock.patch.multiple(release_info, **info):  # fmt: skip
        yield
