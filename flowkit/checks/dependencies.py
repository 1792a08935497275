"""Whether calls wait for one another in a circle (FK302), and whether two steps share a name (FK303)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.graph import Kind, Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["cycles", "shared_names"]

_SHOWN = 8
"""How many calls of a circle are told of: a longer one is understood from its beginning and its end."""


def cycles(graph: Graph) -> Iterator[Diagnostic]:
    """Find calls that wait for one another in a circle, one finding for each circle."""
    if not any(node.spec is not None and node.spec.names_dependencies for node in graph.nodes):
        return  # data and the order of the text point backwards only
    stuck = _never_ready(graph.nodes)
    for component in _components(graph.nodes, stuck):
        circle = _circle(graph.nodes, component)
        if circle:
            yield _finding(graph, circle)


def _waits_for(node: Node) -> Sequence[int]:
    return (*node.data, *(node.order or ()), *node.choice)


def _never_ready(nodes: Sequence[Node]) -> set[int]:
    """The nodes that would still wait after everything else is done."""
    waits = [0] * len(nodes)
    dependents: list[list[int]] = [[] for _ in nodes]
    choosers: dict[int, list[int]] = {}
    ready = []
    for node in nodes:
        before = {*node.data, *(node.order or ())}
        for index in before:
            dependents[index].append(node.index)
        for index in node.choice:
            choosers.setdefault(index, []).append(node.index)
        waits[node.index] = len(before) + bool(node.choice)
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


def _components(nodes: Sequence[Node], among: set[int]) -> Iterator[set[int]]:
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
        work = [(root, iter(_waits_for(nodes[root])))]
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
                    work.append((other, iter(_waits_for(nodes[other]))))
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


def _circle(nodes: Sequence[Node], component: set[int]) -> list[int]:
    """A shortest way round from the first node of a component; none if that is alone and doesn't wait for itself."""
    first = min(component)
    came_from: dict[int, int] = {}
    queue = deque([first])
    while queue and first not in came_from:
        index = queue.popleft()
        for other in _waits_for(nodes[index]):
            if other in component and other not in came_from:
                came_from[other] = index
                queue.append(other)
    circle: list[int] = []
    while first in came_from and (not circle or circle[-1] != first):
        circle.append(came_from[circle[-1] if circle else first])
    return circle[::-1]


def _finding(graph: Graph, circle: list[int]) -> Diagnostic:
    names = [_name(graph, index) for index in circle]
    links = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    shown = links if len(links) <= _SHOWN else [*links[: _SHOWN - 2], *links[-2:]]
    labels = []
    for number, (index, other) in enumerate(shown):
        span = _place(graph.nodes[index])
        if span is not None:
            labels.append(Label(span, _waiting(graph, index, other), primary=number == 0))
    chain = [*names, names[0]]
    if len(chain) > _SHOWN + 1:
        chain = [*chain[: _SHOWN - 2], "...", *chain[-3:]]
    title = f"`{names[0]}` waits for itself"
    if len(circle) > 1:
        calls = sum(1 for index in circle if graph.nodes[index].kind is not Kind.BARRIER)
        title = f"{calls} calls wait for one another in a circle, so none could ever start"
    return Diagnostic(
        code="FK302",
        level=Level.ERROR,
        title=title,
        labels=tuple(labels),
        notes=(" -> ".join(chain) + ", where `->` is read as: waits for",),
        helps=("decide which comes first, and take out one of these dependencies",),
    )


def _place(node: Node) -> Span | None:
    """The call; of a barrier the line where its block begins, of which Python versions mark different parts."""
    span = node.site.span() if node.site is not None else None
    if span is None or node.kind is not Kind.BARRIER:
        return span
    return attrs.evolve(span, column=0, end_line=span.line, end_column=0, text=span.text.split("\n", 1)[0])


def _name(graph: Graph, index: int) -> str:
    node = graph.nodes[index]
    if node.kind is Kind.BARRIER:
        return "(the `with` block)"
    return graph.keys[index]


def _waiting(graph: Graph, index: int, other: int) -> str:
    node = graph.nodes[index]
    name = _name(graph, other)
    name = name if name.startswith("(") else f"`{name}`"
    if node.kind is Kind.BARRIER:
        return f"the order of this block waits for {name}"
    if other in node.data:
        return f"takes the result of {name}"
    spec = node.spec
    if other in node.choice:
        return f"`depends_on_any` names {name}"
    if spec is not None and _depends(spec, graph.nodes[other]):
        return f"`depends_on` names {name}"
    return f"keeps its place after {name}"


def _depends(spec: StepSpec, other: Node) -> bool:
    """Whether `depends_on` names the step of another node, or that very call."""
    named = spec.options.depends_on
    if other.spec is None or not isinstance(named, tuple):
        return False
    step = other.spec.declared
    for one in named:
        # By type alone: a Ref refuses to be compared.
        if type(one) is Ref:
            if one._flowkit_node == other.index:
                return True
        elif one is step or (type(one) is str and one in (step.label, step.name)):
            return True
    return False


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
