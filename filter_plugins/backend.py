"""Filters of the role backend: how refreshes ended, by the counts that the backend keeps for a Prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt
from pathlib import Path

import ansible.module_utils

# A play has nothing but Ansible's own there.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.refresh_outcomes import FAILED, OVER  # noqa: E402

_COUNT = re.compile(r'^auth_refresh_total\{outcome="(\w+)"\} ([\d.e+]+)$', re.MULTILINE)


def refreshes_by_outcome(text: str) -> dict[str, int]:
    """Return {outcome: count} of a text in the format of Prometheus; empty where nothing is counted."""
    return {outcome: int(float(count)) for outcome, count in _COUNT.findall(text)}


def refreshes_since(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, object]:
    """Return ``failed``, ``all`` (without those of sessions that were over) and ``by_outcome`` since ``before``.

    A counter that is lower than before began again with its container, and counts as a whole. Nothing is known where
    ``before`` is empty: what was refused on purpose, to verify a release, is in ``now`` too.
    """
    added = {
        outcome: count - before.get(outcome, 0) if count >= before.get(outcome, 0) else count
        for outcome, count in (now if before else {}).items()
    }
    return {
        "failed": sum(count for outcome, count in added.items() if outcome in FAILED),
        "all": sum(count for outcome, count in added.items() if outcome not in OVER),
        "by_outcome": {outcome: count for outcome, count in sorted(added.items()) if count},
    }


def is_beyond_chance(failed: int, trials: int, share: float) -> bool:
    """Say whether more failed than that share, and more than chance explains of something that just keeps to it.

    That is the mean of a Poisson count, three deviations, and one: a failure among few trials says nothing.
    """
    mean = float(share) * trials
    return failed > 1 + mean + 3 * sqrt(mean)


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict:
        return {
            "refreshes_by_outcome": refreshes_by_outcome,
            "refreshes_since": refreshes_since,
            "is_beyond_chance": is_beyond_chance,
        }
