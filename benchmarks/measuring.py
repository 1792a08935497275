"""Taking times side by side, and holding them against budgets."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence

import attrs

__all__ = ["MICROSECONDS", "MILLISECONDS", "Budget", "Row", "best_of", "interleaved"]

MICROSECONDS = 1e6
MILLISECONDS = 1e3


@attrs.frozen
class Budget:
    """A figure and the most that it should be. Without a unit it is a ratio to what `of` took."""

    of: str
    figure: float
    limit: float
    unit: str = "x"

    @property
    def is_kept(self) -> bool:
        """Whether the figure is within its limit."""
        return self.figure <= self.limit


@attrs.frozen
class Row:
    """One line of the table: what some work took each contestant, and the budgets that it is held against."""

    question: str
    work: str
    unit: str
    figures: Mapping[str, float]
    budgets: Sequence[Budget] = ()

    @classmethod
    def beside(cls, question: str, work: str, unit: str, figures: Mapping[str, float], **limits: float) -> Row:
        """A line whose budgets are ratios: `asyncio=1.5` allows flowkit one and a half times what asyncio took."""
        budgets = [Budget(name, figures["flowkit"] / figures[name], limit) for name, limit in limits.items()]
        return cls(question, work, unit, figures, budgets)


def interleaved(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds that each contestant took in each round, after one round that doesn't count.

    They take turns, each round begins with another one, and each begins without garbage: what the machine does
    meanwhile hits them alike.
    """
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for contestant in contestants.values():
        contestant()
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            start = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def best_of(seconds: Mapping[str, Sequence[float]], scale: float) -> dict[str, float]:
    """The best time of each: whatever else runs on the machine can only add to it."""
    return {name: min(taken) * scale for name, taken in seconds.items()}
