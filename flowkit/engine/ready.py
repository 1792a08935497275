"""What it takes to go on with a run that is on record: its arguments, what its body writes now, and how that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from flowkit.engine.arguments import read_arguments
from flowkit.engine.journal import to_be_done_again
from flowkit.engine.overlay import Overlay
from flowkit.engine.recordings import Unwound
from flowkit.errors import WorkflowChanged
from flowkit.graph import capture, record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.kept import KeptNode, KeptRun
    from flowkit.engine.overlay import Looked
    from flowkit.engine.ports import Data
    from flowkit.graph import Graph, Recorder, WorkflowSpec
    from flowkit.plan import Plan

__all__ = ["Ready", "begun", "looked_at", "made_ready"]


class Ready(NamedTuple):
    """A run that can be gone on with, and from what."""

    given: tuple[WorkflowSpec, Any, Any]
    """The workflow, and its arguments."""
    plan: Plan
    awaited: int
    """The node that its body can't go on without; -1 where it has returned."""
    warnings: Sequence[Diagnostic]
    nodes: Sequence[KeptNode]
    """What is on record and counts."""
    void: frozenset[str]
    """The keys of what is on record and doesn't."""
    overlay: Overlay
    looked: Looked


def made_ready(
    data: Data,
    planned: Callable[[Graph], tuple[Plan, Sequence[Diagnostic]]],
    workflow: WorkflowSpec,
    run: KeptRun,
    nodes: Sequence[KeptNode],
    *,
    again: bool = False,
    forks: bool = False,
) -> Ready:
    """Record the body of a run anew, and lay that over what is on record. Runs nothing, and changes nothing.

    With `again` what failed counts no more; a run that `forks` goes on from what fits and does all else again.
    Raises `WorkflowChanged` where what was done doesn't fit, and whatever the body or its arguments raise.
    """
    args, kwargs = read_arguments(data, workflow, run.arguments)
    given = capture((args, kwargs), [])
    graph, awaited = begun(workflow, *capture(given, []))
    plan, warnings = planned(graph)
    void = to_be_done_again(nodes) if again else set[str]()
    overlay = Overlay(data, nodes, void=void, lenient=forks)
    looked = overlay.look(plan)
    if looked.refused:
        raise WorkflowChanged(run.run_id, workflow.label, looked.differences)
    void |= looked.void
    kept = [node for node in nodes if node.key not in void]
    return Ready((workflow, *given), plan, awaited, warnings, kept, frozenset(void), overlay, looked)


def looked_at(data: Data, plan: Callable[[Graph], Plan], workflow: WorkflowSpec, run: KeptRun) -> Plan:
    """What the body of a run writes now, as far as it goes without a result: for who only wants to look."""
    args, kwargs = read_arguments(data, workflow, run.arguments)
    return plan(begun(workflow, args, kwargs)[0])


def begun(workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Graph, int]:
    """What a body writes before anything runs, and the node that it can't go on without; -1 where it has returned."""
    unwound: list[tuple[Graph, int]] = []

    def asked(recorder: Recorder, local: int) -> NoReturn:
        unwound.append((recorder.segment(), local))
        raise Unwound

    try:
        return record(workflow, args, kwargs, asked), -1
    except Unwound:
        return unwound[0]
