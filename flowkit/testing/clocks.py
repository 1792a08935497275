"""Time that passes only when there is nothing else to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from flowkit.policies import seconds

if TYPE_CHECKING:
    from flowkit.policies import Duration

__all__ = ["VirtualClock"]

START: Final = 1_767_225_600.0
"""The first second of 2026, in UTC: when simulated runs start."""


class VirtualClock:
    """The clock of a simulated run: nothing takes any time but what waits, and what calls `sleep` of this clock.

    Hand it to `simulate` and to the fakes that are to take time. It starts at `start`, in seconds since the epoch.
    """

    def __init__(self, start: float = START) -> None:
        self.start = start
        self.elapsed = 0.0
        """Seconds since the run was started."""
        self.passing: Callable[[float], None] | None = None
        """Told when somebody sleeps, instead of that the time just passes."""

    def now(self) -> float:
        """Seconds since the run was started."""
        return self.elapsed

    def time(self) -> float:
        """Seconds since the epoch."""
        return self.start + self.elapsed

    def sleep(self, duration: Duration) -> None:
        """Let time pass: what a step or a fake calls that takes its time. It holds up whoever calls it."""
        until = self.elapsed + seconds(duration, "sleep")
        if self.passing is not None:
            self.passing(until)
        else:
            self.move_to(until)

    def move_to(self, when: float) -> None:
        """Have it be so late. It never goes back."""
        self.elapsed = max(self.elapsed, when)

    def __repr__(self) -> str:
        return f"<clock, {self.elapsed:g}s after the start>"
