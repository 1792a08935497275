"""The spans of one run.

A span for the run, under it one for each step that ran, and where a step may be retried, under that one for each of
its attempts. A workflow that is called in a body has a span as well, and so has a phase; their steps are under it. The
items of a map are under a span of the map, so that ten thousand of them can be folded, and whoever takes the list has
one span to link to. Links go from a step to what it takes its values from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry import context as contexts
from opentelemetry.trace import Link, set_span_in_context

from flowkit.engine import events
from flowkit.graph import Kind
from flowkit.machine.flows import Stream
from flowkit.telemetry.attributes import (
    ABANDONED,
    ENDS,
    ITEMS,
    KEY,
    PHASE,
    REASON,
    RUN_ID,
    STATUS,
    STEP,
    TOTAL,
    WORKFLOW,
)
from flowkit.telemetry.phases import Phases
from flowkit.telemetry.places import Lines, definition
from flowkit.telemetry.steps import StepSpan, mark, reason_of, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer
    from opentelemetry.util.types import AttributeValue

    from flowkit.engine.ports import Traced
    from flowkit.graph import Node

__all__ = ["RunSpans"]

NOTED: Final = 100
"""How many of the steps that never ran are noted on the run's span, which holds 128 events unless told otherwise."""


class _Map:
    """A map whose span is open: until all its items have ended, and so has it."""

    __slots__ = ("coming", "context", "count", "end", "left", "span", "whole")

    def __init__(self, span: Span, context: Context, *, coming: bool) -> None:
        self.span = span
        self.context = context
        self.coming = coming
        """Whether there may be more items than are known."""
        self.count = 0
        self.left = 0
        """How many items haven't ended."""
        self.whole = True
        """Whether all items that have ended went into the list."""
        self.end: events.StepEvent | None = None
        """How the map itself ended, where that wasn't with its list."""


