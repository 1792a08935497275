"""A graph as Mermaid, as DOT and as text: in the order of the source, its regions as boxes.

One pass over nodes and edges, however many there are, and no recursion.
"""

from __future__ import annotations

import linecache
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flowkit.diagnostics.cells import visible, width
from flowkit.diagnostics.spans import relative
from flowkit.graph.model import Edge, Kind, Order, SourceKind
from flowkit.graph.refs import Ref, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import CodeType

    from flowkit.graph.model import Graph, Node, Region

__all__ = ["arrows", "to_dot", "to_mermaid", "to_text"]


class Arrow(NamedTuple):
    """How one node depends on another."""

    source: int
    target: int
    kind: Edge


def arrows(graph: Graph) -> Iterator[Arrow]:
    """Every edge of a graph, but for those of order that follow from the others."""
    before = _Before(graph.nodes)
    for node in graph.nodes:
        chained = _chained(node)
        for i in node.data:
            kind = Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.CHAIN if i in chained else Edge.DATA
            yield Arrow(i, node.index, kind)
        for i in node.choice:
            yield Arrow(i, node.index, Edge.CHOICE)
        for i in before.in_order(node):
            yield Arrow(i, node.index, Edge.ORDER)


def to_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, as GitHub, GitLab and Jupyter show it."""
    places = _Places()
    lines = ["flowchart TD"]
    tips = []
    for depth, what in _walk(graph):
        indent = "    " * depth
        if what is None:
            lines.append(f"{indent}end")
        elif not isinstance(what, int):
            lines.append(f'{indent}subgraph r{what.index} ["{_mermaid(_REGIONS[what.order])}"]')
        else:
            node = graph.nodes[what]
            left, right = _MERMAID_SHAPES[node.kind]
            label = " " if node.kind is Kind.BARRIER else _mermaid(_name(graph, node))
            lines.append(f'{indent}n{what}{left}"{label}"{right}')
            tip = places.describe(node)
            if tip:
                # A link to nowhere is how Mermaid is told of a tooltip.
                tips.append(f'    click n{what} href "#" "{_mermaid(tip)}"')
    lines += [f"    n{arrow.source} {_MERMAID_ARROWS[arrow.kind]} n{arrow.target}" for arrow in arrows(graph)]
    lines += tips
    returned = _returned(graph)
    if returned:
        lines.append("    classDef returned stroke-width:3px")
        lines.append(f"    class {','.join(f'n{i}' for i in returned)} returned")
    return "\n".join(lines)


def to_dot(graph: Graph) -> str:
    """A digraph in DOT, for Graphviz."""
    places = _Places()
    returned = set(_returned(graph))
    lines = [
        f"digraph {_dot(graph.workflow.label)} {{",
        "    node [shape=box, style=rounded];",
        "    graph [style=dashed];",
    ]
    for depth, what in _walk(graph):
        indent = "    " * depth
        if what is None:
            lines.append(f"{indent}}}")
        elif not isinstance(what, int):
            lines.append(f"{indent}subgraph cluster_{what.index} {{")
            lines.append(f"{indent}    label={_dot(_REGIONS[what.order])};")
        else:
            node = graph.nodes[what]
            looks = [f"label={_dot(_name(graph, node))}", *_DOT_SHAPES[node.kind]]
            tip = places.describe(node)
            looks += [f"tooltip={_dot(tip)}"] if tip else []
            looks += ["penwidth=3"] if what in returned else []
            lines.append(f"{indent}n{what} [{', '.join(looks)}];")
    lines += [f"    n{arrow.source} -> n{arrow.target}{_DOT_ARROWS[arrow.kind]};" for arrow in arrows(graph)]
    return "\n".join([*lines, "}"])


def to_text(graph: Graph) -> str:
    """An indented list in the order of the source: each call, what it takes, what it waits for, and where it is.

    Of what a long loop made, only the first and the last calls are shown.
    """
    places = _Places()
    before = _Before(graph.nodes)
    workflow = graph.workflow
    rows = [(0, _signature(graph), "", places.of(getattr(workflow.target, "__code__", None), -1))]
    for depth, entry in _shortened(graph):
        if isinstance(entry, str):
            rows.append((depth, entry, "", ""))
        elif not isinstance(entry, int):
            site = entry.site
            rows.append((depth, _REGIONS[entry.order], "", places.of(site.code, site.lasti) if site else ""))
        else:
            node = graph.nodes[entry]
            rows.append((depth, _name(graph, node), _words(graph, node, before), places.of(node.code, node.lasti)))
    if graph.stopped is not None:
        rows.append((1, f"recorded up to here: {graph.stopped.title}", "", ""))
    else:
        returned = _listed([_name(graph, graph.nodes[i]) for i in _returned(graph)])
        rows.append((1, f"returns {returned or 'no result of a step'}", "", ""))
    return "\n".join(_columns(rows))


# -- what all drawings ask ------------------------------------------------------------------------------------------------

_REGIONS: Final = {Order.TEXT: "in the order of the text", Order.FREE: "concurrent", Order.STRICT: "in_order"}


def _walk(graph: Graph, order: _Order) -> Iterator[tuple[int, int | Region | None]]:
    """Nodes and regions in the order of the source, with their depth: a node's index, a region that begins, its end."""
    regions = graph.regions
    opened = [0]
    inside = {0}
    for node in filter(order.is_drawn, graph.nodes):
        wanted: list[int] = []
        region = node.region
        while region not in inside:
            wanted.append(region)
            region = regions[region].parent or 0
        while opened[-1] != region:
            inside.discard(opened.pop())
            yield len(opened), None
        for index in reversed(wanted):
            yield len(opened), regions[index]
            opened.append(index)
            inside.add(index)
        yield len(opened), node.index
    for depth in range(len(opened) - 1, 0, -1):
        yield depth, None


