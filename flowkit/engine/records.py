"""What is kept and shown of the steps of a run."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["StepRecord"]


@attrs.frozen
class StepRecord:
    """A step of a run, as it is at one moment. Times are of a clock that only goes forward, for durations."""

    key: str
    step: str
    status: str
    attempts: int
    value: Any = attrs.field(default=None, repr=False)
    error: BaseException | None = None
    reason: str = ""
    started: float | None = None
    ended: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long its last attempt took."""
        if self.started is None or self.ended is None:
            return None
        return self.ended - self.started
