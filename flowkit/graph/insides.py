"""What a call of a workflow holds, for a picture: what it wrote, or what it will write as far as that can be told now.

A call whose arguments are known was recorded with its caller. One that takes results is recorded when a run comes to
it, so what is shown of it is recorded for the picture, with stand-ins for the results: whatever its body would look at
isn't known, and it is shown up to there.
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowkit.graph.model import Kind
from flowkit.graph.recording import record_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.graph.model import Graph, Loop, Node, WorkflowSpec

__all__ = ["Inside", "Insides", "until"]

_MOST: Final = 100
"""How many bodies are recorded for one picture."""
_MANY: Final = 3
"""Of calls at one place in the source, such as in a `for`, so many are opened up; of more only the first is."""


class Inside(NamedTuple):
    """What a call holds."""

    graph: Graph
    later: bool
    """Whether it is expanded only when its inputs exist."""


class Insides:
    """The insides of one picture: how many bodies may still be recorded for it."""

    def __init__(self) -> None:
        self._left = _MOST

    def of(self, graph: Graph, node: Node, above: tuple[WorkflowSpec, ...], same: Sequence[Node]) -> Inside | None:
        """What a call of a workflow holds. None where that shows only when it runs, and where there is too much of it.

        `above` are the workflows in whose bodies the call stands, `same` all the calls at its place in the source.
        """
        written = graph.inner.get(node.index)
        if written is not None:
            return Inside(written, later=False)
        assert node.spec is not None
        flow = node.spec.flow
        if flow is None or flow.is_live or not self._left or any(one.declared is flow.declared for one in above):
            return None
        if len(same) > _MANY and same[0] is not node:
            return None
        self._left -= 1
        try:
            return Inside(record_called(node, lambda index: _name(graph, index), above), later=True)
        except Exception:  # noqa: BLE001 - its own failure, or a call that doesn't fit
            return None


def _name(graph: Graph, index: int) -> str:
    node = graph.nodes[index]
    return str(node.args[0]) if node.kind is Kind.INPUT else graph.keys[index]


def until(loop: Loop) -> str:
    """What a loop goes on until, as it was written if that is on one line."""
    asked: Any = loop.until
    name = str(getattr(asked, "__name__", type(asked).__name__))
    code = getattr(asked, "__code__", None)
    if name != "<lambda>" or code is None:
        return name
    # What runs for a lambda is what is written behind its colon.
    places = [one for one in code.co_positions() if None not in one and one[2:] != (0, 0)]
    lines = {line for one in places for line in one[:2]}
    if len(lines) != 1:
        return "its `until`"
    source = linecache.getline(code.co_filename, lines.pop()).encode()
    text = source[min(one[2] or 0 for one in places) : max(one[3] or 0 for one in places)]
    return text.decode(errors="replace").strip() or "its `until`"
