"""Where what a body writes stands: in which order, and in which region.

The order of effects is settled here, while the text is being read. Each region keeps two numbers: `last`, the newest
node that everything after it waits for, and `mark`, the first node written since. An effect waits for the nodes from
`mark` on and becomes the next `last`, so the edges stay linear in the number of nodes. A region other than the body
itself stays unordered until something in it keeps its place; then it is one sequence point as a whole: a barrier
before it, and one behind it. A phase is one from the start.

What is written in an `always` block stands apart: nothing outside waits for it, and it waits for its own body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.diagnostics import Site
from flowkit.graph.model import Keys, Kind, Node, Order, Region, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["WHOLE", "Placing", "is_effect"]

_NONE: Final[tuple[int, ...]] = ()
# A member of an enum is looked up through its class each time, 60 ns on Python 3.11; this is asked for at every call.
_STRICT: Final = Order.STRICT

WHOLE: Final = Region(0, None, Order.TEXT, None)
"""The body itself."""


def is_effect(node: Node) -> bool:
    """Whether a node keeps its place in the text wherever it is."""
    return node.spec is not None and node.spec.is_effect


class Frame:
    """The state of a region while it is open."""

    __slots__ = ("last", "mark", "order", "region", "sequenced", "start", "tested")

    def __init__(self, region: int, order: Order, start: int, last: int = -1) -> None:
        self.region = region
        self.order = order
        self.start = start
        self.mark = start
        self.last = last
        self.sequenced = False
        """Whether something in it keeps its place, so that the region as a whole does."""
        self.tested: tuple[int, int] | None = None
        """The test of the `when` that ended last in it, and how many nodes there were then."""


class Placing:
    """The nodes of one body, and what of their order the text says."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.keys = Keys(self.nodes)
        self.planned = 0
        """How many of the nodes are planned, so that nothing about them can change any more."""
        self.used = bytearray()
        """Per node, whether somebody takes it, or it needn't be taken."""
        self.forward = False
        self.regions = [WHOLE]
        self._frames = [Frame(0, Order.TEXT, 0)]
        self._frame = self._frames[0]
        self._named: list[int] = []
        """Nodes with `depends_on` or `depends_on_any`, whose targets may be written after them."""
        self._apart: set[int] = set()
        """Nodes that others don't come after by the text: those in `always` blocks, and what cancels a scope."""

    def relocate(self, first: int, code: Any, at: Any) -> None:
        """Have the nodes from one on that were written in this code count as written where a frame is."""
        for node in self.nodes[first:]:
            if node.code is code:
                node.code, node.lasti = at.f_code, at.f_lasti

    # -- nodes ----------------------------------------------------------------------------------------------------

    def _add(self, kind: Kind, args: tuple[Any, ...], data: Iterable[int], frame: Any) -> Node:
        """Write a node that calls no step, at the place in the text where it stands."""
        node = Node(
            len(self.nodes), kind, None, args, None, tuple(data), None, self._frame.region, frame.f_code, frame.f_lasti
        )
        self._place(node)
        return node

    def _place(self, node: Node) -> None:
        """Append a node at the place in the text where it was written."""
        self.nodes.append(node)
        self.used.append(0)
        frame = self._frame
        spec = node.spec
        if spec is not None and not spec.is_ordinary:
            if spec.names_dependencies:
                self._named.append(node.index)
            if spec.is_effect:
                self._sequence(node)
                return
        if frame.order is _STRICT:
            self._sequence(node)
        elif frame.last >= 0 and not _is_chained(node, frame.last):
            node.order = [frame.last]

    def _sequence(self, node: Node) -> None:
        """Give a node its place: after all that is written before it, before all that is written after it."""
        self.used[node.index] = 1
        frame = self._frame
        if frame.region and not frame.sequenced:
            self._sequence_region(len(self._frames) - 1, node.index)
        if frame.order is Order.FREE:
            node.order = [frame.last] if frame.last >= 0 else None
            return
        end = node.index
        waits = self._within(frame.mark, end) if end >= frame.start else ()
        if waits:
            upstream = self._upstream(node, frame.mark)
            node.order = [i for i in waits if i not in upstream] or None
            if node.order is None and node.kind is Kind.MAP and frame.last >= 0:
                node.order = [frame.last]  # of its items, some may take nothing from upstream
        elif frame.last >= 0 and (frame.order is _STRICT or not _is_chained(node, frame.last)):
            node.order = [frame.last]
        frame.last = node.index
        frame.mark = len(self.nodes)  # behind a barrier that this may have made, too

    def _within(self, first: int, end: int) -> Sequence[int]:
        """The nodes of a stretch of text that others may wait for."""
        stretch = range(first, end)
        return [i for i in stretch if i not in self._apart] if self._apart else stretch

    def _upstream(self, node: Node, first: int) -> set[int]:
        """What a node already waits for by data, as far back as `first`."""
        found: set[int] = set()
        stack = [i for i in (*node.data, *node.choice) if i >= first]
        while stack:
            index = stack.pop()
            if index not in found:
                found.add(index)
                stack.extend(i for i in self.nodes[index].data if i >= first)
        return found

    def _as_one(self, first: int) -> None:
        """Have nothing from a node on wait for another by the order of the text, and all that follows for all of it."""
        effects = {i for i in range(first, len(self.nodes)) if is_effect(self.nodes[i])}
        earlier = self.nodes[first].order or []
        for node in self.nodes[first + 1 :]:
            if node.order and not effects.isdisjoint(node.order):
                node.order = list(dict.fromkeys([*[i for i in node.order if i < first], *earlier])) or None
        self._frame.last = self._barrier(list(self._within(first, len(self.nodes))), self._frame.region)
        self._frame.mark = len(self.nodes)

    # -- regions --------------------------------------------------------------------------------------------------

    def open(self, word: str, frame: Any, order: Order | None = None, **flags: Any) -> None:
        """Begin a region. Where it doesn't say what the order of the text means in it, that is as around it."""
        around = self._frame
        around.tested = None
        settled = around.order if order is None else order
        region = Region(
            len(self.regions), around.region, settled, Site(frame.f_code, frame.f_lasti), word=word, **flags
        )
        if region.cleans_up:
            # What nothing before it has failed for: from here on it will be done, whatever happens.
            site = region.site
            assert site is not None
            armed = Node(len(self.nodes), Kind.ARMED, None, (), None, _NONE, None, around.region, site.code, site.lasti)
            armed.order = [around.last] if around.last >= 0 else None
            self.nodes.append(armed)
            self.used.append(1)
            self._apart.add(armed.index)
            region = attrs.evolve(region, test=armed.index)
        self.regions.append(region)
        last = -1 if region.cleans_up else around.last
        opened = Frame(region.index, settled, len(self.nodes), last)
        opened.sequenced = region.cleans_up  # it has its place at the end, whatever is in it
        self._frames.append(opened)
        self._frame = opened
        if region.is_phase:
            self._sequence_region(len(self._frames) - 1, len(self.nodes))

    def close(self, error: BaseException | None = None) -> None:
        """End the newest region. If anything in it kept its place, the region has one as a whole.

        Not where the body is being left for good, or until it is recorded again: then nothing more is written.
        """
        closed = self._frames.pop()
        outer = self._frame = self._frames[-1]
        end = len(self.nodes)
        region = self.regions[closed.region]
        if region.cleans_up:
            self._apart.update(range(closed.start, end))
            return
        empty = closed.start == end and not region.is_phase
        left = error is not None and not isinstance(error, Exception)
        if not left and not empty and closed.sequenced and (outer.order is not Order.FREE or region.is_phase):
            barrier = self._barrier(list(self._within(closed.start, end)) or [closed.last], closed.region)
            if region.is_phase:
                self.nodes[barrier].args = (region.name, closed.start)
            if outer.order is not Order.FREE:
                outer.last = barrier
                outer.mark = barrier + 1
        if region.word == "when":
            outer.tested = region.test, len(self.nodes)

    def _sequence_region(self, depth: int, newest: int) -> None:
        """Make the open regions down to this one sequence points: what is in them waits for all before them."""
        first = depth
        while self._frames[first - 1].region and not self._frames[first - 1].sequenced:
            first -= 1
        for inner in range(first, depth + 1):
            outer, frame = self._frames[inner - 1], self._frames[inner]
            region = self.regions[frame.region]
            frame.sequenced = True
            waits = list(self._within(outer.mark, frame.start)) if outer.order is not Order.FREE else []
            if region.is_phase:
                frame.last = self._barrier(waits or ([outer.last] if outer.last >= 0 else []), region.index)
                self.nodes[frame.last].args = (region.name,)
                frame.start = frame.mark = len(self.nodes)
            elif not waits:
                frame.last = outer.last
            elif len(waits) == 1:
                frame.last = waits[0]
            else:
                frame.last = self._barrier(waits, frame.region)
                self.forward = True
            if frame.last < 0:
                continue
            for i in range(max(frame.start, self.planned), newest):
                early = self.nodes[i]
                if i in self._apart and early.kind is not Kind.ARMED:
                    continue
                if i != frame.last and (early.order is None or early.order == [outer.last]):
                    early.order = [frame.last]

    def _barrier(self, waits: list[int], region: int) -> int:
        """A place before or behind a region, shown as the line where that begins."""
        site = self.regions[region].site
        code, lasti = (site.code, site.lasti) if site is not None else (None, 0)
        node = Node(
            len(self.nodes), Kind.BARRIER, None, (), None, _NONE, waits or None, self._frame.region, code, lasti
        )
        self.nodes.append(node)
        self.used.append(1)
        return node.index


def _is_chained(node: Node, last: int) -> bool:
    """Whether a map goes on from the items of another: each waits for its own, and so none for the whole."""
    return node.kind is Kind.MAP and any(
        source.kind is SourceKind.CHAIN and source.value._flowkit_node == last for source in node.args
    )
