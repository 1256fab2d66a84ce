"""What is sent when: by the clock, not by the answers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import TypeVar

Item = TypeVar("Item")


def due(elapsed: float, rate: float, done: int) -> int:
    """How many more requests should have been sent after `elapsed` seconds; the first is due at 0."""
    return max(0, int(elapsed * rate) + 1 - done)


def mix(weights: dict[str, int]) -> Iterator[str]:
    """Endless, evenly spread turns of the kinds, each as often as its weight says; weight 0 is never chosen."""
    return cycle(_spread({kind: weight for kind, weight in weights.items() if weight > 0}))


def _spread(weights: dict[str, int]) -> list[str]:
    total = sum(weights.values())
    credit = dict.fromkeys(weights, 0)
    turns = []
    for _turn in range(total):
        for kind, weight in weights.items():
            credit[kind] += weight
        chosen = max(credit, key=lambda kind: credit[kind])
        credit[chosen] -= total
        turns.append(chosen)
    return turns


class Rotation:
    """Takes the items of a growing list in turn."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, items: list[Item]) -> Item | None:
        """The next item, None of an empty list."""
        if not items:
            return None
        self._next += 1
        return items[(self._next - 1) % len(items)]
