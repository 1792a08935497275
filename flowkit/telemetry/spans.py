"""The spans of one run.

A span for the run, under it one for each step that ran, and where a step may be retried, under that one for each of
its attempts. The items of a map are under a span of the map, so that ten thousand of them can be folded, and whoever
takes the list has one span to link to. Links go from a step to what it takes its values from.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from inspect import unwrap
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as contexts
from opentelemetry.trace import Link, StatusCode, set_span_in_context

from flowkit.engine import events
from flowkit.errors import StepTimeout
from flowkit.graph import Kind
from flowkit.telemetry.attributes import (
    ABANDONED,
    ATTEMPT,
    ATTEMPTS,
    DELAY,
    ENDS,
    ERROR_TYPE,
    FALLBACK,
    FILE,
    FUNCTION,
    HANDLED,
    ITEMS,
    KEY,
    LINE,
    REASON,
    RUN_ID,
    STATUS,
    STEP,
    TOTAL,
    WHY,
    WORKFLOW,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer
    from opentelemetry.util.types import AttributeValue

    from flowkit.engine.driver import Driver
    from flowkit.graph import Node, WorkflowSpec

__all__ = ["RunSpans"]

NOTED: Final = 100
"""How many of the steps that never ran are noted on the run's span, which holds 128 events unless told otherwise."""


class _Step:
    """A step whose span is open."""

    __slots__ = ("attempt", "attempt_span", "context", "inner", "recorded", "span")

    def __init__(self, span: Span, context: Context) -> None:
        self.span = span
        self.context = context
        self.attempt = 0
        """The number of the last attempt."""
        self.attempt_span: Span | None = None
        """The span of that attempt, while it runs, if it has one of its own."""
        self.inner = context
        """What the attempt runs in."""
        self.recorded: BaseException | None = None
        """The attempt's failure, once it is on a span."""


class _Map:
    """A map whose span is open: until all its items have ended, and so has it."""

    __slots__ = ("context", "end", "left", "span", "whole")

    def __init__(self, span: Span, context: Context, left: int) -> None:
        self.span = span
        self.context = context
        self.left = left
        """How many items haven't ended."""
        self.whole = True
        """Whether all items that have ended went into the list."""
        self.end: events.StepEvent | None = None
        """How the map itself ended, where that wasn't with its list."""


