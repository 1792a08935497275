"""A graph as text: an indented list in the order of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from flowkit.diagnostics.cells import visible, width
from flowkit.graph.model import Kind, Region, SourceKind
from flowkit.graph.picture import Picture, made_at
from flowkit.graph.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.graph.captions import End
    from flowkit.graph.model import Graph, Node

__all__ = ["to_text"]

_NAMED: Final = 4
"""How many nodes are named in one list; of the others their number is told."""
_ENDS: Final = 3
"""How many calls of one place in the source are shown, of the first ones and of the last ones."""
_WIDEST: Final = 60
"""Longer texts push what is right of them, instead of everybody's."""

Row: TypeAlias = "tuple[int, str, str, str]"
"""How far it is indented; what it is; what of it is said; where it is."""


def to_text(graph: Graph) -> str:
    """An indented list in the order of the source: each call, what it takes, what it waits for, and where it is.

    What a workflow that is called holds is indented below its call. Of what a long loop made, only the first and the
    last calls are shown.
    """
    picture = Picture(graph)
    signature = graph.workflow.signature
    names = ", ".join(signature.parameters) if signature is not None else "..."
    written = graph.workflow.gathered_for or graph.workflow
    head = picture.place(getattr(written.target, "__code__", None), -1)
    return "\n".join(_columns([(0, f"{graph.workflow.label}({names})", "", head), *_rows(picture, 0)]))


def _rows(picture: Picture, above: int) -> Iterator[Row]:
    for depth, what in _shortened(picture):
        at = above + depth
        if isinstance(what, str):
            yield at, what, "", ""
        elif isinstance(what, Region):
            site, entry = what.site, picture.entry(what)
            words = f"after {_listed(picture, entry)}" if entry else ""
            yield at, picture.label(what), words, picture.place(site.code, site.lasti) if site else ""
        elif what.kind is not Kind.TEST:  # the blocks that go by it say so
            again = picture.goes_again(what) == "again"
            words = "; ".join(_again_words(what, picture) if again else _words(what, picture))
            name = "again" if again else picture.name(what.index)
            yield at, name, words, "" if again else picture.place(what.code, what.lasti)
            inner = picture.inside(what)
            if inner is not None:
                yield from _rows(inner, at)
    if picture.ends:
        yield above + 1, picture.ends, "", ""
    elif picture.graph.workflow.loop is None:
        yield above + 1, f"returns {_listed(picture, picture.returned()) or 'no result of a step'}", "", ""


def _shortened(picture: Picture) -> Iterator[tuple[int, Node | Region | str]]:
    """The walk, without most of what a loop made: of the calls of one place, the first and the last are left."""
    total: dict[object, int] = {}
    for node in picture.nodes():
        made = made_at(node)
        total[made] = total.get(made, 0) + 1
    seen: dict[object, int] = {}
    opened: list[tuple[int, Region]] = []
    """Regions in which nothing was shown yet."""
    hidden: list[Node] = []
    at = 0
    for depth, what in picture.walk():
        if what is None:
            if opened:
                opened.pop()
        elif isinstance(what, Region):
            opened.append((depth, what))
        else:
            made = made_at(what)
            count = seen[made] = seen.get(made, 0) + 1
            # Hiding one or two would save nothing.
            if total[made] > 2 * _ENDS + 2 and _ENDS < count <= total[made] - _ENDS:
                at = at if hidden else depth
                hidden.append(what)
                continue
            if hidden:
                yield at, f"... {len(hidden):,} more, up to {picture.name(hidden[-1].index)}"
                hidden.clear()
            yield from opened
            opened.clear()
            yield depth, what


def _words(node: Node, picture: Picture) -> Iterator[str]:
    """What a node takes, what it waits for, and what is to be known of it besides."""
    if node.kind is Kind.INPUT:
        yield "an argument"
    elif node.kind is Kind.MAP:
        yield from _map_words(node, picture)
    elif node.kind is Kind.PICK:
        test, *values = node.args
        then, other = (picture.described(value) for value in values)
        yield f"if {picture.name(test._flowkit_node).removesuffix('?')}: {then}, else {other}"
    elif node.kind is Kind.CANCEL:
        yield from [f"once {_listed(picture, node.data)} is there"] if node.data else []
    elif node.data:
        yield f"{'takes' if node.spec is not None else 'of'} {_listed(picture, node.data)}"
    if node.choice:
        yield _choice_words(node, picture)
    after = picture.after(node)
    if after:
        yield f"after {_listed(picture, after)}"
    again = picture.goes_again(node)
    if again:
        yield again
    if picture.pace(node):
        yield picture.pace(node)
    inner = picture.inside(node)
    if inner is not None and inner.later:
        yield "expanded when its inputs exist"
    elif node.spec is not None and node.spec.flow is not None and node.spec.flow.is_live:
        yield "an `async def` body"


def _again_words(node: Node, picture: Picture) -> Iterator[str]:
    """What the next round of a loop takes, and what it goes on until."""
    taken = picture.taken(node)
    if taken:
        yield f"with {_listed(picture, taken)}"
    yield picture.title(node).removesuffix("?")


def _choice_words(node: Node, picture: Picture) -> str:
    if node.kind is not Kind.JOIN:
        return f"after any of {_listed(picture, node.choice)}"
    join, *refs = node.args
    many = f"{join.count} of" if join.count > 1 else "of"
    if join.names:
        return f"{many} {', '.join(f'{name}={picture.described(ref)}' for name, ref in zip(join.names, refs, strict=True))}"
    return f"{many} {_listed(picture, node.choice)}"


def _map_words(node: Node, picture: Picture) -> Iterator[str]:
    gone_through: set[int] = set()
    for source in node.args:
        if source.kind is SourceKind.EACH:
            yield f"each of {len(source.value):,} items"
        elif source.kind is not SourceKind.SAME:
            ref: Ref = source.value
            index = ref._flowkit_node
            gone_through.add(index)
            yield f"{'item by item' if source.kind is SourceKind.CHAIN else 'each'} of {picture.name(index)}"
    others = [i for i in node.data if i not in gone_through]
    if others:
        yield f"takes {_listed(picture, others)}"


def _listed(picture: Picture, ends: Sequence[End]) -> str:
    more = len(ends) - _NAMED
    return ", ".join(picture.name(i) for i in ends[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _columns(rows: Sequence[Row]) -> Iterator[str]:
    cells = [("  " * depth + visible(name), visible(words), place) for depth, name, words, place in rows]
    first = min(max((width(name) for name, words, _ in cells if words), default=0), _WIDEST)
    second = min(max((width(words) for _, words, _ in cells), default=0), _WIDEST)
    for name, words, place in cells:
        left = _padded(name, first)
        yield f"{_padded(f'{left}  {words}', first + 2 + second)}  {place}".rstrip() if words or place else name


def _padded(text: str, size: int) -> str:
    return text + " " * (size - width(text))
