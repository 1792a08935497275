"""Runs in memory: gone with the process."""

from __future__ import annotations

import threading
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
    """Keeps runs for as long as somebody may ask for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, RunRecord] = {}

    def open(self, run_id: str, workflow: str) -> None:
        """Keep a run that begins."""
        with self._lock:
            self._runs[run_id] = RunRecord(run_id, workflow)

    def record(self, run_id: str, step: StepRecord) -> None:
        """Keep how a step ended."""
        with self._lock:
            self._runs[run_id].steps[step.key] = step

    def close(self, run_id: str, status: str, error: BaseException | None) -> None:
        """Keep how a run ended."""
        with self._lock:
            run = self._runs[run_id]
            run.status, run.error = status, error

    def load(self, run_id: str) -> RunRecord | None:
        """A run, as far as it is kept; None if there is none of this id."""
        with self._lock:
            return self._runs.get(run_id)

    def forget(self, run_id: str) -> None:
        """Drop a run. One that isn't there is no mistake."""
        with self._lock:
            self._runs.pop(run_id, None)