class RunSpans:
    """The spans of one run.

    `enter` is called wherever an attempt begins, everything else under the lock of the driver. So an end may be told
    before its attempt is entered (the run was cancelled just then); what that leaves open is closed with the run.
    """

    def __init__(self, tracer: Tracer, driver: Driver) -> None:
        # Not the driver itself: it holds this, and a run is to be gone when nobody holds it any more.
        self._machine = driver.machine
        self._tracer = tracer
        self._run_id = driver.run_id
        workflow = driver.plan.graph.workflow
        attributes = {RUN_ID: self._run_id, WORKFLOW: workflow.name, **_definition(workflow)}
        self.span = tracer.start_span(f"run {workflow.label}", attributes=attributes)
        self._here = set_span_in_context(self.span)
        contexts.attach(self._here)  # the context is the run's own, and everything in it gets a copy of it
        self._steps: dict[int, _Step] = {}
        self._maps: dict[int, _Map] = {}
        self._made: dict[int, SpanContext] = {}
        """What can be linked to, by node."""
        self._lines = _Lines()
        self._totals: dict[str, int] = {}
        self._noted = 0
        self._over = False

    def context(self, index: int) -> Context | None:
        """The context of an open span: of a step, or of the run where `index` is -1."""
        if index < 0:
            return self._here
        step = self._steps.get(index)
        return step.context if step is not None else None

    # -- what is told -----------------------------------------------------------------------------------------------

    def enter(self, index: int, attempt: int) -> None:
        """Make the span of an attempt the current one; where `attempt` is 0, the step's, for what stands in for it."""
        step = self._steps.get(index)
        if not attempt:
            if step is not None:
                self._fail(step, self._machine.errors[index])
                contexts.attach(step.context)
            return
        if self._over:
            return
        if step is None:
            step = self._steps[index] = self._begin(index)
        if attempt > step.attempt:
            self._begin_attempt(index, step, attempt)
            contexts.attach(step.inner)

    def succeeded(self, index: int) -> None:
        """A plain step has its value."""
        self._ended(index, "succeeded", None)

    def told(self, index: int, event: events.Event) -> None:
        """Close what an event ends, and open the span of a map."""
        if isinstance(event, events.StepEvent) and type(event) in ENDS:
            if index in self._maps:
                self._maps[index].end = event
                self._close_map(index)
            else:
                self._ended(index, ENDS[type(event)], event)
        elif isinstance(event, events.StepRetrying):
            step = self._steps.get(index)
            if step is not None:
                if step.attempt_span is not None:
                    step.attempt_span.set_attributes({DELAY: event.delay, WHY: event.why})
                self._fail(step, event.error)
        elif isinstance(event, events.StepAbandoned):
            step = self._steps.get(index)
            if step is not None:
                (step.attempt_span or step.span).set_attribute(ABANDONED, True)
        elif isinstance(event, events.ItemsCollected):
            self._collected(index, event)

    def finished(self, status: str, error: BaseException | None) -> None:
        """Close what is still open, the run last."""
        self._over = True
        for step in list(self._steps.values()):
            for span in (step.attempt_span, step.span):
                if span is not None:
                    span.set_attribute(ABANDONED, True)
                    span.end()
        for over in self._maps.values():
            over.span.set_attribute(ABANDONED, True)
            over.span.end()
        span = self.span
        span.set_attribute(STATUS, status)
        span.set_attributes({TOTAL + word: count for word, count in self._totals.items()})
        if status == "failed" and error is not None:
            _mark(span, error)
            _record(span, error)
        elif error is not None:
            span.set_attribute(REASON, str(error))
        span.end()

    # -- steps ------------------------------------------------------------------------------------------------------

    def _begin(self, index: int) -> _Step:
        machine = self._machine
        node, group = machine.nodes[index], machine.owners[index]
        attributes = self._describe(index, node)
        sources: Iterable[int] = node.data
        parent = self._here
        if group is None:
            self._lines.place(node, attributes)
        else:
            sources = group.sources(index - group.base)
            over = self._maps.get(group.map)
            parent = over.context if over is not None else parent
        span = self._tracer.start_span(_name("step", node), parent, attributes=attributes, links=self._links(sources))
        if group is None or group.map in machine.plan.chains:
            self._made[index] = span.get_span_context()
        return _Step(span, set_span_in_context(span, parent))

    def _begin_attempt(self, index: int, step: _Step, attempt: int) -> None:
        step.attempt = attempt
        step.recorded = None
        if not self._is_retried(index):
            return
        if step.attempt_span is not None:  # it was entered after it had been abandoned
            step.attempt_span.set_attribute(ABANDONED, True)
            step.attempt_span.end()
        node = self._machine.nodes[index]
        attributes = self._describe(index, node)
        attributes[ATTEMPT] = attempt
        step.attempt_span = self._tracer.start_span(_name("attempt", node), step.context, attributes=attributes)
        step.inner = set_span_in_context(step.attempt_span, step.context)

    def _describe(self, index: int, node: Node) -> dict[str, AttributeValue]:
        name = node.spec.name if node.spec is not None else ""
        return {RUN_ID: self._run_id, STEP: name, KEY: self._machine.key(index)}

    def _is_retried(self, index: int) -> bool:
        policy = self._machine.policies[index]
        return policy is not None and policy.retry is not None

    def _links(self, sources: Iterable[int]) -> list[Link]:
        """Links to where values come from. An outcome is somebody's; what never ran has no span."""
        nodes, links = self._machine.nodes, []
        for source in sources:
            found = source
            while nodes[found].kind is Kind.OUTCOME:
                found = nodes[found].data[0]
            made = self._made.get(found)
            if made is not None:
                links.append(Link(made))
        return links

    def _fail(self, step: _Step, error: BaseException) -> None:
        """Record the failure of an attempt, once: on its own span, or on the step's where it has none."""
        if error is step.recorded:
            return
        step.recorded = error
        span, step.attempt_span = step.attempt_span, None
        _record(span or step.span, error)
        if span is not None:
            span.set_attribute(STATUS, "timed_out" if isinstance(error, StepTimeout) else "failed")
            _mark(span, error)
            span.end()

    def _ended(self, index: int, status: str, event: events.StepEvent | None) -> None:
        self._totals[status] = self._totals.get(status, 0) + 1
        step = self._steps.pop(index, None)
        if step is None and isinstance(event, events.StepFailed):
            step = self._begin(index)  # a failure is shown, also where no attempt had begun
        if step is not None:
            self._end(index, step, status, event)
        elif event is not None and self._noted < NOTED:
            self._noted += 1
            self.span.add_event(f"flowkit.step.{status}", {KEY: event.key, REASON: _reason(event)})
        group = self._machine.owners[index]
        if group is not None:
            over = self._maps[group.map]
            over.left -= 1
            over.whole = over.whole and (status == "succeeded" or self._machine.nodes[index].tolerant)
            self._close_map(group.map)

    def _end(self, index: int, step: _Step, status: str, event: events.StepEvent | None) -> None:
        span = step.span
        span.set_attribute(STATUS, status)
        if isinstance(event, events.StepFailed):
            self._fail(step, event.error)
            span.set_attribute(HANDLED, event.handled)
            _mark(span, event.error)
        elif isinstance(event, events.StepSucceeded):
            if event.error is not None:
                self._fail(step, event.error)
                span.set_attribute(FALLBACK, True)
        elif event is not None:
            span.set_attribute(REASON, _reason(event))
        if self._is_retried(index):
            span.set_attribute(ATTEMPTS, step.attempt)
        if step.attempt_span is not None:
            step.attempt_span.set_attribute(STATUS, status)
            step.attempt_span.end()
        span.end()

    # -- maps -------------------------------------------------------------------------------------------------------

    def _collected(self, index: int, event: events.ItemsCollected) -> None:
        node = self._machine.nodes[index]
        attributes = self._describe(index, node)
        attributes[ITEMS] = event.count
        self._lines.place(node, attributes)
        links = self._links(node.data)
        span = self._tracer.start_span(_name("map", node), self._here, attributes=attributes, links=links)
        self._made[index] = span.get_span_context()
        self._maps[index] = _Map(span, set_span_in_context(span, self._here), event.count)
        self._close_map(index)

    def _close_map(self, index: int) -> None:
        over = self._maps[index]
        if over.left or not (over.whole or over.end):
            return
        del self._maps[index]
        if over.end is None:
            over.span.set_attribute(STATUS, "succeeded")
        else:
            over.span.set_attributes({STATUS: ENDS[type(over.end)], REASON: _reason(over.end)})
        over.span.end()


