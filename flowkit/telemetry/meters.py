"""The metrics of runs: how long runs and steps take, how many attempts they need, how many run now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowkit.engine import events
from flowkit.telemetry.attributes import ENDS, ERROR_TYPE, STATUS, STEP, WORKFLOW, type_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from opentelemetry.context import Context
    from opentelemetry.metrics import Meter
    from opentelemetry.util.types import AttributeValue

    from flowkit.engine.driver import Driver
    from flowkit.graph import StepSpec
    from flowkit.telemetry.spans import RunSpans

    Attributes: TypeAlias = Mapping[str, AttributeValue]

__all__ = ["Instruments", "RunMeters"]

SECONDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),  # as the conventions have it
    *(30, 60, 300, 900, 3600, 14400, 86400),  # and on to what takes a day
)
"""Where the buckets of durations end."""


class Instruments:
    """What is measured with, made once per provider."""

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
        self.attempts = meter.create_counter("flowkit.step.attempts", "{attempt}", "Attempts that began.")
        self.running = meter.create_up_down_counter("flowkit.step.running", "{step}", "Steps that are running.")


class RunMeters:
    """The measurements of one run. `spans`, where there are any, are named as examples of what is measured."""

    def __init__(self, instruments: Instruments, driver: Driver, spans: RunSpans | None) -> None:
        self._instruments = instruments
        self._machine = driver.machine
        self._clock = driver.services.clock
        self._spans = spans
        self._workflow = driver.plan.graph.workflow.name
        self._known: dict[StepSpec, Attributes] = {}
        """What each step is counted under."""
        self._began = self._clock.now()
        self._started: dict[int, float] = {}
        """When the first attempt of each step that hasn't ended began."""
        self._running: set[int] = set()
        self._over = False

    def enter(self, index: int, attempt: int) -> None:
        """An attempt begins."""
        if not attempt or self._over:
            return
        attributes = self._attributes(index)
        self._instruments.attempts.add(1, attributes)
        self._started.setdefault(index, self._clock.now())
        if index not in self._running:
            self._running.add(index)
            self._instruments.running.add(1, attributes)

    def succeeded(self, index: int) -> None:
        """A plain step has its value."""
        self._ended(index, "succeeded", None)

    def told(self, index: int, event: events.Event) -> None:
        """Measure what an event ends."""
        if isinstance(event, events.StepRetrying):
            self._stop(index, self._context(index))
        elif isinstance(event, events.StepEvent) and type(event) in ENDS:
            self._ended(index, ENDS[type(event)], event.error if isinstance(event, events.StepFailed) else None)

    def finished(self, status: str, error: BaseException | None) -> None:
        """Measure the run, and count nothing of it as running any more."""
        self._over = True
        for index in list(self._running):
            self._stop(index, self._context(index))
        attributes: dict[str, AttributeValue] = {WORKFLOW: self._workflow, STATUS: status}
        if status == "failed" and error is not None:
            attributes[ERROR_TYPE] = type_of(error)
        self._instruments.run_duration.record(self._clock.now() - self._began, attributes, self._context(-1))

    def _stop(self, index: int, context: Context | None) -> None:
        if index in self._running:
            self._running.discard(index)
            self._instruments.running.add(-1, self._attributes(index), context)

    def _ended(self, index: int, status: str, error: BaseException | None) -> None:
        context = self._context(index)
        self._stop(index, context)
        began = self._started.pop(index, None)
        if began is None:
            return
        attributes = {**self._attributes(index), STATUS: status}
        if error is not None:
            attributes[ERROR_TYPE] = type_of(error)
        self._instruments.step_duration.record(self._clock.now() - began, attributes, context)

    def _attributes(self, index: int) -> Attributes:
        spec = self._machine.nodes[index].spec
        assert spec is not None  # noqa: S101 - only steps have attempts
        known = self._known.get(spec)
        if known is None:
            known = self._known[spec] = {WORKFLOW: self._workflow, STEP: spec.name}
        return known

    def _context(self, index: int) -> Context | None:
        return self._spans.context(index) if self._spans is not None else None
