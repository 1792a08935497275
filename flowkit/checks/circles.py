"""How a circle of calls that wait for one another is told (FK302): each link with the reason for it, and where that is.

What waits without being a call is told in words: the beginning or the end of a block, a test, all the calls of a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from flowkit.diagnostics import Diagnostic, Label, Level
from flowkit.graph import Kind, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, Region, StepSpec

__all__ = ["circle_finding", "regions_around"]

_SHOWN = 8
"""How many calls of a circle are told of: a longer one is understood from its beginning and its end."""


def circle_finding(graph: Graph, circle: list[int]) -> Diagnostic:
    """Tell of a circle: the nodes of it, each of which waits for the next."""
    names = [_name(graph, index) for index in circle]
    links = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    shown = links if len(links) <= _SHOWN else [*links[: _SHOWN - 2], *links[-2:]]
    labels = []
    for number, (index, other) in enumerate(shown):
        span = _place(graph, graph.nodes[index])
        if span is not None:
            labels.append(Label(span, _waiting(graph, index, other), primary=number == 0))
    chain = [*names, names[0]]
    if len(chain) > _SHOWN + 1:
        chain = [*chain[: _SHOWN - 2], "...", *chain[-3:]]
    title = f"`{names[0]}` waits for itself"
    if len(circle) > 1:
        calls = sum(1 for index in circle if graph.nodes[index].spec is not None)
        title = f"{calls} calls wait for one another in a circle, so none could ever start"
        if calls < 2:
            title = f"{_quoted(names[0])} waits for itself, by way of what is around it"
    return Diagnostic(
        code="FK302",
        level=Level.ERROR,
        title=title,
        labels=tuple(labels),
        notes=(" -> ".join(chain) + ", where `->` is read as: waits for",),
        helps=("decide which comes first, and take out one of these dependencies",),
    )


def _place(graph: Graph, node: Node) -> Span | None:
    """The call; of a block the line where it begins, of which Python versions mark different parts."""
    if node.kind is Kind.BARRIER and node.code is None:
        joined = _joined(graph, node)
        return joined.site.span() if joined is not None and joined.site is not None else None
    span = node.site.span() if node.site is not None else None
    if span is None or node.kind is not Kind.BARRIER:
        return span
    return attrs.evolve(span, column=0, end_line=span.line, end_column=0, text=span.text.split("\n", 1)[0])


def _name(graph: Graph, index: int) -> str:
    """A call by its key; what is no call in words, in parentheses."""
    node = graph.nodes[index]
    if node.kind is Kind.BARRIER:
        return f"({_barrier(graph, node)})"
    if node.kind is Kind.TEST:
        word = next((region.word for region in graph.regions if region.test == index), "when")
        return f"(the test of the `{word}`)"
    return graph.keys[index]


def _quoted(name: str) -> str:
    return name.strip("()") if name.startswith("(") else f"`{name}`"


def _barrier(graph: Graph, node: Node) -> str:
    """What a place in the text that waits is: the beginning or the end of a block, or all the calls of a step."""
    joined = _joined(graph, node)
    if joined is not None:
        return f"the end of `{graph.keys[joined.index]}`"
    region = _block(graph, node)
    if region is None:
        (first, *_), count = node.order or [0], len(node.order or ())
        spec = graph.nodes[first].spec
        return f"all {count} calls of `{spec.label if spec is not None else 'them'}`"
    is_begin = any(one is region for one in regions_around(graph, node))
    block = f"the {region.label}" if region.name else f"the `{region.word}` block"
    return f"the {'beginning' if is_begin else 'end'} of {block}"


def _joined(graph: Graph, node: Node) -> Node | None:
    """The join whose effects a barrier is behind."""
    before = graph.nodes[node.index - 1] if node.index else None
    inside = before is not None and before.kind is Kind.JOIN and before.index in (node.order or ())
    # Behind a block that ends with a join stands one of the block, a region further out.
    return before if inside and before is not None and before.region == node.region else None


def _block(graph: Graph, node: Node) -> Region | None:
    """The block that a barrier is the beginning or the end of."""
    if node.code is None:
        return None
    begins = (one for one in regions_around(graph, node) if _is_at(one, node) and _begins(graph, one, node))
    ends = (one for one in reversed(graph.regions) if one.parent == node.region and _is_at(one, node))
    last = graph.nodes[node.index - 1] if node.index else node
    holding = (one for one in ends if any(around is one for around in regions_around(graph, last)))
    return next(begins, None) or next(holding, None)


def _begins(graph: Graph, region: Region, node: Node) -> bool:
    return not any(one is region for i in node.order or () for one in regions_around(graph, graph.nodes[i]))


def _is_at(region: Region, node: Node) -> bool:
    return region.site is not None and (region.site.code, region.site.lasti) == (node.code, node.lasti)


def _waiting(graph: Graph, index: int, other: int) -> str:
    """Why one waits for another."""
    node, name = graph.nodes[index], _quoted(_name(graph, other))
    if node.kind is Kind.BARRIER:
        return f"{_barrier(graph, node)} waits for {name}"
    if other in node.data:
        return f"takes the result of {name}" if node.spec is not None else f"goes by {name}"
    spec = node.spec
    if other in node.choice:
        return f"`depends_on_any` names {name}"
    if spec is not None and _depends(spec, graph.nodes[other]):
        return f"`depends_on` names {name}"
    if other not in (node.order or ()):
        return "runs if that is so" if graph.nodes[other].kind is Kind.TEST else f"is done at the end, after {name}"
    if spec is not None and graph.nodes[other].kind is Kind.BARRIER and graph.nodes[other].code is None:
        joined = _joined(graph, graph.nodes[other])
        return f"keeps its place after {name}" if joined is not None else f"`depends_on` names {name}"
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


def regions_around(graph: Graph, node: Node) -> Iterator[Region]:
    """The regions that a node is in, the innermost first."""
    region: Region | None = graph.regions[node.region]
    while region is not None:
        yield region
        region = graph.regions[region.parent] if region.parent is not None else None
