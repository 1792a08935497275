"""Results that nobody takes (FK101).

The graph says which results aren't used; the source says whether that is so for every path through it. What is dropped
on the spot, or bound to a name that is never read, is an error wherever it is. So is any other result that isn't used,
if nothing in the source could have led elsewhere. What another path might use is a warning.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flowkit.checks.fates import fate_of
from flowkit.checks.hints import show
from flowkit.checks.source import call_at, within
from flowkit.checks.values import label_of, result_of, type_of_node
from flowkit.diagnostics import Diagnostic, Label, Level, source_of
from flowkit.graph import Kind
from flowkit.policies import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.fates import Fate
    from flowkit.checks.forms import Memory
    from flowkit.checks.names import Names
    from flowkit.checks.source import Text
    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["dropped_calls", "unused_results"]


def unused_results(graph: Graph, memory: Memory) -> Iterator[Diagnostic]:
    """Find calls whose result nobody takes; a result taken by an unused call is taken."""
    told = set[Any]()
    index = graph.used.find(0)
    while index >= 0:
        node = graph.nodes[index]
        # A call in a loop is one call to whoever forgot it.
        place = (node.code, node.lasti, node.spec and node.spec.declared)
        if _matters(graph, node) and place not in told:
            told.add(place)
            fate, found = memory.fates.get(place, (None, None))
            if fate is None or found is None:
                fate = _fate_of_node(graph, node)
                found = _finding(graph, node, fate)
                memory.keep_fate(place, (fate, found))
            if graph.stopped is None or fate == "dropped":
                yield found
        index = graph.used.find(0, index + 1)


def _matters(graph: Graph, node: Node) -> bool:
    if node.kind in (Kind.OUTCOME, Kind.PICK, Kind.JOIN):
        return not _is_nothing(type_of_node(graph, node))
    if node.spec is None:
        return False
    default = graph.workflow.policy.defaults.must_use
    if default is not UNSET and node.spec.options.must_use is UNSET:
        return default and node.spec.must_use
    return node.spec.must_use


def _is_nothing(hint: Any) -> bool:
    return hint is type(None)


def dropped_calls(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find dropped results in the source of a body, on whatever path they are."""
    for node in within(text.node, nested=False):
        spec = names.step(node)
        if spec is None or not spec.must_use or _in_region(text, node) or _has_options(node):
            continue
        assert isinstance(node, ast.Call)
        if fate_of(text, node) == "dropped":
            yield _told(spec.label, text.span(node), _returns(_result_shown(spec, node)), text.quote(node), "dropped")


def _result_shown(spec: StepSpec, call: ast.Call) -> str:
    result = result_of(spec)
    if result is Any:
        return ""
    verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    shape = {"map": "list[{}]", "map_outcomes": "list[Outcome[{}]]"}.get(verb, "{}")
    return shape.format(show(result))


def _in_region(text: Text, node: ast.AST) -> bool:
    """Whether something stands around a call that may give it a place of its own, such as `with in_order()`."""
    while node is not text.node:
        node = text.parents[node]
        if isinstance(node, ast.With):
            return True
    return False


def _has_options(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "with_options" for one in ast.walk(node))


def _fate_of_node(graph: Graph, node: Node) -> Fate:
    found = call_at(graph.workflow, node.site)
    if found is None:
        return "unused"
    text, call = found
    fate = fate_of(text, call)
    # What a helper returns or stores may be used by whoever called it, which this doesn't follow.
    return "open" if fate == "unused" and not _is_body(graph, text) else fate


def _is_body(graph: Graph, text: Text) -> bool:
    body = source_of(graph.workflow.target)
    return body is not None and (body.file, body.node.lineno) == (text.file, getattr(text.node, "lineno", 0))


def _finding(graph: Graph, node: Node, fate: Fate) -> Diagnostic:
    name = label_of(graph, node)
    hint = type_of_node(graph, node)
    unknown = node.spec is not None and result_of(node.spec) is Any
    found = call_at(graph.workflow, node.site)
    code = found[0].quote(found[1]) if found is not None else f"{name}(...)" if node.spec is not None else name
    span = node.site.span() if node.site is not None else None
    return _told(name, span, _returns("" if unknown else show(hint)), code, fate)


def _returns(kind: str) -> str:
    return f"this call returns `{kind}`" if kind else "nobody takes what this call returns"


def _told(name: str, span: Span | None, said: str, code: str, fate: Fate) -> Diagnostic:
    labels = (Label(span, said),) if span is not None else ()
    if fate == "open":
        return Diagnostic(
            code="FK101",
            level=Level.WARNING,
            title=f"the result of `{name}` is not used on the path that was taken",
            labels=labels,
            helps=(f"call it only where its result is used, or write `discard({code})`",),
        )
    return Diagnostic(
        code="FK101",
        level=Level.ERROR,
        title=f"the result of `{name}` is never used",
        labels=labels,
        helps=(f"pass it on, return it, or write `discard({code})`",),
    )
