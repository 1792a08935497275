"""Which maps go through what a generator yields while it still yields, and which go on from those item by item.

Such maps are a family: what is in flight is pulled for all of them, and let go of when the last of them is done with it.
A map is left out where it could hold the others up for ever, since it waits for the end of one of them, and where all
items have to be known at once; then it takes the whole list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowkit.graph import Kind, Ref, SourceKind, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flowkit.graph import Graph, Node, StepSpec
    from flowkit.policies import Policy

__all__ = ["Family", "families", "takes_whole"]


class Family:
    """A map that a generator is pulled for, and those that go on from its items, in the order of the text."""

    __slots__ = ("followers", "kept", "root")

    def __init__(self, root: int) -> None:
        self.root = root
        self.followers: list[int] = []
        self.kept: set[int] = set()
        """Those of them whose lists somebody takes; the others' are never made."""

    @property
    def maps(self) -> tuple[int, ...]:
        """All of them."""
        return (self.root, *self.followers)


def families(graph: Graph, policy_of: Callable[[StepSpec], Policy]) -> Mapping[int, Family]:
    """The families of a body that is written in one go, by each map that is in one."""
    found: dict[int, Family] = {}
    if graph.goes_on or graph.first:
        return found  # what is still to be written may ask for anything
    nodes = graph.nodes
    for node in nodes:
        if node.kind is Kind.MAP and node.spec is not None and _is_open(policy_of(node.spec)):
            family = _family(graph, node, found)
            if family is not None:
                found[node.index] = family
    for node in nodes:
        if node.kind is Kind.JOIN and node.args[0].of_items and node.choice[0] in found:
            gone = found[node.choice[0]]
            for index in gone.maps:
                found.pop(index, None)
    for index in _taken_whole(graph, found):
        found[index].kept.add(index)
    return found


def _is_open(policy: Policy) -> bool:
    """Whether the items of a map need not all be known at once."""
    return policy.item_key is None and policy.item_depends_on is None


def _family(graph: Graph, node: Node, found: dict[int, Family]) -> Family | None:
    kinds = {source.kind for source in node.args}
    before = {i for source in node.args if source.kind is SourceKind.CHAIN for i in (source.value._flowkit_node,)}
    if not before:
        streamed = any(source.kind is SourceKind.REF and _is_generator(graph, source.value) for source in node.args)
        return Family(node.index) if streamed else None
    families_before = {id(found.get(i)): found.get(i) for i in before}
    family = next(iter(families_before.values()))
    if len(families_before) > 1 or family is None or not kinds <= {SourceKind.CHAIN, SourceKind.SAME}:
        return None
    if not set(family.maps).isdisjoint(_upstream(graph, node, before)):
        return None
    family.followers.append(node.index)
    return family


def _is_generator(graph: Graph, ref: Ref) -> bool:
    spec = graph.nodes[ref._flowkit_node].spec
    return (
        not ref._flowkit_path and graph.nodes[ref._flowkit_node].kind is Kind.CALL and spec is not None and spec.streams
    )


def _upstream(graph: Graph, node: Node, chained: set[int]) -> set[int]:
    """All that a map waits for besides the maps whose items it goes on from, unless it waits for the end of those."""
    seen: set[int] = set()
    left = [i for i in _waits_for(graph, node) if i not in chained or i in (node.order or ())]
    while left:
        index = left.pop()
        if index not in seen:
            seen.add(index)
            left.extend(_waits_for(graph, graph.nodes[index]))
    return seen


def _waits_for(graph: Graph, node: Node) -> Iterator[int]:
    yield from node.data
    yield from node.order or ()
    yield from node.choice
    region = graph.regions[node.region]
    while True:
        if region.test >= 0:
            yield region.test
        if region.parent is None:
            return
        region = graph.regions[region.parent]


def _taken_whole(graph: Graph, found: Mapping[int, Family]) -> Iterable[int]:
    """The maps whose lists somebody takes."""
    result: Any = graph.result
    refs = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
    taken = {ref._flowkit_node for ref in refs}
    for node in graph.nodes:
        family = found.get(node.index)
        follows = family is not None and node.index != family.root
        taken.update(i for i in node.data if not (follows and _is_chained(node, i)))
    return [index for index in found if index in taken]


def takes_whole(node: Node, index: int, streams: Mapping[int, Family]) -> bool:
    """Whether a node goes on from the items of a stream, and yet waits for all of it."""
    return index in streams and node.index not in streams and node.kind is Kind.MAP and _is_chained(node, index)


def _is_chained(node: Node, index: int) -> bool:
    return any(source.kind is SourceKind.CHAIN and source.value._flowkit_node == index for source in node.args)
