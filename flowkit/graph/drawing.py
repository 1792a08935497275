"""A graph as Mermaid, as DOT and as text: in the order of the source, its regions as boxes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowkit.diagnostics.cells import visible, width
from flowkit.graph.model import Edge, Kind, Node, Region, SourceKind
from flowkit.graph.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.graph.model import Graph

__all__ = ["to_dot", "to_mermaid", "to_text"]

# -- Mermaid --------------------------------------------------------------------------------------------------------------

_MERMAID_SHAPES: Final = {
    Kind.CALL: ("[", "]"),
    Kind.MAP: ("[[", "]]"),
    Kind.OUTCOME: ("{{", "}}"),
    Kind.BARRIER: ("((", "))"),
    Kind.INPUT: ("[/", "/]"),
    Kind.TEST: ("{", "}"),
    Kind.PICK: ("{", "}"),
    Kind.JOIN: ("{{", "}}"),
    Kind.CANCEL: ("{{", "}}"),
    Kind.ARMED: ("((", "))"),
}
_MERMAID_ARROWS: Final = {
    Edge.DATA: "-->",
    Edge.CHAIN: "-->|each|",
    Edge.OUTCOME: "-->|outcome|",
    Edge.CHOICE: "-.->|any|",
    Edge.ORDER: "-.->",
}
_MEANT: Final = re.compile(r"[^\w .,:/()\[\]\-=']")
"""What might mean something to Mermaid, even between quotes."""


def to_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, as GitHub, GitLab and Jupyter show it."""
    picture = Picture(graph)
    lines = ["flowchart TD"]
    tips: list[str] = []
    for depth, what in picture.walk():
        indent = "    " * depth
        if what is None:
            lines.append(f"{indent}end")
        elif isinstance(what, Region):
            lines.append(f'{indent}subgraph r{what.index} ["{what.label}"]')
        else:
            left, right = _MERMAID_SHAPES[what.kind]
            label = " " if what.kind is Kind.BARRIER else _mermaid(picture.name(what.index))
            lines.append(f'{indent}n{what.index}{left}"{label}"{right}')
            tip = picture.tip(what)
            if tip:
                # A link to nowhere is how Mermaid is told of a tooltip.
                tips.append(f'    click n{what.index} href "#" "{_mermaid(tip)}"')
    for arrow in picture.arrows():
        drawn = f"-.->|{arrow.word}|" if arrow.word else _MERMAID_ARROWS[arrow.kind]
        lines.append(f"    n{arrow.source} {drawn} n{arrow.target}")
    lines += tips
    returned = picture.returned()
    if returned:
        lines.append("    classDef returned stroke-width:3px")
        lines.append(f"    class {','.join(f'n{i}' for i in returned)} returned")
    return "\n".join(lines)


def _mermaid(text: str) -> str:
    """Text between quotes: what isn't a letter, a digit or harmless is written by its number."""
    return _MEANT.sub(lambda found: f"#{ord(found[0])};", visible(text))


# -- DOT ------------------------------------------------------------------------------------------------------------------

_DOT_SHAPES: Final = {
    Kind.CALL: (),
    Kind.MAP: ("peripheries=2",),
    Kind.OUTCOME: ("shape=hexagon",),
    Kind.BARRIER: ("shape=point",),
    Kind.INPUT: ("shape=parallelogram",),
    Kind.TEST: ("shape=diamond",),
    Kind.PICK: ("shape=diamond",),
    Kind.JOIN: ("shape=hexagon",),
    Kind.CANCEL: ("shape=hexagon",),
    Kind.ARMED: ("shape=point",),
}
_DOT_ARROWS: Final = {
    Edge.DATA: "",
    Edge.CHAIN: ' [label="each"]',
    Edge.OUTCOME: ' [label="outcome"]',
    Edge.CHOICE: ' [label="any", style=dashed]',
    Edge.ORDER: " [style=dashed]",
}


def to_dot(graph: Graph) -> str:
    """A digraph in DOT, for Graphviz."""
    picture = Picture(graph)
    returned = set(picture.returned())
    lines = [
        f"digraph {_dot(graph.workflow.label)} {{",
        "    node [shape=box, style=rounded];",
        "    graph [style=dashed];",
    ]
    for depth, what in picture.walk():
        indent = "    " * depth
        if what is None:
            lines.append(f"{indent}}}")
        elif isinstance(what, Region):
            lines.append(f"{indent}subgraph cluster_{what.index} {{")
            lines.append(f"{indent}    label={_dot(what.label)};")
        else:
            looks = [f"label={_dot(picture.name(what.index))}", *_DOT_SHAPES[what.kind]]
            tip = picture.tip(what)
            looks += [f"tooltip={_dot(tip)}"] if tip else []
            looks += ["penwidth=3"] if what.index in returned else []
            lines.append(f"{indent}n{what.index} [{', '.join(looks)}];")
    for arrow in picture.arrows():
        looks = [f'label="{arrow.word}"', "style=dashed"] if arrow.word else []
        drawn = f" [{', '.join(looks)}]" if looks else _DOT_ARROWS[arrow.kind]
        lines.append(f"    n{arrow.source} -> n{arrow.target}{drawn};")
    return "\n".join([*lines, "}"])


