"""What a step can ask about itself while it runs."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.events import StepLog, StepProgress

if TYPE_CHECKING:
    from flowkit.engine.driver import Driver

__all__ = ["StepContext", "attempt_here", "current"]

attempt_here: Final[ContextVar[tuple[Driver, int, int] | None]] = ContextVar("flowkit_attempt", default=None)
"""The attempt that is running here: its driver, its node and its number."""


class StepContext:
    """One attempt of one step, from the inside. Outside a run it is a stand-in: attempt 1, never cancelled."""

    __slots__ = ("_attempt", "_driver", "_index", "_key")

    def __init__(self, driver: Driver | None, index: int, attempt: int) -> None:
        self._driver = driver
        self._index = index
        self._attempt = attempt
        self._key = "" if driver is not None else os.urandom(16).hex()

    @property
    def run_id(self) -> str:
        """The id of the run; empty outside one."""
        return self._driver.run_id if self._driver is not None else ""

    @property
    def step(self) -> str:
        """The key of the step in its run: `fetch`, `fetch#2`, `score[3]`; empty outside one."""
        return self._driver.machine.key(self._index) if self._driver is not None else ""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1 on."""
        return self._attempt

    @property
    def idempotency_key(self) -> str:
        """A name for this call's effect, the same for every attempt of it: hand it to whoever can deduplicate."""
        return f"{self.run_id}:{self.step}" if self._driver is not None else self._key

    @property
    def last_error(self) -> BaseException | None:
        """What the attempt before this one raised."""
        if self._driver is None or self._attempt == 1:
            return None
        return self._driver.machine.errors.get(self._index)

    @property
    def cancelled(self) -> bool:
        """Whether this attempt's result isn't wanted any more: stop when it is convenient."""
        return self._driver is not None and self._driver.is_unwanted(self._index, self._attempt)

    @property
    def time_left(self) -> float | None:
        """Seconds until this attempt runs out of time; None without a timeout."""
        return self._driver.time_left(self._index) if self._driver is not None else None

    def heartbeat(self, detail: Any = None) -> None:
        """Give a sign of life, for `heartbeat_timeout`; `detail` is told to whoever listens."""
        if self._driver is not None:
            self._driver.beat(self._index, detail)

    def progress(self, done: float, total: float | None = None) -> None:
        """Tell whoever listens how far this is. Never waits, and may be lost."""
        if self._driver is not None:
            self._driver.tell(StepProgress, self._index, done=done, total=total)

    def log(self, message: str, **fields: Any) -> None:
        """Tell whoever listens something. Never waits, and may be lost."""
        if self._driver is not None:
            self._driver.tell(StepLog, self._index, message=message, fields=fields)

    def __repr__(self) -> str:
        return f"<step {self.step or 'outside a run'}, attempt {self._attempt}>"


def current() -> StepContext:
    """The step that is running here, as seen from inside it."""
    here = attempt_here.get()
    return StepContext(*here) if here is not None else StepContext(None, 0, 1)
