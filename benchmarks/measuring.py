"""Taking times side by side, and holding them against budgets."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import attrs

__all__ = ["Budget", "Row", "best_of", "interleaved"]

MICROSECONDS = 1e6
MILLISECONDS = 1e3


@attrs.frozen
class Budget:
    """A figure, what it is a figure of, and the most that it should be."""

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
    """One line of the table: some work, what it took each contestant, and what becomes of the budgets."""

    question: str
    work: str
    unit: str
    figures: Mapping[str, float]
    budgets: Sequence[Budget]

    @classmethod
    def beside(cls, question: str, work: str, unit: str, figures: Mapping[str, float], **limits: float) -> Row:
        """A line whose budgets are ratios of what flowkit took to what others did: `asyncio=1.5`."""
        budgets = [Budget(name, figures["flowkit"] / figures[name], limit) for name, limit in limits.items()]
        return cls(question, work, unit, figures, budgets)


def interleaved(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds that each contestant took in each round.

    They take turns, each round beginning with another one, so that what the machine does meanwhile hits them alike.
    """
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for contestant in contestants.values():
        contestant()
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            contestant = contestants[name]
            gc.collect()
            start = time.perf_counter()
            contestant()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def best_of(seconds: Mapping[str, list[float]], scale: float) -> dict[str, float]:
    """The best of each: other programs on the machine can only add."""
    return {name: min(taken) * scale for name, taken in seconds.items()}


def middle_of(seconds: Mapping[str, list[float]], scale: float) -> dict[str, float]:
    """The median of each."""
    return {name: median(taken) * scale for name, taken in seconds.items()}
