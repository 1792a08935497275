"""What is known of a value before it exists: the type behind a Ref, and where that type was declared."""

from __future__ import annotations

import collections.abc
import inspect
from types import GenericAlias
from typing import TYPE_CHECKING, Any, get_args, get_origin

from flowkit.checks.hints import show, with_article
from flowkit.checks.members import Absent, part
from flowkit.graph import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.graph import Graph, Node, Ref, StepSpec

__all__ = ["described", "item_of_map", "name_of", "node_of", "result_of", "type_at", "type_of", "type_of_node"]


def result_of(spec: StepSpec) -> Any:
    """What a call of a step gives, by its annotation; Any without one."""
    returns = spec.returns
    if returns is inspect.Signature.empty or spec.streams:
        return Any
    origin, parts = get_origin(returns), get_args(returns)
    if not spec.is_async and parts and origin in (collections.abc.Coroutine, collections.abc.Awaitable):
        return parts[-1]
    return returns


def item_of_map(node: Node) -> Any:
    """The type of one result of a map."""
    assert node.spec is not None
    result = result_of(node.spec)
    return _of(Outcome, result) if node.tolerant else result


def type_of_node(graph: Graph, node: Node) -> Any:
    """What a node gives as a whole."""
    if node.kind is Kind.CALL:
        return result_of(node.spec) if node.spec is not None else Any
    if node.kind is Kind.MAP:
        return _of(list, item_of_map(node))
    if node.kind is Kind.OUTCOME:
        return _of(Outcome, type_of(graph, node.args[0]))
    if node.kind is Kind.INPUT:
        return graph.workflow.hints.get(node.args[0], Any)
    return Any


def node_of(graph: Graph, ref: Ref) -> Node | None:
    """The node behind a Ref; None if that is in another graph (which FK305 tells)."""
    made = ref._flowkit_recorder._graph
    return graph.nodes[ref._flowkit_node] if made is not None and made() is graph else None


def type_of(graph: Graph, ref: Ref) -> Any:
    """What a Ref stands for; Any where nothing is known, or where its path leads nowhere."""
    node = node_of(graph, ref)
    return Any if node is None else type_at(graph, node, ref._flowkit_path)


def type_at(graph: Graph, node: Node, path: Sequence[tuple[str, Any]]) -> Any:
    """The type of a part of what a node gives."""
    hint = type_of_node(graph, node)
    for how, key in path:
        hint = part(hint, how, key)
        if isinstance(hint, Absent):
            return Any
    return hint


def name_of(graph: Graph, ref: Ref) -> str:
    """A Ref as it might be written, the arguments left out."""
    node = node_of(graph, ref)
    tail = "".join(f".{key}" if how == "attribute" else f"[{key!r}]" for how, key in ref._flowkit_path)
    if node is None:
        return f"a result{tail}"
    if node.kind is Kind.INPUT:
        return f"{node.args[0]}{tail}"
    if node.kind is Kind.OUTCOME:
        return f"outcome({name_of(graph, node.args[0])}){tail}"
    return f"{node.spec.label if node.spec is not None else ''}{tail}"


def described(graph: Graph, ref: Ref, given: Any) -> str:
    """What is passed where a Ref is, for a label: its type and whose result it is."""
    node = graph.nodes[ref._flowkit_node]
    kind, name = show(given), name_of(graph, ref)
    if ref._flowkit_path:
        return f"this is `{name}`, {with_article(kind)}"
    if node.kind is Kind.INPUT:
        return f"this is the argument `{name}`, {with_article(kind)}"
    if node.kind is Kind.MAP:
        return f"this is the `{kind}` of the results of `{name}`"
    if node.kind is Kind.OUTCOME:
        return f"this is the `{kind}` that says how a step ended"
    return f"this is the `{kind}` that `{name}` returns"


def _of(generic: Any, *parts: Any) -> Any:
    return GenericAlias(generic, parts)
