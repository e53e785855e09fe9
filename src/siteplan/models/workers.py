"""Work that is done side by side, and the time for it."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")
Found = TypeVar("Found")

WORKERS = max(1, min(4, (os.cpu_count() or 2)))
"""Components that are solved at a time; HiGHS runs beside Python's own threads."""
SHORTEST_S = 0.2
"""Seconds that whatever begins in time has at least."""


class Clock:
    """The time of the workers until a deadline, shared out by weight; what some leave goes to those that wait."""

    def __init__(self, deadline: float, weights: dict[int, float]) -> None:
        self.deadline = deadline
        self.waiting = weights
        self.ends: dict[int, float] = {}
        self.done = 0
        self.lock = threading.Lock()

    def start(self, number: int) -> float:
        """Return the seconds for one that begins now: its share of what the workers are not promised to others."""
        with self.lock:
            now = time.monotonic()
            left = max(self.deadline - now, 0.0)
            free = WORKERS * left - sum(max(end - now, 0.0) for end in self.ends.values())
            share = self.waiting[number] / max(sum(self.waiting.values()), 1e-12)
            del self.waiting[number]
            seconds = max(min(left, free * share), SHORTEST_S) if left > 0 else 0.0
            self.ends[number] = now + seconds
            return seconds

    def stop(self, number: int) -> int:
        """Say that one is done; return how many are."""
        with self.lock:
            del self.ends[number]
            self.done += 1
            return self.done


def side_by_side(work: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
    """Return ``work`` of each item, some of them done at a time."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))
