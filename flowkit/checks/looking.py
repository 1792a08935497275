"""The close look: calls whose form is new, the parts that are taken of results, and what is returned."""

from __future__ import annotations

import inspect
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from flowkit.checks.attributes import absent_part
from flowkit.checks.calls import binding, misfitting_call, streaming
from flowkit.checks.dropped import dropped_runs
from flowkit.checks.edges import argument_misfits, result_misfits
from flowkit.checks.forms import form_of, form_of_part
from flowkit.checks.names import Names
from flowkit.checks.options import conflicts
from flowkit.checks.source import read
from flowkit.graph import Kind, Ref, Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowkit.checks.calls import Binding
    from flowkit.checks.forms import Memory
    from flowkit.diagnostics import Diagnostic
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["inspect_calls", "inspect_parts", "inspect_result"]

_SOURCE: Final = "checks.source"


def inspect_calls(graph: Graph, nodes: Iterable[Node], memory: Memory) -> Iterator[Diagnostic]:
    """Check calls one by one; what is wrong with a step itself is told once. Keeps the forms that are sound."""
    of_options: dict[tuple[StepSpec, Kind], list[Diagnostic]] = {}
    of_source: dict[StepSpec, tuple[Diagnostic, ...]] = {}
    for node in nodes:
        spec = node.spec
        assert spec is not None
        declared = spec.declared
        if declared not in of_source:
            memory.named = memory.named or isinstance(declared.options.name, str)
            of_source[declared] = _of_source(declared)
            yield from of_source[declared]
        options = spec, node.kind
        if options not in of_options:
            of_options[options] = list(conflicts(graph, node, spec))
            yield from of_options[options]
        bound = binding(spec, len(node.args), tuple(node.kwargs or ()))
        form: tuple[Any, ...] | None = form_of(graph.nodes, node) if not (graph.problems or spec.streams) else None
        if form is not None and _by_value(bound):
            values = _values(node)
            form = (form, values) if values is not None else None
        if form is not None and memory.holds(form):
            continue
        of_call = list(_of_call(graph, node, spec, bound))
        yield from of_call
        if form is not None and not (of_call or of_options[options] or of_source[declared]):
            memory.keep(form)


def _of_call(graph: Graph, node: Node, spec: StepSpec, bound: Binding) -> Iterator[Diagnostic]:
    if spec.streams:
        yield from streaming(graph, node, spec)
    if not bound.fits:
        yield misfitting_call(graph.workflow, node, spec, bound)
    for position, slot in bound.slots.items():
        yield from argument_misfits(graph, node, spec, position, slot)


def _by_value(bound: Binding) -> bool:
    """Whether it takes more than types to say that a call is sound."""
    return any(slot.by_value for slot in bound.slots.values())


def _values(node: Node) -> tuple[Any, ...] | None:
    """The values that a call was given, where they can be told apart; None where they are too many to be kept."""
    if node.kind is Kind.MAP:
        return None
    given = (*node.args, *(node.kwargs or {}).values())
    return tuple([(type(value), value) if type(value) in (int, str, bool, bytes) else None for value in given])


def _of_source(spec: StepSpec) -> tuple[Diagnostic, ...]:
    """What the source of a step shows, read once for each step."""
    found: tuple[Diagnostic, ...] | None = spec.remembered.get(_SOURCE)
    if found is None:
        found = ()
        function = inspect.unwrap(spec.target)
        # Parsing takes a while, and a step that starts a run has to name the method.
        if inspect.isfunction(function) and _mentions(function.__code__, "start"):
            text = read(function)
            found = tuple(dropped_runs(text, Names(function, text.node))) if text is not None else ()
        spec.remembered[_SOURCE] = found
    return found


def _mentions(code: CodeType, name: str) -> bool:
    return name in code.co_names or any(_mentions(one, name) for one in code.co_consts if type(one) is CodeType)


def inspect_parts(graph: Graph, memory: Memory) -> Iterator[Diagnostic]:
    """Check the parts that the body took of results."""
    for projection in graph.projections:
        node = graph.nodes[projection.node]
        form = None if node.spec is None else (node.kind, node.spec.declared, node.tolerant, projection.path, "part")
        if form is not None and memory.holds(form):
            continue
        found = absent_part(graph, projection)
        if found is not None:
            yield found
        elif form is not None:
            memory.keep(form)


def inspect_result(graph: Graph, memory: Memory) -> list[Diagnostic]:
    """Check what the body returned."""
    if graph.problems or type(graph.result) not in (Ref, Template):
        return list(result_misfits(graph))
    form = (form_of_part(graph.nodes, graph.result), "result")
    if memory.holds(form):
        return []
    found = list(result_misfits(graph))
    if not found and graph.stopped is None:
        memory.keep(form)
    return found
