"""The metrics of runs: how long runs and steps take, how many attempts they need, how many run now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowkit.engine import events
from flowkit.telemetry.attributes import ENDS, ERROR_TYPE, STATUS, STEP, WORKFLOW, type_of

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.util.types import AttributeValue

    from flowkit.engine.driver import Driver
    from flowkit.telemetry.spans import RunSpans

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
    """The measurements of one run. Told everything under the lock of its driver, so nothing here is in two threads."""

    def __init__(self, instruments: Instruments, driver: Driver, spans: RunSpans | None) -> None:
        self._instruments = instruments
        self._clock = driver.services.clock
        self._spans = spans
        self._workflow = driver.plan.graph.workflow.name
        self._began = self._clock.now()
        self._started: dict[int, float] = {}
        """When the first attempt of each step that hasn't ended began."""
        self._running: dict[int, dict[str, AttributeValue]] = {}
        """The steps that are counted as running, with what they were counted under."""

    def told(self, index: int, event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            attributes = self._running[index] = {WORKFLOW: self._workflow, STEP: event.step}
            self._started.setdefault(index, self._clock.now())
            self._instruments.attempts.add(1, attributes)
            self._instruments.running.add(1, attributes)
        elif isinstance(event, events.StepRetrying):
            self._stopped(index)
        elif isinstance(event, events.StepEvent) and type(event) in ENDS:
            self._stopped(index)
            self._ended(index, event)

    def _stopped(self, index: int) -> None:
        attributes = self._running.pop(index, None)
        if attributes is not None:
            self._instruments.running.add(-1, attributes)

    def _ended(self, index: int, event: events.StepEvent) -> None:
        began = self._started.pop(index, None)
        if began is None:
            return
        attributes: dict[str, AttributeValue] = {
            WORKFLOW: self._workflow,
            STEP: event.step,
            STATUS: ENDS[type(event)],
        }
        if isinstance(event, events.StepFailed):
            attributes[ERROR_TYPE] = type_of(event.error)
        # The context says which span is an example of such a duration.
        context = self._spans.context(index) if self._spans is not None else None
        self._instruments.step_duration.record(self._clock.now() - began, attributes, context)

    def finished(self, status: str, error: BaseException | None) -> None:
        for index in tuple(self._running):
            self._stopped(index)
        attributes: dict[str, AttributeValue] = {WORKFLOW: self._workflow, STATUS: status}
        if error is not None and status == "failed":
            attributes[ERROR_TYPE] = type_of(error)
        context = self._spans.context(-1) if self._spans is not None else None
        self._instruments.run_duration.record(self._clock.now() - self._began, attributes, context)
