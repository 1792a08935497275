"""Whether a body builds the same graph twice (FK402)."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.graph import Kind, Ref, Source, Template

if TYPE_CHECKING:
    from flowkit.graph import Graph, Node

__all__ = ["builds_differ"]


def builds_differ(first: Graph, second: Graph) -> list[Diagnostic]:
    """Compare two recordings of one workflow with the same arguments; the first difference is FK402."""
    for one, other in zip_longest(first.nodes, second.nodes):
        difference = _difference(one, other)
        if difference:
            return [_finding(first, one, other, difference)]
    if _form(first.result) != _form(second.result):
        return [_finding(first, None, None, "it returns something else the second time")]
    return []


def _difference(one: Node | None, other: Node | None) -> str:
    if one is None or other is None:
        node, build = (other, "second") if one is None else (one, "first")
        return f"only the {build} build has the call of `{_label(node)}`"
    if (one.kind, _name(one)) != (other.kind, _name(other)):
        return f"where the first build calls `{_label(one)}`, the second calls `{_label(other)}`"
    if (one.data, one.order, one.choice) != (other.data, other.order, other.choice):
        return f"the call of `{_label(one)}` waits for other results the second time"
    if _form((one.args, one.kwargs)) != _form((other.args, other.kwargs)):
        return f"the call of `{_label(one)}` is given something else the second time"
    return ""


def _name(node: Node) -> str:
    return node.spec.name if node.spec is not None else ""


def _label(node: Node | None) -> str:
    return node.spec.label if node is not None and node.spec is not None else "outcome"


def _form(value: Any) -> Any:
    """A value as far as it can be compared with the one of another build."""
    kind = type(value)
    if kind is Ref:
        return Ref, value._flowkit_node, repr(value._flowkit_path)
    if kind is Template:
        return _form(value.shape)
    if kind is Source:
        return value.kind, _form(value.value)
    if kind is dict:
        return kind, [(_form(key), _form(item)) for key, item in value.items()]
    if kind in (list, tuple):
        return kind, [_form(item) for item in value]
    # A NaN differs from itself, and reads the same; the order of a set is nobody's promise.
    return (kind, repr(value)) if kind in (int, float, str, bytes, bool, complex) else kind


def _finding(graph: Graph, one: Node | None, other: Node | None, difference: str) -> Diagnostic:
    labels: list[Label] = []
    for node, text in ((one, "the first build"), (other, "the second build")):
        if node is not None and node.kind is not Kind.BARRIER and node.site is not None:
            labels.append(Label(node.site.span(), text, primary=not labels))
    if not labels:
        span = span_of_function(graph.workflow.target)
        labels = [Label(span, "the body is recorded twice with the same arguments")] if span is not None else []
    elif len(labels) == 2 and labels[0].span == labels[1].span:
        labels = [Label(labels[0].span, "this call")]
    return Diagnostic(
        code="FK402",
        level=Level.ERROR,
        title=f"`{graph.workflow.label}` builds another graph the second time: {difference}",
        labels=tuple(labels),
        helps=("make what decides it an argument of the workflow, or move it into a step",),
    )
