"""What is to be seen of a graph, whatever it is drawn with: nodes and regions in the order of the source, and arrows.

Linear in nodes and edges, and no recursion but into the workflows that are called: graphs may have a hundred thousand
nodes.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from flowkit.graph.captions import Captions
from flowkit.graph.insides import Insides, until
from flowkit.graph.model import Edge, Kind, Region, SourceKind
from flowkit.graph.ordering import Ordering
from flowkit.graph.refs import Ref, Template, references

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.graph.captions import End
    from flowkit.graph.model import Graph, Node, WorkflowSpec

__all__ = ["Arrow", "Picture", "made_at"]


class Arrow(NamedTuple):
    """How one node depends on another, or all that is in a region on another."""

    source: End
    target: End
    kind: Edge
    word: str = ""


class Picture(Captions):
    """A graph without what only the machine needs.

    Order that follows from something else isn't shown, nor are barriers: an arrow from or to a region stands for them.
    """

    def __init__(
        self, graph: Graph, prefix: str = "", above: tuple[Picture, ...] = (), insides: Insides | None = None
    ) -> None:
        super().__init__(graph)
        self.later = False
        """Whether it is of a body that is expanded only when its inputs exist."""
        self._prefix = prefix
        self._above = (*above, self)
        self._insides = insides or Insides()
        self._inner: dict[int, Picture | None] = {}
        self._ordering = Ordering(graph)

    def walk(self) -> Iterator[tuple[int, Node | Region | None]]:
        """What is to be seen, with its depth: a node, a region that begins, or the end of one (None)."""
        regions = self.graph.regions
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

    def nodes(self) -> Iterator[Node]:
        """The nodes that are to be seen."""
        hidden = self._ordering.stands_for
        return (node for node in self.graph.nodes if node.index not in hidden)

    # -- arrows -------------------------------------------------------------------------------------------------------

    def arrows(self) -> Iterator[Arrow]:
        """The edges."""
        for region in self._ordering.drawn_regions():
            if region.test >= 0 and not region.cleans_up:
                yield Arrow(region.test, region, Edge.CONDITION, "yes" if region.wanted else "no")
            for end in self.entry(region):
                yield Arrow(end, region, Edge.ORDER)
        for node in self.nodes():
            yield from self._data_arrows(node)
            for end in self.after(node):
                yield Arrow(end, node.index, Edge.ORDER)
            stopped = self._cancelled(node)
            if stopped is not None:
                yield Arrow(node.index, stopped, Edge.ORDER, "cancels")

    def _data_arrows(self, node: Node) -> Iterator[Arrow]:
        chained = _chained(node)
        words = _words_of(node)
        for i in self.taken(node):
            kind = Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.CHAIN if i in chained else Edge.DATA
            yield Arrow(i, node.index, kind, words.get(i, ""))
        for i in node.choice:
            yield Arrow(i, node.index, Edge.CHOICE, words.get(i, ""))

    def taken(self, node: Node) -> Sequence[int]:
        """The nodes whose results a node takes: of the next round of a loop, what that begins with."""
        return tuple(references(node.args[0])) if self.goes_again(node) == "again" else node.data

    def entry(self, region: Region) -> Sequence[End]:
        """What all that is in a region comes after."""
        return self._ordering.entries.get(region.index, ())

    def after(self, node: Node) -> Sequence[End]:
        """What a node comes after, but for what something else before it comes after, too."""
        return self._ordering.after(node)

    def back(self, node: Node) -> str:
        """The first node of the body that a call goes back to: its own, or one that it stands in. Empty for others."""
        called = self._goes_back_to(node)
        return called.first() if called is not None else ""

    def _goes_back_to(self, node: Node) -> Picture | None:
        flow = node.spec.flow if node.spec is not None else None
        if flow is None or node.index in self.graph.inner:
            return None
        return next((one for one in self._above if one.graph.workflow.declared is flow.declared), None)

    def first(self) -> str:
        """The identifier of the first node that isn't a box; empty where there is none."""
        node = next(self.nodes(), None)
        return self.leaf(node.index)[0] if node is not None else ""

    def leaf(self, end: End, *, first: bool = True) -> tuple[str, bool]:
        """The identifier of a node; of a box that of its first or last node. And whether it is a box."""
        if not isinstance(end, int):
            nodes = self._ordering.inside(end.index)
            shown = [one for one in nodes if one.index not in self._ordering.stands_for]
            return self.leaf(shown[0 if first else -1].index, first=first)[0], True
        inner = self.inside(self.graph.nodes[end])
        if inner is None:
            return self.id(end), False
        shown = list(inner.nodes())
        return inner.leaf(shown[0 if first else -1].index, first=first)[0], True

    def _cancelled(self, node: Node) -> Region | None:
        """The scope that a node stops; None where it isn't drawn, or the node is in it."""
        if node.kind is not Kind.CANCEL:
            return None
        region = self.graph.regions[node.args[0]]
        around = self._ordering.regions_of(node)
        return region if region.index in self._ordering.drawn and region.index not in around else None

    # -- workflows that are called ------------------------------------------------------------------------------------

    def inside(self, node: Node) -> Picture | None:
        """What a call of a workflow holds; None for other nodes, and where nothing of it is known or seen."""
        if node.spec is None or node.spec.flow is None:
            return None
        if node.index not in self._inner:
            self._inner[node.index] = self._look_inside(node)
        return self._inner[node.index]

    def _look_inside(self, node: Node) -> Picture | None:
        specs: tuple[WorkflowSpec, ...] = tuple(one.graph.workflow for one in self._above)
        found = self._insides.of(self.graph, node, specs, self._alike[made_at(node)])
        if found is None:
            return None
        picture = Picture(found.graph, f"{self._prefix}{node.index}_", self._above, self._insides)
        picture.later = found.later
        return picture if picture.first() else None

    @cached_property
    def _alike(self) -> dict[object, list[Node]]:
        """The calls of workflows, by their place in the source."""
        alike: dict[object, list[Node]] = {}
        for node in self.graph.nodes:
            if node.spec is not None and node.spec.flow is not None:
                alike.setdefault(made_at(node), []).append(node)
        return alike

    # -- words --------------------------------------------------------------------------------------------------------

    def id(self, end: End) -> str:
        """What a node or a region is called in a chart: the same each time that it is drawn."""
        return f"n{self._prefix}{end}" if isinstance(end, int) else f"r{self._prefix}{end.index}"

    @property
    def note_id(self) -> str:
        """What the node is called that says what isn't to be seen."""
        return f"s{self._prefix or 0}"

    def title(self, node: Node) -> str:
        """A node's name with what only a chart says in it: of maps how often, of loops how long, of joins how many."""
        name = self.name(node.index)
        if node.kind is Kind.MAP:
            lengths = [len(one.value) for one in node.args if one.kind is SourceKind.EACH]
            return f"{name} \N{MULTIPLICATION SIGN} {lengths[0]:,}" if lengths else name
        if node.kind is Kind.JOIN and node.args[0].count > 1:
            return f"{name}: {node.args[0].count}"
        if node.spec is None or node.spec.flow is None:
            return name
        loop = node.spec.flow.loop
        if loop is not None:
            if self._goes_back_to(node) is not None:
                return f"until {until(loop)}?"
            return f"{name} {self.pace(node)}"
        return f"{name} (async)" if node.spec.flow.is_live else name

    def goes_again(self, node: Node) -> str:
        """What a call of the very body that it is in, or of one around that, is; empty for other calls."""
        called = self._goes_back_to(node)
        if called is None:
            return ""
        if self.pace(node):
            return "again"
        return "next round" if called is self and self.returned() == (node.index,) else "calls itself"

    def box(self, node: Node, inner: Picture) -> str:
        """What the box of a called workflow says."""
        each = ", for each item" if node.kind is Kind.MAP else ""
        return f"{self.title(node)}{each}{', expanded when its inputs exist' if inner.later else ''}"


def made_at(node: Node) -> object:
    """What calls have in common that were made at one place in the source."""
    if node.kind is Kind.INPUT:
        return node.index
    return node.kind, node.spec.declared if node.spec is not None else None, node.code, node.lasti


def _chained(node: Node) -> frozenset[int]:
    """The maps that a map goes on from, item by item."""
    if node.kind is not Kind.MAP:
        return frozenset()
    return frozenset(source.value._flowkit_node for source in node.args if source.kind is SourceKind.CHAIN)


def _words_of(node: Node) -> dict[int, str]:
    """What the arrows to a node say, by where they come from."""
    if node.kind is Kind.PICK:
        test, *values = node.args
        words: dict[int, str] = {}
        for value, word in zip(values, ("yes", "no"), strict=True):
            refs = [value] if type(value) is Ref else value.refs if type(value) is Template else ()
            for ref in refs:
                index = ref._flowkit_node
                words[index] = "" if index in words else word  # both branches give it
        words.pop(test._flowkit_node, None)
        return words
    if node.kind is Kind.JOIN and node.args[0].names:
        join, *refs = node.args
        return {ref._flowkit_node: name for name, ref in zip(join.names, refs, strict=True)}
    return {}