def _dot(text: str) -> str:
    # Graphviz reads HTML's entities in every text.
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'


# -- text -----------------------------------------------------------------------------------------------------------------

_NAMED: Final = 4
"""How many nodes are named in one list; of the others their number is told."""
_ENDS: Final = 3
"""How many calls of one place in the source are shown, of the first ones and of the last ones."""
_WIDEST: Final = 60
"""Longer texts push what is right of them, instead of everybody's."""


def to_text(graph: Graph) -> str:
    """An indented list in the order of the source: each call, what it takes, what it waits for, and where it is.

    Of what a long loop made, only the first and the last calls are shown.
    """
    picture = Picture(graph)
    signature = graph.workflow.signature
    names = ", ".join(signature.parameters) if signature is not None else "..."
    head = picture.place(getattr(graph.workflow.target, "__code__", None), -1)
    rows = [(0, f"{graph.workflow.label}({names})", "", head)]
    for depth, what in _shortened(picture):
        if isinstance(what, str):
            rows.append((depth, what, "", ""))
        elif isinstance(what, Region):
            site = what.site
            rows.append((depth, what.label, "", picture.place(site.code, site.lasti) if site else ""))
        else:
            words = "; ".join(_words(what, picture))
            rows.append((depth, picture.name(what.index), words, picture.place(what.code, what.lasti)))
    if graph.stopped is not None:
        rows.append((1, f"recorded up to here: {graph.stopped.title}", "", ""))
    elif graph.workflow.is_live:
        rows.append((1, "an `async def` body: what it calls shows when it runs", "", ""))
    else:
        rows.append((1, f"returns {_listed(picture, picture.returned()) or 'no result of a step'}", "", ""))
    return "\n".join(_columns(rows))


def _shortened(picture: Picture) -> Iterator[tuple[int, Node | Region | str]]:
    """The walk, without most of what a loop made: of the calls of one place, the first and the last are left."""
    total: dict[object, int] = {}
    for node in picture.nodes():
        made = _made_at(node)
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
            made = _made_at(what)
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


def _made_at(node: Node) -> object:
    if node.kind is Kind.INPUT:
        return node.index
    return node.kind, node.spec.declared if node.spec is not None else None, node.code, node.lasti


def _words(node: Node, picture: Picture) -> Iterator[str]:
    """What a node takes and what it waits for."""
    if node.kind is Kind.INPUT:
        yield "an argument"
    elif node.kind is Kind.MAP:
        yield from _map_words(node, picture)
    elif node.data:
        yield f"{'takes' if node.spec is not None else 'of'} {_listed(picture, node.data)}"
    if node.choice:
        yield f"{'of' if node.kind is Kind.JOIN else 'after any of'} {_listed(picture, node.choice)}"
    after = picture.after(node)
    if after:
        yield f"after {_listed(picture, after)}"


def _map_words(node: Node, picture: Picture) -> Iterator[str]:
    gone_through: set[int] = set()
    for source in node.args:
        if source.kind is SourceKind.EACH:
            yield f"each of {len(source.value):,} items"
        elif source.kind is not SourceKind.SAME:
            index = source.value._flowkit_node
            gone_through.add(index)
            yield f"{'item by item' if source.kind is SourceKind.CHAIN else 'each'} of {picture.name(index)}"
    others = [i for i in node.data if i not in gone_through]
    if others:
        yield f"takes {_listed(picture, others)}"


def _listed(picture: Picture, indexes: Sequence[int]) -> str:
    more = len(indexes) - _NAMED
    return ", ".join(picture.name(i) for i in indexes[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _columns(rows: Sequence[tuple[int, str, str, str]]) -> Iterator[str]:
    cells = [("  " * depth + visible(name), visible(words), place) for depth, name, words, place in rows]
    first = min(max((width(name) for name, words, _ in cells if words), default=0), _WIDEST)
    second = min(max((width(words) for _, words, _ in cells), default=0), _WIDEST)
    for name, words, place in cells:
        left = _padded(name, first)
        yield f"{_padded(f'{left}  {words}', first + 2 + second)}  {place}".rstrip() if words or place else name


def _padded(text: str, size: int) -> str:
    return text + " " * (size - width(text))
