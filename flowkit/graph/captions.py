"""What nodes and regions are called in a picture, and where they stand in the source."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any, TypeAlias

from flowkit.diagnostics.spans import relative
from flowkit.graph.insides import until
from flowkit.graph.model import Kind, Region
from flowkit.graph.refs import Ref, Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import CodeType

    from flowkit.graph.model import Graph, Node

__all__ = ["Captions", "End"]

End: TypeAlias = "int | Region"
"""Where an arrow begins or ends: a node, by its index, or all that is in a region."""


class Captions:
    """The words of one graph's picture."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._lines: dict[CodeType, Sequence[int | None]] = {}
        self._described: dict[tuple[CodeType, int], str] = {}

    def returned(self) -> Sequence[int]:
        """The nodes whose values the workflow returns."""
        result = self.graph.result
        refs: Iterable[Ref] = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
        return tuple(dict.fromkeys(ref._flowkit_node for ref in refs))

    def name(self, end: End) -> str:
        """A node's key, and what it is besides a call; for a region what it was written as."""
        if not isinstance(end, int):
            return self.label(end)
        node = self.graph.nodes[end]
        key = self.graph.keys[end]
        if node.kind is Kind.INPUT:
            return str(node.args[0])
        if node.kind is Kind.MAP:
            return f"{key}.{'map_outcomes' if node.tolerant else 'map'}"
        if node.kind is Kind.TEST:
            return f"{self._tested(node)}?"
        if node.kind is Kind.CANCEL:
            return f"cancel {self.graph.regions[node.args[0]].name!r}".removesuffix(" ''")
        return key

    def label(self, region: Region) -> str:
        """A region's word, with its name or what it goes by."""
        if region.cleans_up:
            return "always, at the end"
        if region.test < 0:
            return region.label
        tested = self._tested(self.graph.nodes[region.test])
        if region.word == "when":
            return f"when {tested}"
        return f"{region.word}: {'' if region.wanted else 'not '}{tested}"

    def _tested(self, test: Node) -> str:
        (value,) = test.args
        return self.described(value) if type(value) is Ref else str(value)

    def described(self, value: Any) -> str:
        """A result as it would be written; `a value` for what is there already."""
        if type(value) is not Ref:
            return "a value"
        tail = "".join(f".{key}" if how == "attribute" else f"[{key!r}]" for how, key in value._flowkit_path)
        return f"{self.name(value._flowkit_node)}{tail}"

    def pace(self, node: Node) -> str:
        """What a loop goes on until; empty for what is no loop."""
        loop = node.spec.flow.loop if node.spec is not None and node.spec.flow is not None else None
        if loop is None:
            return ""
        return f"until {until(loop)}{', ' if loop.limits else ''}{loop.limits}"

    def place(self, code: CodeType | None, lasti: int) -> str:
        """The file and line of a call; empty where nothing was called."""
        return f"{relative(code.co_filename)}:{self._line(code, lasti)}" if code is not None else ""

    def tip(self, node: Node) -> str:
        """The file and line of a call, and what is written there."""
        if node.code is None:
            return ""
        site = node.code, node.lasti
        known = self._described.get(site)
        if known is None:
            text = linecache.getline(node.code.co_filename, self._line(*site)).strip()
            known = self._described[site] = f"{self.place(*site)}  {text}".rstrip()
        return known

    def _line(self, code: CodeType, lasti: int) -> int:
        # Read from the code once: a `Span` for each of a hundred thousand calls would go through it as often.
        lines = self._lines.get(code)
        if lines is None:
            lines = self._lines[code] = [position[0] for position in code.co_positions()]
        line = lines[lasti // 2] if 0 <= lasti // 2 < len(lines) else None
        return line if line is not None else code.co_firstlineno

    @property
    def ends(self) -> str:
        """What isn't to be seen in the picture, and why; empty where all is."""
        if self.graph.stopped is not None:
            return f"recorded up to here: {self.graph.stopped.title}"
        if self.graph.workflow.is_live and not self.graph.nodes:
            return "an `async def` body: what it calls shows when it runs"
        return ""
