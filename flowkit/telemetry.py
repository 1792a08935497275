"""OpenTelemetry: a span for each run and each step, and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowkit.engine.driver import Driver
    from flowkit.engine.ports import RunTrace

__all__ = ["OpenTelemetry"]


class OpenTelemetry:
    """Makes spans and metrics, where somebody records them."""

    def begin(self, driver: Driver) -> RunTrace | None:
        """The trace of a run that begins; None where nobody records."""
        return None
