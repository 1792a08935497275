"""What is known of a value before it exists: the type behind a Ref, and where that type was declared."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from flowkit.checks.hints import show, with_article
from flowkit.checks.members import Absent, part
from flowkit.graph import Kind, Outcome, Ref, Selected, Template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.graph import Graph, Node, StepSpec

__all__ = [
    "described",
    "item_of_map",
    "label_of",
    "name_of",
    "node_of",
    "result_of",
    "type_at",
    "type_of",
    "type_of_node",
]

_MADE_OF_OTHERS: Final = (Kind.OUTCOME, Kind.PICK, Kind.JOIN)


def result_of(spec: StepSpec) -> Any:
    """What a call of a step gives, by its annotation; Any without one."""
    returns = spec.returns
    if returns is inspect.Signature.empty:
        return Any
    if spec.streams:  # to whoever goes through it, it is as good as a list
        yields = get_args(returns)
        return _of(list, yields[0]) if yields else Any
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
    if node.kind is Kind.INPUT:
        return graph.workflow.hints.get(node.args[0], Any)
    if node.kind is Kind.TEST:
        return bool
    return _derived(graph, node)


def _derived(graph: Graph, node: Node) -> Any:
    """The type of what is made of other results; each is worked out once, and from the innermost on."""
    known = graph.types
    todo = [node]
    while todo:
        newest = todo[-1]
        parts = [value for value in _parts(newest) if type(value) is Ref]
        behind = [one for one in (node_of(graph, ref) for ref in parts) if one is not None]
        open_ = [one for one in behind if one.kind in _MADE_OF_OTHERS and one.index not in known]
        if open_:
            todo += open_
            continue
        known[newest.index] = _made_of(graph, newest)
        todo.pop()
    return known[node.index]


def _parts(node: Node) -> tuple[Any, ...]:
    return node.args if node.kind is Kind.OUTCOME else node.args[1:]


def _made_of(graph: Graph, node: Node) -> Any:
    hints = [type_of(graph, one) if type(one) is Ref else type(one) for one in _parts(node)]
    if node.kind is Kind.OUTCOME:
        return _of(Outcome, hints[0])
    join = node.args[0] if node.kind is Kind.JOIN else None
    if join is not None and join.of_items:
        (source,) = node.args[1:]
        hints = [item_of_map(graph.nodes[source._flowkit_node])]
    hint = Any if any(one is Any or one is Template for one in hints) else typing.Union[tuple(hints)]  # noqa: UP007
    if join is not None and join.names:
        return _of(Selected, hint)
    return _of(list, hint) if join is not None and join.word.endswith("_n") else hint


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
    return f"{label_of(graph, node)}{tail}"


def label_of(graph: Graph, node: Node) -> str:
    """What a node was written as, for a sentence."""
    if node.spec is not None:
        return node.spec.label
    if node.kind is Kind.OUTCOME:
        return f"outcome({name_of(graph, node.args[0])})" if type(node.args[0]) is Ref else "outcome"
    return f"{node.args[0].word}(...)" if node.kind is Kind.JOIN else "cond(...)" if node.kind is Kind.PICK else ""


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
    if node.kind in _MADE_OF_OTHERS:
        return f"this is `{name}`, {with_article(kind)}"
    return f"this is the `{kind}` that `{name}` returns"


def _of(generic: Any, *parts: Any) -> Any:
    return GenericAlias(generic, parts)