class RunSpans:
    """The spans of one run.

    `enter` is called wherever an attempt begins, everything else under the lock of the run. So an end may be told
    before its attempt is entered (the run was cancelled just then); what that leaves open is closed with the run.
    """

    def __init__(self, tracer: Tracer, run: Traced) -> None:
        # Not the driver itself: it holds this, and a run is to be gone when nobody holds it any more.
        self._machine = run.machine
        self._tracer = tracer
        self._run_id = run.run_id
        workflow = run.plan.graph.workflow
        attributes = {RUN_ID: self._run_id, WORKFLOW: workflow.name, **definition(workflow)}
        self.span = tracer.start_span(f"run {workflow.label}", attributes=attributes)
        self._here = set_span_in_context(self.span)
        contexts.attach(self._here)  # the context is the run's own, and everything in it gets a copy of it
        self._steps: dict[int, StepSpan] = {}
        self._maps: dict[int, _Map] = {}
        self._phases = Phases()
        self._made: dict[int, SpanContext] = {}
        """What can be linked to, by node."""
        self._lines = Lines()
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
                step.fail(self._machine.errors[index])
                contexts.attach(step.context)
            return
        if self._over:
            return
        if step is None:
            step = self._steps[index] = self._begin(index)
        if attempt > step.attempt:
            step.attempt = attempt
            if step.retried:
                node = self._machine.nodes[index]
                step.begin_attempt(self._tracer, _label(node), self._describe(index, node))
            contexts.attach(step.inner)

    def succeeded(self, index: int) -> None:
        """A plain step has its value."""
        step = self._steps.pop(index, None)
        if step is not None:
            step.succeed()
        self._count(index, "succeeded")

    def told(self, index: int, event: events.Event) -> None:
        """Close what an event ends, and open the span of a map."""
        if isinstance(event, events.StepEvent) and type(event) in ENDS:
            if index in self._maps:
                self._maps[index].end = event
                self._close_map(index)
            else:
                self._ended(index, event, ENDS[type(event)])
        elif isinstance(event, events.StepRetrying):
            if index in self._steps:
                self._steps[index].retry(event)
        elif isinstance(event, events.StepAbandoned):
            if index in self._steps:
                self._steps[index].abandon()
        elif isinstance(event, events.ItemsCollected):
            self._collected(index, event)
        elif isinstance(event, events.PhaseStarted):
            self._begin_phase(index, event)
        elif isinstance(event, events.PhaseFinished):
            home, region = self._machine.homes[index], self._machine.nodes[index].region
            self._phases.end(home, region, {TOTAL + word: count for word, count in event.counts.items()})
        elif isinstance(event, events.ItemsFinished) and index in self._maps:
            self._maps[index].coming = False
            self._close_map(index)
        elif isinstance(event, events.StepStarted) and self._is_flow(index):
            self._steps[index] = self._begin(index)

    def finished(self, status: str, error: BaseException | None) -> None:
        """Close what is still open, the run last."""
        self._over = True
        for step in list(self._steps.values()):
            step.close()
        for over in self._maps.values():
            over.span.set_attribute(ABANDONED, True)
            over.span.end()
        self._phases.close()
        span = self.span
        span.set_attribute(STATUS, status)
        span.set_attributes({TOTAL + word: count for word, count in self._totals.items()})
        if status == "failed" and error is not None:
            mark(span, error)
            record(span, error)
        elif error is not None:
            span.set_attribute(REASON, str(error))
        span.end()

    # -- steps ------------------------------------------------------------------------------------------------------

    def _begin(self, index: int) -> StepSpan:
        machine = self._machine
        node, group, policy = machine.nodes[index], machine.owners[index], machine.policies[index]
        attributes = self._describe(index, node)
        sources: Iterable[int] = node.data
        parent = self._above(index)
        if index in machine.undoing:
            sources = (machine.undoing[index],)
        elif group is None:
            self._lines.place(node, attributes)
        else:
            sources = group.sources(index - group.base)
            over = self._maps.get(group.written)
            parent = over.context if over is not None else parent
        links = self._links(sources)
        what = "workflow" if self._is_flow(index) else "step"
        span = self._tracer.start_span(f"{what} {_label(node)}", parent, attributes=attributes, links=links)
        if group is None or group.written in machine.plan.chains:
            self._made[index] = span.get_span_context()
        return StepSpan(span, parent, retried=policy is not None and policy.retry is not None)

    def _above(self, index: int) -> Context:
        """What the span of a node is under: its phase, the call in whose place it is, or the run."""
        home = self._machine.homes[index]
        phase = self._phases.around(home, self._machine.nodes[index].region)
        if phase is not None:
            return phase
        call = self._steps.get(home.node)
        return call.context if call is not None else self._here

    def _is_flow(self, index: int) -> bool:
        spec = self._machine.nodes[index].spec
        return spec is not None and spec.flow is not None

    def _describe(self, index: int, node: Node) -> dict[str, AttributeValue]:
        name = node.spec.name if node.spec is not None else ""
        return {RUN_ID: self._run_id, STEP: name, KEY: self._machine.key(index)}

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

    def _ended(self, index: int, event: events.StepEvent, status: str) -> None:
        step = self._steps.pop(index, None)
        if step is None and isinstance(event, events.StepFailed):
            step = self._begin(index)  # a failure is shown, also where no attempt had begun
        if step is not None:
            step.end(event, status)
        elif self._noted < NOTED:
            self._noted += 1
            self.span.add_event(f"flowkit.step.{status}", {KEY: event.key, REASON: reason_of(event)})
        self._count(index, status)

    def _count(self, index: int, status: str) -> None:
        """Note that a step has ended, on the run's span and on its map's."""
        if not self._is_flow(index):
            self._totals[status] = self._totals.get(status, 0) + 1
        group = self._machine.owners[index]
        if group is not None:
            over = self._maps[group.written]
            over.left -= 1
            over.whole = over.whole and (
                status == "succeeded" or self._machine.nodes[index].tolerant or group.leaves_out
            )
            self._close_map(group.written)

    def _begin_phase(self, index: int, event: events.PhaseStarted) -> None:
        node, above = self._machine.nodes[index], self._above(index)
        attributes: dict[str, AttributeValue] = {RUN_ID: self._run_id, PHASE: event.phase, KEY: event.key}
        self._lines.place(node, attributes)
        span = self._tracer.start_span(f"phase {event.phase}", above, attributes=attributes)
        self._phases.begin(self._machine.homes[index], node.region, span, above)

    # -- maps -------------------------------------------------------------------------------------------------------

    def _collected(self, index: int, event: events.ItemsCollected) -> None:
        over = self._maps.get(index) or self._begin_map(index)
        over.count += event.count
        over.left += event.count
        over.span.set_attribute(ITEMS, over.count)
        self._close_map(index)

    def _begin_map(self, index: int) -> _Map:
        node = self._machine.nodes[index]
        attributes = self._describe(index, node)
        self._lines.place(node, attributes)
        links = self._links(node.data)
        above = self._above(index)
        span = self._tracer.start_span(f"map {_label(node)}", above, attributes=attributes, links=links)
        self._made[index] = span.get_span_context()
        coming = isinstance(self._machine.groups[index], Stream)
        over = self._maps[index] = _Map(span, set_span_in_context(span, above), coming=coming)
        return over

    def _close_map(self, index: int) -> None:
        over = self._maps[index]
        if over.left or (over.coming and over.end is None) or not (over.whole or over.end):
            return
        del self._maps[index]
        if over.end is None:
            over.span.set_attribute(STATUS, "succeeded")
        else:
            over.span.set_attributes({STATUS: ENDS[type(over.end)], REASON: reason_of(over.end)})
        over.span.end()


def _label(node: Node) -> str:
    return node.spec.label if node.spec is not None else ""
