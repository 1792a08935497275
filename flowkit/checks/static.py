"""Whether all of a workflow is known before anything of it runs, where `static=True` says so (FK407)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from flowkit.checks.bodies import is_called, is_result
from flowkit.checks.names import Names
from flowkit.checks.source import read, within
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.graph import Kind, WorkflowSpec
from flowkit.graph.refusals import asked_in_static

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.source import Text
    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["not_static"]

_GIVEN: Final = "it is given a result, and its body is recorded once that is there"
_MAPPED: Final = "its body is recorded for each item, once the run comes to it"
_ITSELF: Final = "it calls itself, and each round is recorded once the one before it is done"
_LIVE: Final = "its body is live: it calls steps as it goes"
_ASKS: Final = "its body can't be recorded to its end before it runs"
_ROUNDS: Final = "how many rounds there are shows while it runs"
_HELP: Final = {
    _GIVEN: "call the steps of `{}` here, or let a step take the result",
    _MAPPED: "map its steps one after another, as in `b.map(a.map(items))`; or call it in a loop over what is known",
    _ITSELF: "write a loop over what is known",
    _LIVE: "write it as a `def`",
    _ASKS: "call the steps of `{}` here",
    _ROUNDS: "go on in a step, or write a loop over what is known",
}


def not_static(graph: Graph) -> Iterator[Diagnostic]:
    """Find what is only known while a workflow runs, in it and in all that it calls, on the paths not taken too."""
    yield from _of_graph(graph, graph.workflow, set())


def _of_graph(graph: Graph, root: WorkflowSpec, seen: set[WorkflowSpec]) -> Iterator[Diagnostic]:
    workflow = graph.workflow
    yield from _of_source(workflow, root, seen)
    if workflow.is_live:
        span = span_of_function(workflow.target)
        if span is not None:
            yield _finding(root, workflow.as_step, span, _LIVE)
        return
    for node in graph.nodes:
        if node.spec is None or node.spec.flow is None:
            continue
        inner = graph.inner.get(node.index)
        if inner is not None and node.kind is Kind.CALL:
            yield from _of_graph(inner, root, seen)
            continue
        yield from _of_source(node.spec.flow, root, seen)
        reason = _reason(graph, node, node.spec.flow)
        if reason == _ASKS and any(_of_source(node.spec.flow, root, set())):
            continue  # which says where
        if reason and node.site is not None:
            yield _finding(root, node.spec, node.site.span(), reason)


def _reason(graph: Graph, node: Node, flow: WorkflowSpec) -> str:
    """Why the body of what a node calls isn't known; empty where it only isn't for this look at it."""
    if flow.name.startswith("flowkit:"):
        return _ROUNDS
    if node.kind is Kind.MAP:
        return _MAPPED
    if flow.is_live:
        return _LIVE
    if flow.declared is graph.workflow.declared:
        return _ITSELF
    if node.data:
        return "" if all(graph.nodes[i].kind is Kind.INPUT for i in node.data) else _GIVEN
    return "" if graph.problems else _ASKS


def _of_source(workflow: WorkflowSpec, root: WorkflowSpec, seen: set[WorkflowSpec]) -> Iterator[Diagnostic]:
    """What the source of a body shows, on every path through it."""
    declared = workflow.declared
    if declared in seen or declared.gathered_for is not None or declared.name.startswith("flowkit:"):
        return
    seen.add(declared)
    text = read(declared.target)
    if text is None:
        return
    names = Names(declared.target, text.node)
    for node in within(text.node, nested=False):
        if not isinstance(node, ast.Call):
            continue
        if is_called(node, "result_of", names):
            yield asked_in_static(root.label, text.span(node))
        elif is_called(node, "repeat", names) or is_called(node, "poll", names):
            yield _told(root, text.quote(node.func), text.span(node), _ROUNDS)
        else:
            yield from _of_call(text, names, node, root, seen)


def _of_call(
    text: Text, names: Names, call: ast.Call, root: WorkflowSpec, seen: set[WorkflowSpec]
) -> Iterator[Diagnostic]:
    function, verb = call.func, ""
    if isinstance(function, ast.Attribute) and function.attr in ("map", "map_outcomes", "ref"):
        verb = function.attr
        function = function.value
    spec = names.spec(function)
    if not isinstance(spec, WorkflowSpec):
        return
    yield from _of_source(spec, root, seen)
    if verb.startswith("map"):
        yield _finding(root, spec.as_step, text.span(call), _MAPPED)
    elif spec.is_live:
        yield _finding(root, spec.as_step, text.span(call), _LIVE)
    elif any(is_result(one, names) for one in (*call.args, *(one.value for one in call.keywords))):
        itself = names.is_of(spec.declared.target)
        yield _finding(root, spec.as_step, text.span(call), _ITSELF if itself else _GIVEN)


def _finding(root: WorkflowSpec, spec: StepSpec, span: Span, reason: str) -> Diagnostic:
    return _told(root, spec.label, span, reason)


def _told(root: WorkflowSpec, name: str, span: Span, reason: str) -> Diagnostic:
    return Diagnostic(
        code="FK407",
        level=Level.ERROR,
        title=f"what `{name}` calls isn't known before the run, in a static workflow",
        labels=(Label(span, reason),),
        notes=(f"`{root.label}` is declared `static=True`",),
        helps=(_HELP[reason].format(name),),
    )
