"""The metrics of runs: how long runs and steps take, how many attempts they need, how many run now.

Only durations are measured as they happen. The rest is counted here and asked for when metrics are collected: one
measurement costs more than all else that is done for a step.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from opentelemetry.metrics import Observation

from flowkit.engine import events
from flowkit.telemetry.attributes import ENDS, ERROR_TYPE, STATUS, STEP, WORKFLOW, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, Meter
    from opentelemetry.util.types import AttributeValue

    from flowkit.engine.ports import Traced
    from flowkit.graph import StepSpec
    from flowkit.telemetry.spans import RunSpans

__all__ = ["Instruments", "RunMeters"]

SECONDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),  # as the conventions have it
    *(30, 60, 300, 900, 3600, 14400, 86400),  # and on to what takes a day
)
"""Where the buckets of durations end."""


class _Tally:
    """The attempts of one step in all runs of one workflow."""

    __slots__ = ("attempts", "attributes", "running")

    def __init__(self, attributes: dict[str, AttributeValue]) -> None:
        self.attributes = attributes
        self.attempts = 0
        self.running = 0


class Instruments:
    """What is measured with. There is one per meter: of two, the second's callbacks would never be called."""

    def __init__(self, meter: Meter) -> None:
        self.run_duration = meter.create_histogram(
            "flowkit.run.duration",
            "s",
            "How long runs take, from their beginning to their end.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self.step_duration = meter.create_histogram(
            "flowkit.step.duration",
            "s",
            "How long steps take, from their first attempt to their end.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str], _Tally] = {}
        meter.create_observable_counter(
            "flowkit.step.attempts", [self._observe_attempts], "{attempt}", "Attempts that have begun."
        )
        meter.create_observable_up_down_counter(
            "flowkit.step.running", [self._observe_running], "{attempt}", "Attempts that are running."
        )

    def tally(self, workflow: str, step: str) -> _Tally:
        """What the attempts of a step are counted in."""
        with self._lock:
            known = self._tallies.get((workflow, step))
            if known is None:
                known = self._tallies[workflow, step] = _Tally({WORKFLOW: workflow, STEP: step})
            return known

    def begin(self, tally: _Tally) -> None:
        """Count an attempt that begins."""
        with self._lock:
            tally.attempts += 1
            tally.running += 1

    def end(self, tally: _Tally) -> None:
        """Count an attempt that has ended."""
        with self._lock:
            tally.running -= 1

    def _observe_attempts(self, _options: CallbackOptions) -> Iterator[Observation]:
        for tally in list(self._tallies.values()):
            yield Observation(tally.attempts, tally.attributes)

    def _observe_running(self, _options: CallbackOptions) -> Iterator[Observation]:
        for tally in list(self._tallies.values()):
            yield Observation(tally.running, tally.attributes)


class RunMeters:
    """The measurements of one run. `spans`, where there are any, are named as examples of durations."""

    def __init__(self, instruments: Instruments, run: Traced, spans: RunSpans | None) -> None:
        self._instruments = instruments
        self._machine = run.machine
        self._clock = run.clock
        self._spans = spans
        self._workflow = run.plan.graph.workflow.name
        self._tallies: dict[StepSpec, _Tally] = {}
        self._began = self._clock.now()
        self._started: dict[int, float] = {}
        """When the first attempt of each step that hasn't ended began."""
        self._running: dict[int, _Tally] = {}
        self._over = False

    def enter(self, index: int, attempt: int) -> None:
        """An attempt begins."""
        if not attempt or self._over or index in self._running:
            return
        spec = self._machine.nodes[index].spec
        assert spec is not None
        if spec.flow is not None:
            return  # its steps are measured, each for itself
        tally = self._tallies.get(spec)
        if tally is None:
            tally = self._tallies[spec] = self._instruments.tally(self._workflow, spec.name)
        self._running[index] = tally
        self._instruments.begin(tally)
        self._started.setdefault(index, self._clock.now())

    def succeeded(self, index: int) -> None:
        """A plain step has its value."""
        self._ended(index, "succeeded", None)

    def told(self, index: int, event: events.Event) -> None:
        """Measure what an event ends."""
        if isinstance(event, events.StepRetrying):
            self._stop(index)
        elif isinstance(event, events.StepEvent) and type(event) in ENDS:
            self._ended(index, ENDS[type(event)], event.error if isinstance(event, events.StepFailed) else None)

    def finished(self, status: str, error: BaseException | None) -> None:
        """Measure the run, and count nothing of it as running any more."""
        self._over = True
        for index in list(self._running):
            self._stop(index)
        attributes: dict[str, AttributeValue] = {WORKFLOW: self._workflow, STATUS: status}
        if status == "failed" and error is not None:
            attributes[ERROR_TYPE] = type_of(error)
        self._instruments.run_duration.record(self._clock.now() - self._began, attributes, self._context(-1))

    def _stop(self, index: int) -> None:
        tally = self._running.pop(index, None)
        if tally is not None:
            self._instruments.end(tally)

    def _ended(self, index: int, status: str, error: BaseException | None) -> None:
        self._stop(index)
        began = self._started.pop(index, None)
        if began is None:
            return
        spec = self._machine.nodes[index].spec
        assert spec is not None
        attributes: dict[str, AttributeValue] = {WORKFLOW: self._workflow, STEP: spec.name, STATUS: status}
        if error is not None:
            attributes[ERROR_TYPE] = type_of(error)
        self._instruments.step_duration.record(self._clock.now() - began, attributes, self._context(index))

    def _context(self, index: int) -> Context | None:
        return self._spans.context(index) if self._spans is not None else None
