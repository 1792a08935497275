"""Where spans point to in the source: a run to its workflow, a step to the line of the body that calls it."""

from __future__ import annotations

from bisect import bisect_right
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from flowkit.telemetry.attributes import FILE, FUNCTION, LINE

if TYPE_CHECKING:
    from types import CodeType

    from opentelemetry.util.types import AttributeValue

    from flowkit.graph import Node, WorkflowSpec

__all__ = ["Lines", "definition"]


class Lines:
    """Where calls stand in the source. Their lines alone, and those of a body all at once: a span is due at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[CodeType, list[int], list[int]]] = {}

    def place(self, node: Node, attributes: dict[str, AttributeValue]) -> None:
        """Say on a span where its call stands."""
        code = node.code
        known = self._known.get(id(code))
        if known is None:
            lines = [(start, line) for start, _, line in code.co_lines() if line is not None]
            known = self._known[id(code)] = code, [start for start, _ in lines], [line for _, line in lines]
        _, starts, numbers = known
        attributes[FILE] = code.co_filename
        attributes[LINE] = numbers[bisect_right(starts, node.lasti) - 1] if starts else code.co_firstlineno


def definition(workflow: WorkflowSpec) -> dict[str, AttributeValue]:
    """Where a workflow is defined."""
    function: Any = unwrap(workflow.target)
    code = getattr(function, "__code__", None)
    if code is None:
        return {}
    name = f"{function.__module__}.{function.__qualname__}"
    return {FUNCTION: name, FILE: code.co_filename, LINE: code.co_firstlineno}
