"""The statuses of nodes and runs, and which may follow which."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["FOLLOWS", "RunStatus", "Status"]


class Status(enum.IntEnum):
    """Where a node is. From SUCCEEDED on it is final."""

    PENDING = 0
    WAITING = 1
    RUNNING = 2
    RETRYING = 3
    SUCCEEDED = 4
    FAILED = 5
    TIMED_OUT = 6
    CANCELLED = 7
    SKIPPED = 8
    BLOCKED = 9

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self >= Status.SUCCEEDED

    @property
    def word(self) -> str:
        """The status as it is shown and stored."""
        return self.name.lower()


_P, _W, _R, _T = Status.PENDING, Status.WAITING, Status.RUNNING, Status.RETRYING
_ENDS: Final = frozenset(status for status in Status if status >= Status.SUCCEEDED)

FOLLOWS: Final[dict[Status, frozenset[Status]]] = {
    _P: frozenset({_W, _R}) | _ENDS,
    _W: frozenset({_P, _R}) | _ENDS,
    _R: frozenset({_P, _W, _T}) | _ENDS,
    _T: frozenset({_P, _R}) | _ENDS,
    **dict.fromkeys(_ENDS, frozenset()),
}
"""What may come after each status; nothing comes after an end."""


class RunStatus(enum.StrEnum):
    """Where a run is."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Whoever had it died, and nobody has taken it up yet."""

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self in {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}
