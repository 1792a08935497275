"""Whether calls wait for one another in a circle (FK302), and whether two steps share a name (FK303)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from flowkit.checks.circles import circle_finding, regions_around
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.graph import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["cycles", "shared_names"]


def cycles(graph: Graph) -> Iterator[Diagnostic]:
    """Find calls that wait for one another in a circle, one finding for each circle."""
    if not any(node.spec is not None and node.spec.names_dependencies for node in graph.nodes):
        return  # data and the order of the text point backwards only
    before = _before(graph)
    stuck = _never_ready(graph.nodes, before)
    all_before = [(*one, *node.choice) for one, node in zip(before, graph.nodes, strict=True)]
    for component in _components(all_before, stuck):
        circle = _circle(all_before, component)
        if circle:
            yield circle_finding(graph, circle)


def _before(graph: Graph) -> list[dict[int, None]]:
    """What each node waits for: its data, the order, and the test of the branch it is in.

    What an `always` block holds is done when all else is, so it waits for whatever waits for it.
    """
    before = [dict.fromkeys((*node.data, *(node.order or ()))) for node in graph.nodes]
    for node in graph.nodes if len(graph.regions) > 1 else ():
        if node.kind is Kind.BARRIER:  # it stands where it was first needed, and waits for what it says
            continue
        for region in regions_around(graph, node):
            if region.test >= 0 and not region.cleans_up:
                before[node.index][region.test] = None
        if not _is_at_the_end(graph, node):
            for index in (*(node.order or ()), *node.choice):
                if _is_at_the_end(graph, graph.nodes[index]):
                    before[index][node.index] = None
    return before


def _is_at_the_end(graph: Graph, node: Node) -> bool:
    return any(region.cleans_up for region in regions_around(graph, node))


def _never_ready(nodes: Sequence[Node], before: Sequence[Iterable[int]]) -> set[int]:
    """The nodes that would still wait after everything else is done."""
    waits = [0] * len(nodes)
    dependents: list[list[int]] = [[] for _ in nodes]
    choosers: dict[int, list[int]] = {}
    ready = []
    for node in nodes:
        strict = set(before[node.index])
        for index in strict:
            dependents[index].append(node.index)
        for index in node.choice:
            choosers.setdefault(index, []).append(node.index)
        waits[node.index] = len(strict) + bool(node.choice)
        if not waits[node.index]:
            ready.append(node.index)
    chosen: set[int] = set()
    stuck = set(range(len(nodes)))
    while ready:
        index = ready.pop()
        stuck.discard(index)
        # One of several is enough, so the first one settles it.
        choices = [i for i in choosers.get(index, ()) if i not in chosen]
        chosen.update(choices)
        for dependent in (*dependents[index], *choices):
            waits[dependent] -= 1
            if not waits[dependent]:
                ready.append(dependent)
    return stuck


def _components(before: Sequence[Sequence[int]], among: set[int]) -> Iterator[set[int]]:
    """The strongly connected parts, by Tarjan's algorithm without recursion; the first written ones first."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    place: dict[int, int] = {}
    path: list[int] = []
    open_: set[int] = set()
    found: list[set[int]] = []
    for root in sorted(among):
        if root in number:
            continue
        work = [(root, iter(before[root]))]
        number[root] = low[root] = len(number)
        place[root] = len(path)
        path.append(root)
        open_.add(root)
        while work:
            index, rest = work[-1]
            for other in rest:
                if other not in among:
                    continue
                if other not in number:
                    number[other] = low[other] = len(number)
                    place[other] = len(path)
                    path.append(other)
                    open_.add(other)
                    work.append((other, iter(before[other])))
                    break
                if other in open_:
                    low[index] = min(low[index], number[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[index])
                if low[index] == number[index]:
                    start = place[index]
                    found.append(set(path[start:]))
                    open_.difference_update(path[start:])
                    del path[start:]
    yield from sorted(found, key=min)


def _circle(before: Sequence[Sequence[int]], component: set[int]) -> list[int]:
    """A shortest way round from the first node of a component; none if that is alone and doesn't wait for itself."""
    first = min(component)
    came_from: dict[int, int] = {}
    queue = deque([first])
    while queue and first not in came_from:
        index = queue.popleft()
        for other in before[index]:
            if other in component and other not in came_from:
                came_from[other] = index
                queue.append(other)
    circle: list[int] = []
    while first in came_from and (not circle or circle[-1] != first):
        circle.append(came_from[circle[-1] if circle else first])
    return circle[::-1]


def shared_names(specs: Iterable[StepSpec]) -> Iterator[Diagnostic]:
    """Find different steps of one graph that were given the same name (FK303)."""
    by_name: dict[str, list[StepSpec]] = {}
    for spec in specs:
        by_name.setdefault(spec.name, []).append(spec)
    for name, steps in by_name.items():
        if len(steps) < 2 or not any(isinstance(one.options.name, str) for one in steps):
            continue
        functions = [one.target.__qualname__.rpartition("<locals>.")[2] for one in steps]
        labels = []
        for number, one in enumerate(steps):
            span = span_of_function(one.target)
            if span is not None:
                text = "and so is this one" if number else f"this step is named `{name}`"
                labels.append(Label(span, text, primary=number == 0))
        yield Diagnostic(
            code="FK303",
            level=Level.ERROR,
            title=f"{' and '.join(f'`{one}`' for one in functions)} are different steps with the same name, `{name}`",
            labels=tuple(labels),
            notes=("a call is known by the name of its step, so calls of one would be taken for calls of the other",),
            helps=("give each step a name of its own, or leave `name=` out",),
        )
