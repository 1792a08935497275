"""What is to be seen of a graph, whatever it is drawn with: nodes and regions in the order of the source, and arrows.

Linear in nodes and edges, and no recursion: graphs may have a hundred thousand nodes.
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, NamedTuple

from flowkit.diagnostics.spans import relative
from flowkit.graph.model import Edge, Kind, SourceKind
from flowkit.graph.refs import Ref, Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import CodeType

    from flowkit.graph.model import Graph, Node, Region

__all__ = ["Arrow", "Picture"]


class Arrow(NamedTuple):
    """How one node depends on another."""

    source: int
    target: int
    kind: Edge
    word: str = ""


class Picture:
    """A graph without what only the machine needs.

    Order that follows from something else isn't shown, nor are barriers that wait for one node: that node stands for
    them.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._before: dict[int, frozenset[int]] = {}
        self._stands_for: dict[int, Sequence[int]] = {}
        """By barrier that isn't shown, what it waits for. A barrier comes after that, so one pass settles them all."""
        self._lines: dict[CodeType, Sequence[int | None]] = {}
        self._described: dict[tuple[CodeType, int], str] = {}
        for node in graph.nodes:
            if node.kind is Kind.BARRIER:
                after = self.after(node)
                if len(after) < 2:
                    self._stands_for[node.index] = after
            elif node.kind is Kind.ARMED:
                self._stands_for[node.index] = ()

    def walk(self) -> Iterator[tuple[int, Node | Region | None]]:
        """What is to be seen, with its depth: a node, a region that begins, or the end of one (None)."""
        regions = self._graph.regions
        opened = [0]
        inside = {0}
        for node in self.nodes():
            wanted: list[int] = []
            region = node.region
            while region not in inside:
                wanted.append(region)
                region = regions[region].parent or 0
            while opened[-1] != region:
                inside.discard(opened.pop())
                yield len(opened), None
            for index in reversed(wanted):
                yield len(opened), regions[index]
                opened.append(index)
                inside.add(index)
            yield len(opened), node
        for depth in range(len(opened) - 1, 0, -1):
            yield depth, None

    def arrows(self) -> Iterator[Arrow]:
        """The edges."""
        for node in self.nodes():
            chained = _chained(node)
            for i in node.data:
                kind = Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.CHAIN if i in chained else Edge.DATA
                yield Arrow(i, node.index, kind)
            for i in node.choice:
                yield Arrow(i, node.index, Edge.CHOICE)
            region = self._graph.regions[node.region]
            tested = region.test if not region.cleans_up else -1
            for i in self.after(node):
                if i != tested:
                    yield Arrow(i, node.index, Edge.ORDER)
            if tested >= 0 and not self._is_inside(region, node):
                yield Arrow(region.test, node.index, Edge.CONDITION, "yes" if region.wanted else "no")

    def _is_inside(self, region: Region, node: Node) -> bool:
        """Whether a node follows another one of its region, so that what decides about that decides about it."""
        return any(self._graph.nodes[i].region == region.index for i in (*node.data, *node.choice, *(node.order or ())))

    def after(self, node: Node) -> Sequence[int]:
        """The nodes it comes after, but for those that something else before it comes after, too."""
        if not node.order:
            return ()
        data = frozenset(node.data)
        left = dict.fromkeys(i for i in node.order if i not in data)
        for near in (*node.data, *node.order):
            far = self._directly_before(near)
            for i in far if len(far) < len(left) else list(left):
                if i != near and i in far:
                    left.pop(i, None)
        shown = dict.fromkeys(other for i in left for other in self._stands_for.get(i, (i,)))
        return [i for i in shown if i not in data]

    def returned(self) -> Sequence[int]:
        """The nodes whose values the workflow returns."""
        result = self._graph.result
        refs: Iterable[Ref] = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
        return tuple(dict.fromkeys(ref._flowkit_node for ref in refs))

    def name(self, index: int) -> str:
        """A node's key, and what it is besides a call."""
        node = self._graph.nodes[index]
        if node.kind is Kind.INPUT:
            return str(node.args[0])
        key = self._graph.keys[index]
        return f"{key}.{'map_outcomes' if node.tolerant else 'map'}" if node.kind is Kind.MAP else key

    def place(self, code: CodeType | None, lasti: int) -> str:
        """The file and line of a call; empty where nothing was called."""
        return f"{relative(code.co_filename)}:{self._line(code, lasti)}" if code is not None else ""

    def tip(self, node: Node) -> str:
        """The file and line of a call, and what is written there."""
        if node.code is None:
            return ""
        site = node.code, node.lasti
        known = self._described.get(site)
        if known is None:
            text = linecache.getline(node.code.co_filename, self._line(*site)).strip()
            known = self._described[site] = f"{self.place(*site)}  {text}".rstrip()
        return known

    def nodes(self) -> Iterator[Node]:
        """The nodes that are to be seen."""
        return (node for node in self._graph.nodes if node.index not in self._stands_for)

    def _directly_before(self, index: int) -> frozenset[int]:
        known = self._before.get(index)
        if known is None:
            node = self._graph.nodes[index]
            known = self._before[index] = frozenset((*node.data, *(node.order or ())))
        return known

    def _line(self, code: CodeType, lasti: int) -> int:
        # Read from the code once: a `Span` for each of a hundred thousand calls would go through it as often.
        lines = self._lines.get(code)
        if lines is None:
            lines = self._lines[code] = [position[0] for position in code.co_positions()]
        line = lines[lasti // 2] if 0 <= lasti // 2 < len(lines) else None
        return line if line is not None else code.co_firstlineno


def _chained(node: Node) -> frozenset[int]:
    """The maps that a map goes on from, item by item."""
    if node.kind is not Kind.MAP:
        return frozenset()
    return frozenset(source.value._flowkit_node for source in node.args if source.kind is SourceKind.CHAIN)
