"""Kills the run that it is loaded into, as a crash would: SIGKILL, at the start of a task or some time later."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cut_short
type: notification
short_description: Kill this run at a task, or list its tasks
description:
  - >-
    E(CUT_SHORT_AT) names a task as output does, C(role : task), with C(a release) for the id of one;
    the run is killed when it begins.
  - E(CUT_SHORT_TIME) says which time that is, for a task that a run has several times; the first without it.
  - E(CUT_SHORT_AFTER) is the number of seconds that the task may run before.
  - E(CUT_SHORT_LIST) is a file to which a line is added for each task that was not skipped, with its name, which time
    it was, its seconds, its action, and C(changed), or C(ok) where it says itself that it changed nothing. A task whose
    C(changed_when) is not the module's own word is C(changed) too.
"""

import os
import re
import signal
import threading
import time
from collections import Counter

from ansible.plugins.callback import CallbackBase


def name_of(task) -> str:
    """Name a task as output does, but for the release: the next run has another."""
    return re.sub(r"\S+-[0-9a-f]{12}\b", "a release", task.get_name())


def die() -> None:
    """End this process without a word to anyone."""
    os.kill(os.getpid(), signal.SIGKILL)


class CallbackModule(CallbackBase):
    """Kills the run at one task, or writes down which tasks there are."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "cut_short"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._at = (os.environ.get("CUT_SHORT_AT", ""), int(os.environ.get("CUT_SHORT_TIME", "1")))
        self._after = float(os.environ.get("CUT_SHORT_AFTER", "0"))
        self._list = os.environ.get("CUT_SHORT_LIST", "")
        self._times: Counter[str] = Counter()
        self._begun = 0.0

    def v2_runner_on_start(self, host, task) -> None:
        self._begun = time.monotonic()
        name = name_of(task)
        self._times[name] += 1
        if (name, self._times[name]) != self._at:
            return
        if not self._after:
            die()
        timer = threading.Timer(self._after, die)
        timer.daemon = True
        timer.start()

    def v2_runner_on_ok(self, result) -> None:
        if self._list:
            name = name_of(result.task)
            seconds = time.monotonic() - self._begun
            word = "changed" if result.result.get("changed") or result.task.changed_when else "ok"
            with open(self._list, "a", encoding="utf-8") as handle:
                handle.write(f"{name}\t{self._times[name]}\t{seconds:.2f}\t{result.task.action}\t{word}\n")
