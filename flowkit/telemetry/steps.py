"""The span of a step, and under it those of its attempts."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from opentelemetry.trace import StatusCode, set_span_in_context

from flowkit.engine import events
from flowkit.errors import StepTimeout
from flowkit.telemetry.attributes import (
    ABANDONED,
    ATTEMPT,
    ATTEMPTS,
    DELAY,
    ERROR_TYPE,
    FALLBACK,
    HANDLED,
    REASON,
    STATUS,
    WHY,
    type_of,
)

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer
    from opentelemetry.util.types import AttributeValue

__all__ = ["StepSpan", "mark", "reason_of", "record"]


class StepSpan:
    """The open span of a step. Where the step may be retried, each attempt has a span of its own under it."""

    __slots__ = ("_own", "_recorded", "attempt", "context", "inner", "retried", "span")

    def __init__(self, span: Span, parent: Context, *, retried: bool) -> None:
        self.span = span
        self.context = set_span_in_context(span, parent)
        self.inner = self.context
        """What an attempt runs in."""
        self.attempt = 0
        """The number of the last attempt."""
        self.retried = retried
        self._own: Span | None = None
        """The span of that attempt, while it runs."""
        self._recorded: BaseException | None = None
        """That attempt's failure, once it is on a span."""

    def begin_attempt(self, tracer: Tracer, name: str, attributes: dict[str, AttributeValue]) -> None:
        """Open the span of an attempt, where the step may have several."""
        self._abandon_attempt()  # one that was entered after it had been given up
        self._recorded = None
        attributes[ATTEMPT] = self.attempt
        self._own = tracer.start_span(f"attempt {name}", self.context, attributes=attributes)
        self.inner = set_span_in_context(self._own, self.context)

    def fail(self, error: BaseException) -> None:
        """Record the failure of an attempt, once: on its own span, or on the step's where it has none."""
        if error is self._recorded:
            return
        self._recorded = error
        own, self._own = self._own, None
        record(own or self.span, error)
        if own is not None:
            own.set_attribute(STATUS, "timed_out" if isinstance(error, StepTimeout) else "failed")
            mark(own, error)
            own.end()

    def retry(self, event: events.StepRetrying) -> None:
        """Close the span of an attempt that failed and will be followed by another."""
        if self._own is not None:
            self._own.set_attributes({DELAY: event.delay, WHY: event.why})
        self.fail(event.error)

    def abandon(self) -> None:
        """Say that an attempt was left behind; what ends its span is told next."""
        (self._own or self.span).set_attribute(ABANDONED, True)

    def succeed(self) -> None:
        """Close the span of a plain step that has its value."""
        self.span.set_attribute(STATUS, "succeeded")
        self.span.end()

    def end(self, event: events.StepEvent, status: str) -> None:
        """Close the span, and that of an attempt, with how the step ended."""
        span = self.span
        span.set_attribute(STATUS, status)
        if isinstance(event, events.StepFailed):
            self.fail(event.error)
            span.set_attribute(HANDLED, event.handled)
            mark(span, event.error)
        elif isinstance(event, events.StepSucceeded):
            if event.error is not None:
                self.fail(event.error)
                span.set_attribute(FALLBACK, True)
        else:
            span.set_attribute(REASON, reason_of(event))
        if self.retried:
            span.set_attribute(ATTEMPTS, self.attempt)
        if self._own is not None:
            self._own.set_attribute(STATUS, status)
            self._own.end()
        span.end()

    def close(self) -> None:
        """Close the span of a step that hasn't ended, or was entered after its end."""
        self._abandon_attempt()
        self.span.set_attribute(ABANDONED, True)
        self.span.end()

    def _abandon_attempt(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.set_attribute(ABANDONED, True)
            own.end()


def reason_of(event: events.StepEvent) -> str:
    """Why a step was skipped, blocked or cancelled."""
    reason: str = getattr(event, "reason", "")
    return reason


def mark(span: Span, error: BaseException) -> None:
    """Say on a span that it failed, and by what."""
    try:
        text = f"{type_of(error)}: {error}"
    except Exception:  # noqa: BLE001 - the class of an error is somebody's own
        text = type_of(error)
    span.set_attribute(ERROR_TYPE, type_of(error))
    span.set_status(StatusCode.ERROR, text)


def record(span: Span, error: BaseException) -> None:
    with suppress(Exception):  # as above: its text may raise
        span.record_exception(error)
