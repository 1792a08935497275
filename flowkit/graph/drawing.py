"""A graph as Mermaid and as DOT: in the order of the source, regions and workflows that are called as boxes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowkit.diagnostics.cells import visible
from flowkit.graph.model import Edge, Kind, Region
from flowkit.graph.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.graph.model import Graph, Node
    from flowkit.graph.picture import Arrow

__all__ = ["to_dot", "to_mermaid"]


class _Chart:
    """What both have in common: the lines, box by box, and the arrows, which come behind all of them."""

    def __init__(self, graph: Graph) -> None:
        self.picture = Picture(graph)
        self.boxes: list[str] = []
        self.arrows: list[str] = []

    def draw(self, picture: Picture, above: int) -> None:
        """Draw all that is in a picture."""
        for depth, what in picture.walk():
            indent = "    " * (above + depth)
            if what is None:
                self.boxes.append(f"{indent}{self.closing}")
            elif isinstance(what, Region):
                self.boxes += self.open_region(indent, picture, what)
            else:
                inner = picture.inside(what)
                if inner is None:
                    self.boxes.append(f"{indent}{self.node(picture, what)}")
                else:
                    self.boxes += self.open_call(indent, picture, what, inner)
                    self.draw(inner, above + depth)
                    self.boxes.append(f"{indent}{self.closing}")
        if picture.ends:
            self.boxes.append(f"{'    ' * (above + 1)}{self.note(picture)}")
        for arrow in picture.arrows():
            self.arrows.append(f"    {self.arrow(picture, arrow)}")
        for what in picture.nodes():
            first = picture.back(what)
            if first:
                word = "no" if picture.goes_again(what) == "again" else picture.goes_again(what)
                self.arrows.append(f"    {self.back(picture.id(what.index), first, word)}")

    closing: str

    def open_region(self, indent: str, picture: Picture, region: Region) -> Iterator[str]:
        """The beginning of a region."""
        raise NotImplementedError

    def open_call(self, indent: str, picture: Picture, node: Node, inner: Picture) -> Iterator[str]:
        """The beginning of what a called workflow holds."""
        raise NotImplementedError

    def node(self, picture: Picture, node: Node) -> str:
        """A node."""
        raise NotImplementedError

    def note(self, picture: Picture) -> str:
        """What isn't to be seen."""
        raise NotImplementedError

    def arrow(self, picture: Picture, arrow: Arrow) -> str:
        """An arrow."""
        raise NotImplementedError

    def back(self, source: str, target: str, word: str) -> str:
        """An arrow to where a body begins."""
        raise NotImplementedError


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
    Edge.DATA: ("-->", ""),
    Edge.CHAIN: ("==>", "each"),
    Edge.OUTCOME: ("-->", "outcome"),
    Edge.CHOICE: ("-.->", "any"),
    Edge.ORDER: ("-.->", ""),
    Edge.CONDITION: ("-.->", ""),
}
_MEANT: Final = re.compile(r"[^\w .,:/()\[\]\-=']")
"""What might mean something to Mermaid, even between quotes."""


