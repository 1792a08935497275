"""Whether the parts that a body takes of results exist (FK206)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowkit.checks.hints import show
from flowkit.checks.members import Absent, part
from flowkit.checks.values import type_at
from flowkit.diagnostics import Diagnostic, Label, Level, did_you_mean

if TYPE_CHECKING:
    from flowkit.graph import Graph, Projection

__all__ = ["absent_part"]


def absent_part(graph: Graph, projection: Projection) -> Diagnostic | None:
    """What is wrong with a part of a result, if anything. Where nothing is annotated, any public name may exist."""
    node = graph.nodes[projection.node]
    *before, (how, key) = projection.path
    whole = type_at(graph, node, before)
    owner = f"`{show(whole)}`" if whole is not Any else f"the result of {graph.describe(projection.node)}"
    if how == "attribute" and key.startswith("_"):
        title, helps = f"`{key}` is private to {owner}", ("take a public attribute, or read it in a step",)
        return _finding(projection, title, "a name with an underscore is its owner's alone", helps)
    found = part(whole, how, key)
    if not isinstance(found, Absent):
        return None
    near = did_you_mean(key, found.names) if isinstance(key, str) else ""
    said = f"`{show(whole)}` {found.reason}"
    if how == "attribute":
        item = f"`{key}` is one of its keys: write `[{key!r}]`" if key in found.names else ""
        title = f"{owner} has no attribute `{key}`" + (f"; {near}" if near else "")
        return _finding(projection, title, said, (item or _help(found),))
    if isinstance(key, int):
        return _finding(projection, f"{owner} has no item {key}", said, (_help(found),))
    title = f"{owner} has no item `{key!r}`" + (f"; {near}" if near else "")
    return _finding(projection, title, said, (_help(found),))


def _help(absent: Absent) -> str:
    if absent.instead:
        return absent.instead
    if absent.names and len(absent.names) <= 8:
        return f"it has {', '.join(f'`{name}`' for name in absent.names)}"
    return "take a part that exists, or correct the annotation of the step"


def _finding(projection: Projection, title: str, said: str, helps: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        code="FK206", level=Level.ERROR, title=title, labels=(Label(projection.site.span(), said),), helps=helps
    )
