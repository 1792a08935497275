"""Results that leave the block they were made in, though they may not be there outside of it (FK307)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowkit.checks.values import label_of
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.graph import Kind, Ref, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.graph import Graph, Node, Region

__all__ = ["empty_branches", "escaped_results"]

_KNOWING: Final = (Kind.OUTCOME, Kind.CANCEL, Kind.PICK, Kind.JOIN)


def escaped_results(graph: Graph) -> Iterator[Diagnostic]:
    """Find results from inside `when`, `otherwise`, `cond` and `always` that are taken outside of them.

    An outcome, a join, a `cond` and what ends a scope may take them: they know what to do where there is no value.
    """
    around = _around(graph.regions)
    for node in graph.nodes[graph.first :]:
        inside = around[node.region]
        choice = () if node.kind is Kind.CALL else node.choice  # `depends_on_any` takes no value
        for index in (*node.data, *choice):
            region = _decides(graph, index, around)
            knows = node.kind in _KNOWING and not graph.regions[region].cleans_up
            if region and region not in inside and not knows:
                yield _finding(graph, graph.nodes[index], graph.regions[region], node)
    result = graph.result
    refs = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
    for ref in refs:
        region = _decides(graph, ref._flowkit_node, around)
        if region:
            yield _finding(graph, graph.nodes[ref._flowkit_node], graph.regions[region], None)


def empty_branches(graph: Graph) -> Iterator[Diagnostic]:
    """Find a `when` in which nothing is done, and nothing otherwise either (FK104)."""
    filled = set[int]()
    for node in graph.nodes:
        region: int | None = node.region if node.kind is not Kind.BARRIER else None
        while region is not None and region not in filled:
            filled.add(region)
            region = graph.regions[region].parent
    decided = {region.test for region in graph.regions if region.test >= 0 and region.index in filled}
    for branch in graph.regions:
        if branch.word == "when" and branch.test not in decided and branch.site is not None:
            yield Diagnostic(
                code="FK104",
                level=Level.WARNING,
                title="no step is called in this `when`, and none otherwise",
                labels=(Label(branch.site.span(), "whatever this says, nothing follows from it"),),
                helps=("call the steps that are meant in the block, or leave it out",),
            )


def _around(regions: Sequence[Region]) -> list[tuple[int, ...]]:
    """Per region, those that decide whether what is in it runs, the innermost last."""
    found: list[tuple[int, ...]] = []
    for region in regions:
        outer = found[region.parent] if region.parent is not None else ()
        found.append((*outer, region.index) if region.test >= 0 else outer)
    return found


def _decides(graph: Graph, index: int, around: Sequence[tuple[int, ...]]) -> int:
    """The innermost region that decides whether a node runs; 0 where none does."""
    inside = around[graph.nodes[index].region]
    return inside[-1] if inside else 0


def _finding(graph: Graph, node: Node, region: Region, taker: Node | None) -> Diagnostic:
    name = label_of(graph, node)
    where = f"`{region.word}`"
    if region.cleans_up:
        why, help_ = "this is done at the end, when all else has ended", "call it before the block, or use it inside"
    else:
        why = "this may not run"
        help_ = "`cond(test, lambda: ..., lambda: ...)` gives one of two values, `first(a, b)` whichever there is"
    labels = []
    if taker is not None and taker.site is not None:
        labels.append(Label(taker.site.span(), "this takes it"))
    elif taker is None:
        span = span_of_function(graph.workflow.target)
        labels += [Label(span, "the body returns it")] if span is not None else []
    if node.site is not None:
        labels.append(Label(node.site.span(), why, primary=False))
    verb = "returned" if taker is None else "used outside of it"
    return Diagnostic(
        code="FK307",
        level=Level.ERROR,
        title=f"the result of `{name}` from inside {where} is {verb}",
        labels=tuple(labels),
        helps=(help_,),
    )
