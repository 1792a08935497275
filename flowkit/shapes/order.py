"""Saying what keeps its place in the text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from flowkit.errors import MisuseError
from flowkit.graph import Order, Recorder, current_recorder

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["concurrent", "in_order"]


class _OrderRegion:
    """A `with` block in which the order of the text means something else."""

    def __init__(self, order: Order, word: str) -> None:
        self._order = order
        self._word = word
        self._recorder: Recorder | None = None

    def __enter__(self) -> None:
        recorder = current_recorder()
        if recorder is None:
            message = f"`{self._word}()` is for the body of a workflow, and none is running here"
            raise MisuseError(message)
        self._recorder = recorder
        recorder.open(self._order, sys._getframe(1))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._recorder is not None:
            self._recorder.close(error)


def in_order() -> _OrderRegion:
    """Make everything inside keep its place: each step starts when what is written before it is done."""
    return _OrderRegion(Order.STRICT, "in_order")


def concurrent() -> _OrderRegion:
    """Let the effects inside run side by side. The block as a whole keeps its place if anything in it does."""
    return _OrderRegion(Order.FREE, "concurrent")
