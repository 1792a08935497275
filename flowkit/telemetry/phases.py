"""The open spans of phases, and which of them a step is under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import set_span_in_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import Span
    from opentelemetry.util.types import AttributeValue

    from flowkit.machine.bodies import Body

__all__ = ["Phases"]


class Phases:
    """The phases of a run that have begun and haven't ended, by the body that each is a block of and its region there."""

    def __init__(self) -> None:
        self._open: dict[tuple[Body, int], tuple[Span, Context]] = {}

    def begin(self, home: Body, region: int, span: Span, above: Context) -> None:
        """Take the span of a phase that begins."""
        self._open[home, region] = span, set_span_in_context(span, above)

    def end(self, home: Body, region: int, attributes: Mapping[str, AttributeValue]) -> None:
        """End that of one in which everything has ended."""
        found = self._open.pop((home, region), None)
        if found is not None:
            span, _ = found
            span.set_attributes(attributes)
            span.end()

    def close(self) -> None:
        """End those that are left, the inner ones first."""
        for span, _ in reversed(self._open.values()):
            span.end()
        self._open.clear()

    def around(self, home: Body, innermost: int) -> Context | None:
        """The context of the phase that a region is in, if it is open. What an `always` in it holds is done later."""
        around: int | None = innermost if self._open else None
        while around:
            found = self._open.get((home, around))
            if found is not None:
                return found[1]
            region = home.graph.regions[around]
            around = None if region.cleans_up else region.parent
        return None
