"""What a step can ask about itself while it runs."""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from flowkit.engine.ports import Services

__all__ = ["Inside", "StepContext", "attempt_here", "current"]


class Inside(Protocol):
    """A run, as its steps see it from inside."""

    services: Services

    @property
    def run_id(self) -> str:
        """The id of the run."""

    def key(self, index: int) -> str:
        """The key of a node."""

    def idempotency_key(self, index: int) -> str:
        """What an effect of a node is known by."""

    def last_error(self, index: int) -> BaseException | None:
        """What the newest attempt of a node that has ended raised."""

    def is_unwanted(self, index: int, attempt: int) -> bool:
        """Whether the result of an attempt would be dropped."""

    def time_left(self, index: int, attempt: int) -> float | None:
        """Seconds until an attempt is out of time."""

    def beat(self, index: int, attempt: int, detail: Any) -> None:
        """An attempt gives a sign of life."""

    def tell(self, kind: str, index: int, **told: Any) -> None:
        """Tell observers something that is no transition."""


attempt_here: Final[ContextVar[tuple[Inside, int, int] | None]] = ContextVar("flowkit_attempt", default=None)
"""The attempt that is running here: its run, its node and its number."""


class StepContext:
    """One attempt of one step, from the inside. Outside a run it is a stand-in: attempt 1, never cancelled."""

    __slots__ = ("_attempt", "_index", "_key", "_run")

    def __init__(self, run: Inside | None, index: int, attempt: int) -> None:
        self._run = run
        self._index = index
        self._attempt = attempt
        self._key = "" if run is not None else os.urandom(16).hex()

    @property
    def run_id(self) -> str:
        """The id of the run; empty outside one."""
        return self._run.run_id if self._run is not None else ""

    @property
    def step(self) -> str:
        """The key of the step in its run: `fetch`, `fetch#2`, `score[3]`; empty outside one."""
        return self._run.key(self._index) if self._run is not None else ""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1 on."""
        return self._attempt

    @property
    def idempotency_key(self) -> str:
        """A name for this call's effect, the same for every attempt of it: hand it to whoever can deduplicate."""
        return self._run.idempotency_key(self._index) if self._run is not None else self._key

    @property
    def last_error(self) -> BaseException | None:
        """What the attempt before this one raised."""
        if self._run is None or self._attempt == 1:
            return None
        return self._run.last_error(self._index)

    @property
    def cancelled(self) -> bool:
        """Whether this attempt's result isn't wanted any more: stop when it is convenient."""
        return self._run is not None and self._run.is_unwanted(self._index, self._attempt)

    @property
    def time_left(self) -> float | None:
        """Seconds until this attempt runs out of time; None without a timeout."""
        return self._run.time_left(self._index, self._attempt) if self._run is not None else None

    def heartbeat(self, detail: Any = None) -> None:
        """Give a sign of life, for `heartbeat_timeout`; `detail` is told to whoever listens."""
        if self._run is not None:
            self._run.beat(self._index, self._attempt, detail)

    def progress(self, done: float, total: float | None = None) -> None:
        """Tell whoever listens how far this is. Never waits, and may be lost."""
        if self._run is not None:
            self._run.tell("step_progress", self._index, done=done, total=total)

    def log(self, message: str, **fields: Any) -> None:
        """Tell whoever listens something. Never waits, and may be lost."""
        if self._run is not None:
            self._run.tell("step_log", self._index, message=message, fields=fields)

    def __repr__(self) -> str:
        return f"<step {self.step or 'outside a run'}, attempt {self._attempt}>"


def current() -> StepContext:
    """The step that is running here, as seen from inside it."""
    here = attempt_here.get()
    return StepContext(*here) if here is not None else StepContext(None, 0, 1)