def to_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, as GitHub, GitLab and Jupyter show it."""
    chart = _Mermaid(graph)
    chart.draw(chart.picture, 0)
    lines = ["flowchart TD", *chart.boxes, *chart.arrows, *chart.tips]
    returned = [chart.picture.id(i) for i in chart.picture.returned()]
    for name, looks, ids in (
        ("returned", "stroke-width:3px", returned),
        ("later", "stroke-dasharray:4", chart.later),
    ):
        if ids:
            lines += [f"    classDef {name} {looks}", f"    class {','.join(ids)} {name}"]
    return "\n".join(lines)


class _Mermaid(_Chart):
    closing = "end"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.tips: list[str] = []
        self.later: list[str] = []
        """What isn't there yet."""

    def open_region(self, indent: str, picture: Picture, region: Region) -> Iterator[str]:
        yield f'{indent}subgraph {picture.id(region)} ["{_mermaid(picture.label(region))}"]'

    def open_call(self, indent: str, picture: Picture, node: Node, inner: Picture) -> Iterator[str]:
        yield f'{indent}subgraph {picture.id(node.index)} ["{_mermaid(picture.box(node, inner))}"]'
        if inner.later:
            self.later.append(picture.id(node.index))

    def node(self, picture: Picture, node: Node) -> str:
        left, right = _MERMAID_SHAPES[node.kind]
        if node.spec is not None and node.spec.suspends:
            left, right = "([", "])"
        elif picture.goes_again(node) == "again":
            left, right = "{", "}"
        label = " " if node.kind is Kind.BARRIER else _mermaid(picture.title(node))
        tip = picture.tip(node)
        if tip:
            # A link to nowhere is how Mermaid is told of a tooltip.
            self.tips.append(f'    click {picture.id(node.index)} href "#" "{_mermaid(tip)}"')
        return f'{picture.id(node.index)}{left}"{label}"{right}'

    def note(self, picture: Picture) -> str:
        self.later.append(picture.note_id)
        return f'{picture.note_id}["{_mermaid(picture.ends)}"]'

    def arrow(self, picture: Picture, arrow: Arrow) -> str:
        line, word = _MERMAID_ARROWS[arrow.kind]
        word = arrow.word or word
        drawn = f"{line}|{_mermaid(word)}|" if word else line
        return f"{picture.id(arrow.source)} {drawn} {picture.id(arrow.target)}"

    def back(self, source: str, target: str, word: str) -> str:
        return f"{source} -.->|{word}| {target}"


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
    Edge.DATA: (),
    Edge.CHAIN: ('label="each"', "style=bold"),
    Edge.OUTCOME: ('label="outcome"',),
    Edge.CHOICE: ('label="any"', "style=dashed"),
    Edge.ORDER: ("style=dashed",),
    Edge.CONDITION: ("style=dashed",),
}


def to_dot(graph: Graph) -> str:
    """A digraph in DOT, for Graphviz."""
    chart = _Dot(graph)
    chart.draw(chart.picture, 0)
    head = [
        f"digraph {_dot(graph.workflow.label)} {{",
        "    node [shape=box, style=rounded];",
        "    graph [style=dashed, compound=true];",
    ]
    return "\n".join([*head, *chart.boxes, *chart.arrows, "}"])


class _Dot(_Chart):
    closing = "}"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._returned = {self.picture.id(i) for i in self.picture.returned()}

    def open_region(self, indent: str, picture: Picture, region: Region) -> Iterator[str]:
        yield f"{indent}subgraph cluster_{picture.id(region)} {{"
        yield f"{indent}    label={_dot(picture.label(region))};"

    def open_call(self, indent: str, picture: Picture, node: Node, inner: Picture) -> Iterator[str]:
        yield f"{indent}subgraph cluster_{picture.id(node.index)} {{"
        yield f"{indent}    label={_dot(picture.box(node, inner))};"
        yield f"{indent}    style={'dotted' if inner.later else 'solid'};"
        if node.kind is Kind.MAP:
            yield f"{indent}    peripheries=2;"
        if picture.id(node.index) in self._returned:
            yield f"{indent}    penwidth=3;"

    def node(self, picture: Picture, node: Node) -> str:
        looks = [f"label={_dot(picture.title(node))}", *_DOT_SHAPES[node.kind]]
        if node.spec is not None and node.spec.suspends:
            looks.append("shape=oval")
        elif picture.goes_again(node) == "again":
            looks.append("shape=diamond")
        tip = picture.tip(node)
        looks += [f"tooltip={_dot(tip)}"] if tip else []
        looks += ["penwidth=3"] if picture.id(node.index) in self._returned else []
        return f"{picture.id(node.index)} [{', '.join(looks)}];"

    def note(self, picture: Picture) -> str:
        return f"{picture.note_id} [label={_dot(picture.ends)}, shape=note, style=dashed];"

    def arrow(self, picture: Picture, arrow: Arrow) -> str:
        # An arrow of DOT goes from node to node, and is cut off where the box of one begins.
        source, from_box = picture.leaf(arrow.source, first=False)
        target, to_box = picture.leaf(arrow.target)
        looks = list(_DOT_ARROWS[arrow.kind])
        if arrow.word:
            looks = [f"label={_dot(arrow.word)}", *(one for one in looks if not one.startswith("label"))]
        looks += [f"ltail=cluster_{picture.id(arrow.source)}"] if from_box else []
        looks += [f"lhead=cluster_{picture.id(arrow.target)}"] if to_box else []
        drawn = f" [{', '.join(looks)}]" if looks else ""
        return f"{source} -> {target}{drawn};"

    def back(self, source: str, target: str, word: str) -> str:
        return f"{source} -> {target} [label={_dot(word)}, style=dashed, constraint=false];"


def _dot(text: str) -> str:
    # Graphviz reads HTML's entities in every text.
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'
