"""What comes after what by the text, as it is drawn: without what follows from something else, and without barriers.

A barrier before or behind a region is that region: an arrow to it or from it. What `otherwise` comes after is what its
`when` comes after, for never do both run; and what comes after one comes after both.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from flowkit.graph.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowkit.graph.model import Graph, Node, Region

__all__ = ["Ordering"]


class Ordering:
    """The order of a graph's text."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._before: dict[int, frozenset[int]] = {}
        self.stands_for: dict[int, Sequence[int | Region]] = {}
        """By node that isn't shown, what it waits for. A barrier comes after that, so one pass settles them all."""
        self.entries: dict[int, Sequence[int | Region]] = {}
        """By region that is shown, what all that is in it comes after."""
        self._instead: dict[int, Sequence[int | Region]] = {}
        """By what is in the branch of a `when`, what it comes after that isn't: so does its `otherwise`."""
        for node in graph.nodes:
            if node.kind is Kind.ARMED:
                self.stands_for[node.index] = ()
            elif node.kind is Kind.BARRIER:
                self._settle(node)

    # -- barriers -----------------------------------------------------------------------------------------------------

    def _settle(self, barrier: Node) -> None:
        """Find out what stands for a barrier."""
        after = self.after(barrier)
        before, behind = self._entered(barrier), self._left(barrier)
        if before is not None:
            self.entries[before.index] = after
            self.stands_for[barrier.index] = ()
        elif behind is not None:
            one = not behind.is_phase and sum(behind.index in self._around(end) for end in after) < 2
            self.stands_for[barrier.index] = after if one else (behind,)
        elif len(after) < 2:
            self.stands_for[barrier.index] = after

    def _entered(self, barrier: Node) -> Region | None:
        """The region that a barrier is the beginning of: one that it is in, and whose surroundings it waits for."""
        regions = self._graph.regions
        if len(barrier.args) == 1:  # that of a phase has its name
            return regions[barrier.region] if barrier.region in self.drawn else None
        inside = [self._around(i) for i in barrier.order or ()]
        for index in self._climb(barrier.region):
            region = regions[index]
            if _is_at(barrier, region) and all(
                index not in one and (not region.parent or region.parent in one) for one in inside
            ):
                return region if index in self.drawn else None
        return None

    def _left(self, barrier: Node) -> Region | None:
        """The region that a barrier is the end of."""
        region = self._graph.regions[self._graph.nodes[barrier.index - 1].region] if barrier.index else None
        while region is not None and region.parent is not None:
            if region.parent == barrier.region:
                return region if _is_at(barrier, region) and region.index in self.drawn else None
            region = self._graph.regions[region.parent]
        return None

    # -- regions ------------------------------------------------------------------------------------------------------

    @cached_property
    def drawn(self) -> frozenset[int]:
        """The regions in which something is to be seen."""
        found: set[int] = set()
        for node in self._graph.nodes:
            if node.region and node.region not in found and node.kind not in (Kind.BARRIER, Kind.ARMED):
                found.update(self._climb(node.region))
        return frozenset(found)

    def drawn_regions(self) -> Iterator[Region]:
        """The same, in the order of the text."""
        return (region for region in self._graph.regions if region.index in self.drawn)

    def inside(self, region: int) -> Sequence[Node]:
        """The nodes of a region, in the order of the text."""
        first, end = self._extents[region]
        return self._graph.nodes[first:end]

    @cached_property
    def _extents(self) -> dict[int, tuple[int, int]]:
        """By region, where its nodes are."""
        found: dict[int, tuple[int, int]] = {}
        for node in self._graph.nodes:
            for region in self._climb(node.region):
                found[region] = found.get(region, (node.index, 0))[0], node.index + 1
        return found

    def regions_of(self, node: Node) -> Sequence[int]:
        """The regions that a node is in, the innermost first; without the body itself."""
        return self._climb(node.region)

    def _climb(self, region: int) -> list[int]:
        found = []
        while region:
            found.append(region)
            region = self._graph.regions[region].parent or 0
        return found

    def _around(self, end: int | Region) -> Sequence[int]:
        return self._climb(self._graph.nodes[end].region if isinstance(end, int) else end.index)

    @cached_property
    def _other(self) -> dict[int, Region]:
        """By region of an `otherwise` or of the second function of a `cond`, that of the first."""
        first: dict[tuple[int, int | None], Region] = {}
        other: dict[int, Region] = {}
        for region in self._graph.regions:
            if region.test < 0 or region.cleans_up or region.index not in self.drawn:
                continue
            if region.wanted:
                first[region.test, region.parent] = region
            elif (region.test, region.parent) in first:
                other[region.index] = first[region.test, region.parent]
        return other

    # -- order --------------------------------------------------------------------------------------------------------

    def after(self, node: Node) -> Sequence[int | Region]:
        """What a node comes after, but for what something else before it comes after, too."""
        if not node.order:
            return ()
        around = self._climb(node.region)
        data = {*node.data, *(self._graph.regions[i].test for i in around if i in self.drawn)}
        left = dict.fromkeys(i for i in node.order if i not in data)
        for near in (*node.data, *node.order):
            far = self._directly_before(near)
            for i in far if len(far) < len(left) else list(left):
                if i != near and i in far:
                    left.pop(i, None)
        for i in self._before_all(node.choice) if left else ():
            left.pop(i, None)
        shown: Iterable[int | Region] = [other for i in left for other in self.stands_for.get(i, (i,))]
        if self._other:
            shown = [other for one in shown for other in self._past_branches(one, around)]
        return [i for i in dict.fromkeys(shown) if i not in data]

    def _before_all(self, choice: Sequence[int]) -> Iterable[int]:
        """What each of several comes after."""
        if not choice:
            return ()
        first, *others = (self._directly_before(i) for i in choice)
        return first.intersection(*others)

    def _past_branches(self, end: int | Region, around: Sequence[int]) -> Iterator[int | Region]:
        """What a node in some regions is drawn after, for one thing that it comes after."""
        inside = self._around(end)
        for region in around:
            when = self._other.get(region)
            if when is not None and when.index in inside:
                for one in self._before_branch(end, when):
                    yield from self._past_branches(one, around)
                return
        yield end
        for region in inside:
            when = self._other.get(region)
            if when is not None and region not in around:
                yield from self._end_of_branch(region, when)

    def _before_branch(self, end: int | Region, when: Region) -> Sequence[int | Region]:
        """What something in a branch comes after that is outside of it, and that its test doesn't come after anyhow."""
        key = end if isinstance(end, int) else -1 - end.index
        known = self._instead.get(key)
        if known is None:
            begin = [end] if isinstance(end, int) else [node.index for node in self.inside(end.index)]
            first, last = self._extents[when.index]
            outside = {i for i in self._all_before(begin, first) if not first <= i < last} - {when.test}
            if outside:
                outside -= self._all_before([when.test], min(outside))
            shown = (one for i in sorted(outside) for one in self.stands_for.get(i, (i,)))
            known = self._instead[key] = tuple(dict.fromkeys(shown))
        return known

    def _all_before(self, begin: Sequence[int], least: int) -> set[int]:
        """What some nodes come after in the end, going on no further from those before `least`."""
        found: set[int] = set()
        stack = list(begin)
        while stack:
            for i in self._directly_before(stack.pop()) - found:
                found.add(i)
                if i >= least:
                    stack.append(i)
        return found

    def _end_of_branch(self, otherwise: int, when: Region) -> Iterator[int | Region]:
        """What the branch ends with that the first nodes of the other one come after."""
        for node in self.inside(otherwise):
            for i in node.order or ():
                yield from (one for one in self.stands_for.get(i, (i,)) if when.index in self._around(one))

    def _directly_before(self, index: int) -> frozenset[int]:
        known = self._before.get(index)
        if known is None:
            node = self._graph.nodes[index]
            # A barrier stands where it was first needed, and waits for nothing but what it says.
            around = self._climb(node.region) if node.kind is not Kind.BARRIER else ()
            tests = (self._graph.regions[i].test for i in around)
            known = self._before[index] = frozenset((*node.data, *(node.order or ()), *(i for i in tests if i >= 0)))
        return known


def _is_at(barrier: Node, region: Region) -> bool:
    """Whether a barrier stands where a region was written."""
    site = region.site
    return site is not None and site.code is barrier.code and site.lasti == barrier.lasti
