"""Runs in memory: gone with the process."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from flowkit.engine.records import StepRecord

__all__ = ["MemoryStore", "RunRecord"]


@attrs.define
class RunRecord:
    """A run, as it is kept."""

    run_id: str
    workflow: str
    status: str = "running"
    error: BaseException | None = None
    steps: dict[str, StepRecord] = attrs.field(factory=dict)
    """How each step ended, by its key."""


class MemoryStore:
    """Keeps runs for as long as somebody may ask for them: who holds what `open` returned, or finds them by their id.

    It doesn't hold them itself. A failure that is kept leads, through its traceback, to everything that its step could
    see, the run itself among that; only the cycle collector can tell when nobody else does.
    """

    def __init__(self) -> None:
        self._runs: weakref.WeakValueDictionary[str, RunRecord] = weakref.WeakValueDictionary()

    def open(self, run_id: str, workflow: str) -> RunRecord:
        """Keep a run that begins, while this is held."""
        run = self._runs[run_id] = RunRecord(run_id, workflow)
        return run

    def record(self, run_id: str, step: StepRecord) -> None:
        """Keep how a step ended."""
        self._runs[run_id].steps[step.key] = step

    def close(self, run_id: str, status: str, error: BaseException | None) -> None:
        """Keep how a run ended."""
        run = self._runs[run_id]
        run.status, run.error = status, error

    def load(self, run_id: str) -> RunRecord | None:
        """A run, as far as it is kept; None if there is none of this id."""
        return self._runs.get(run_id)