def _returned(graph: Graph) -> Sequence[int]:
    """The nodes whose values the workflow returns."""
    result = graph.result
    refs: Iterable[Ref] = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
    return tuple(dict.fromkeys(ref._flowkit_node for ref in refs))


def _name(graph: Graph, node: Node) -> str:
    if node.kind is Kind.INPUT:
        return str(node.args[0])
    if node.kind is Kind.MAP:
        return f"{graph.keys[node.index]}.{'map_outcomes' if node.tolerant else 'map'}"
    return graph.keys[node.index]


def _chained(node: Node) -> frozenset[int]:
    """The maps that a map goes on from, item by item."""
    if node.kind is not Kind.MAP:
        return frozenset()
    return frozenset(source.value._flowkit_node for source in node.args if source.kind is SourceKind.CHAIN)


class _Order:
    """What comes before what, and isn't said by something else already."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._known: dict[int, frozenset[int]] = {}
        self._through: dict[int, Sequence[int]] = {}
        """Barriers that wait for one node, or for none: that node stands for them. They come after what they wait for."""
        for node in nodes:
            if node.kind is Kind.BARRIER:
                before = self.before(node)
                if len(before) < 2:
                    self._through[node.index] = before

    def is_drawn(self, node: Node) -> bool:
        """Whether a node is seen at all."""
        return node.index not in self._through

    def before(self, node: Node) -> Sequence[int]:
        """The nodes it comes after, but for those that something else before it comes after, too."""
        if not node.order:
            return ()
        left = dict.fromkeys(i for i in node.order if i not in node.data)
        for near in (*node.data, *node.order):
            far = self._of(near)
            for i in far if len(far) < len(left) else list(left):
                if i != near and i in far:
                    left.pop(i, None)
        seen = dict.fromkeys(other for i in left for other in self._through.get(i, (i,)))
        return [i for i in seen if i not in node.data]

    def _of(self, index: int) -> frozenset[int]:
        known = self._known.get(index)
        if known is None:
            node = self._nodes[index]
            known = self._known[index] = frozenset((*node.data, *(node.order or ())))
        return known


class _Places:
    """Where calls were made. Lines come from the code itself, read once: a body may have a hundred thousand calls."""

    def __init__(self) -> None:
        self._lines: dict[CodeType, Sequence[int | None]] = {}
        self._described: dict[tuple[CodeType, int], str] = {}

    def of(self, code: CodeType | None, lasti: int) -> str:
        """The file and line; empty where nothing was called."""
        if code is None:
            return ""
        return f"{relative(code.co_filename)}:{self._line(code, lasti)}"

    def describe(self, node: Node) -> str:
        """The file and line, and what is written there."""
        if node.code is None:
            return ""
        site = node.code, node.lasti
        known = self._described.get(site)
        if known is None:
            text = linecache.getline(node.code.co_filename, self._line(*site)).strip()
            known = self._described[site] = f"{self.of(*site)}  {text}".rstrip()
        return known

    def _line(self, code: CodeType, lasti: int) -> int:
        lines = self._lines.get(code)
        if lines is None:
            lines = self._lines[code] = [position[0] for position in code.co_positions()]
        line = lines[lasti // 2] if 0 <= lasti // 2 < len(lines) else None
        return line if line is not None else code.co_firstlineno


# -- Mermaid --------------------------------------------------------------------------------------------------------------

_MERMAID_SHAPES: Final = {
    Kind.CALL: ("[", "]"),
    Kind.MAP: ("[[", "]]"),
    Kind.OUTCOME: ("{{", "}}"),
    Kind.BARRIER: ("((", "))"),
    Kind.INPUT: ("[/", "/]"),
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


def _mermaid(text: str) -> str:
    return _MEANT.sub(lambda found: f"#{ord(found[0])};", visible(text))


# -- DOT ------------------------------------------------------------------------------------------------------------------

_DOT_SHAPES: Final = {
    Kind.CALL: (),
    Kind.MAP: ("peripheries=2",),
    Kind.OUTCOME: ("shape=hexagon",),
    Kind.BARRIER: ("shape=point",),
    Kind.INPUT: ("shape=parallelogram",),
}
_DOT_ARROWS: Final = {
    Edge.DATA: "",
    Edge.CHAIN: ' [label="each"]',
    Edge.OUTCOME: ' [label="outcome"]',
    Edge.CHOICE: ' [label="any", style=dashed]',
    Edge.ORDER: " [style=dashed]",
}


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


def _signature(graph: Graph) -> str:
    signature = graph.workflow.signature
    return f"{graph.workflow.label}({', '.join(signature.parameters) if signature is not None else '...'})"


def _shortened(graph: Graph) -> Iterator[tuple[int, int | Region | str]]:
    """The walk, without most of what a loop made: of the calls of one place, the first and the last are left."""
    total: dict[object, int] = {}
    for node in graph.nodes:
        made = _made_at(node)
        total[made] = total.get(made, 0) + 1
    seen: dict[object, int] = {}
    opened: list[tuple[int, Region]] = []
    hidden: list[int] = []
    at = 0
    for depth, what in _walk(graph):
        if what is None:
            if opened:
                opened.pop()
        elif not isinstance(what, int):
            opened.append((depth, what))
        else:
            made = _made_at(graph.nodes[what])
            count = seen[made] = seen.get(made, 0) + 1
            # Hiding one or two would save nothing.
            if total[made] > 2 * _ENDS + 2 and _ENDS < count <= total[made] - _ENDS:
                at = at if hidden else depth
                hidden.append(what)
                continue
            if hidden:
                yield at, f"... {len(hidden):,} more, up to {_name(graph, graph.nodes[hidden[-1]])}"
                hidden.clear()
            yield from opened
            opened.clear()
            yield depth, what


def _made_at(node: Node) -> object:
    if node.kind is Kind.INPUT:
        return node.index
    return node.kind, node.spec.declared if node.spec is not None else None, node.code, node.lasti


def _words(graph: Graph, node: Node, before: _Before) -> str:
    """What a node takes and what it waits for."""
    name: Callable[[int], str] = lambda i: _name(graph, graph.nodes[i])  # noqa: E731
    parts = list(_map_words(node, name)) if node.kind is Kind.MAP else []
    if node.kind is Kind.INPUT:
        parts.append("an argument")
    elif node.kind is not Kind.MAP and node.data:
        verb = "of" if node.kind is Kind.OUTCOME else "takes"
        parts.append(f"{verb} {_listed([name(i) for i in node.data])}")
    if node.choice:
        parts.append(f"after any of {_listed([name(i) for i in node.choice])}")
    after = before.in_order(node)
    if after:
        parts.append(f"after {_listed([name(i) for i in after])}")
    return "; ".join(parts)


def _map_words(node: Node, name: Callable[[int], str]) -> Iterator[str]:
    used = set()
    for source in node.args:
        if source.kind is SourceKind.CHAIN:
            used.add(source.value._flowkit_node)
            yield f"item by item of {name(source.value._flowkit_node)}"
        elif source.kind is SourceKind.REF:
            used.add(source.value._flowkit_node)
            yield f"each of {name(source.value._flowkit_node)}"
        elif source.kind is SourceKind.EACH:
            yield f"each of {len(source.value):,} items"
    others = [name(i) for i in node.data if i not in used]
    if others:
        yield f"takes {_listed(others)}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _columns(rows: Sequence[tuple[int, str, str, str]]) -> Iterator[str]:
    cells = [("  " * depth + visible(name), visible(words), place) for depth, name, words, place in rows]
    names = [width(name) for name, words, _ in cells if words]
    first = min(max(names, default=0), _WIDEST)
    second = min(max((width(words) for _, words, _ in cells), default=0), _WIDEST)
    for name, words, place in cells:
        left = _padded(name, first)
        yield f"{_padded(f'{left}  {words}', first + 2 + second)}  {place}".rstrip() if words or place else name


def _padded(text: str, size: int) -> str:
    return text + " " * (size - width(text))