class _Lines:
    """Where calls stand in the source. Their lines alone, and those of a body all at once: a span is due at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[CodeType, list[int], list[int]]] = {}

    def place(self, node: Node, attributes: dict[str, AttributeValue]) -> None:
        """Say on a span where its call stands."""
        code = node.code
        if code is None:
            return
        known = self._known.get(id(code))
        if known is None:
            lines = [(start, line) for start, _, line in code.co_lines() if line is not None]
            known = self._known[id(code)] = code, [start for start, _ in lines], [line for _, line in lines]
        _, starts, numbers = known
        attributes[FILE] = code.co_filename
        attributes[LINE] = numbers[bisect_right(starts, node.lasti) - 1] if starts else code.co_firstlineno


def _name(what: str, node: Node) -> str:
    return f"{what} {node.spec.label}" if node.spec is not None else what


def _definition(workflow: WorkflowSpec) -> dict[str, AttributeValue]:
    """Where a workflow is defined."""
    function: Any = unwrap(workflow.target)
    code = getattr(function, "__code__", None)
    if code is None:
        return {}
    name = f"{function.__module__}.{function.__qualname__}"
    return {FUNCTION: name, FILE: code.co_filename, LINE: code.co_firstlineno}


def _reason(event: events.StepEvent) -> str:
    reason: str = getattr(event, "reason", "")
    return reason


def _mark(span: Span, error: BaseException) -> None:
    """Say on a span that it failed, and by what."""
    try:
        text = f"{type_of(error)}: {error}"
    except Exception:  # noqa: BLE001 - the class of an error is somebody's own
        text = type_of(error)
    span.set_attribute(ERROR_TYPE, type_of(error))
    span.set_status(StatusCode.ERROR, text)


def _record(span: Span, error: BaseException) -> None:
    with suppress(Exception):  # as above: its text may raise
        span.record_exception(error)
