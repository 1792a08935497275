"""The blocks of a body: parts of it with rules of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

from flowkit.errors import MisuseError
from flowkit.graph import Order, Ref
from flowkit.shapes.writing import recorder_for

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["always", "concurrent", "in_order", "one_at_a_time", "otherwise", "phase", "scope", "when"]


class Block:
    """A `with` block of a body."""

    def __init__(self, word: str, instead: str = "the order is that of your `await`s", **flags: Any) -> None:
        self._word = word
        self._instead = instead
        self._flags = flags
        self._recorder: Any = None

    def __enter__(self) -> None:
        self._begin(sys._getframe(1))

    def _begin(self, frame: FrameType) -> None:
        recorder = recorder_for(self._word, self._instead)
        self._open(recorder, frame)
        self._recorder = recorder

    def _open(self, recorder: Any, frame: FrameType) -> None:
        recorder.open(self._word, frame, **self._flags)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._recorder is not None:
            self._recorder.close(error)


def in_order() -> Block:
    """Make everything inside keep its place: each step starts when what is written before it is done."""
    return Block("in_order", order=Order.STRICT)


def concurrent() -> Block:
    """Let the effects inside run side by side. The block as a whole keeps its place if anything in it does."""
    return Block("concurrent", order=Order.FREE)


def one_at_a_time() -> Block:
    """Run what is inside one step at a time, in any order: whichever is ready first goes first.

    A workflow that is called in it takes its turn as a whole, an item of a map as an item.
    """
    return Block("one_at_a_time", "an `asyncio.Lock` does this", order=Order.FREE, takes_turns=True)


def phase(name: str) -> Block:
    """Make the block a stage of its own: it begins when all that is written before it is done, and what comes after
    it begins when all that is in it is done, whether results are kept or not.

    Events say when it starts and when it is finished, and how many steps of it came to which end.
    """
    return Block("phase", name=_name(name), is_phase=True)


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        message = f'a phase is called by a name, as in `phase("extract")`, not {given!r}'
        raise MisuseError(message)
    return given


def always() -> Block:
    """Do what is inside at the end, however the body ends: well, by a failure, or cancelled.

    It counts from its place in the text on, that is once the effects written before it are done: so write it before the
    work that it cleans up after. What fails in it doesn't change how the run ends. Nothing stops it, so give its steps
    a `timeout`.
    """
    return Block("always", "`try` and `finally` do this", cleans_up=True)


class When(Block):
    """A block that runs if something is true."""

    def __init__(self, value: Any) -> None:
        super().__init__("when", "`if` does this")
        self._value = value

    def _open(self, recorder: Any, frame: FrameType) -> None:
        recorder.when(self._value, frame)


class Otherwise(Block):
    """A block that runs if something wasn't true."""

    def __init__(self) -> None:
        super().__init__("otherwise", "`else` does this")

    def _open(self, recorder: Any, frame: FrameType) -> None:
        recorder.otherwise(frame)


def when(value: object) -> Block:
    """Run what is inside if a result is true, as `if` would take it; else its steps are skipped.

    A result from inside is there for what is inside. To go on with one of two values write `cond`, or `first` for
    whichever there is.
    """
    return When(value)


def otherwise() -> Block:
    """Run what is inside if the value of the `when` block right before it wasn't true."""
    return Otherwise()


class Scope(Block):
    """A block that can be stopped as one."""

    def __init__(self, name: str) -> None:
        super().__init__("scope", "`asyncio.timeout` and tasks that are cancelled do this", name=name)
        self._region = -1

    def __enter__(self) -> Self:  # type: ignore[override] # it is of use outside of its block
        self._begin(sys._getframe(1))
        return self

    def _open(self, recorder: Any, frame: FrameType) -> None:
        if self._recorder is not None:
            message = "a scope is one block; for another one write `with scope() as ...` again"
            raise MisuseError(message)
        super()._open(recorder, frame)
        self._region = len(recorder.regions) - 1

    def cancel(self, *, after: object = None) -> None:
        """Stop what in the block hasn't ended, once a result is there: no failure, and what needs it is skipped.

        Without `after`, that is decided by the `when` that this stands in.

        A block with effects in it keeps its place: what is written behind it waits for it. So write what decides about
        such a scope before it, or both into a `concurrent()`.
        """
        recorder = recorder_for("cancel", "cancel the task")
        if recorder is not self._recorder:
            message = (
                "a scope is cancelled in the body that it is a block of, once it was opened: `with scope() as s: ...`"
            )
            raise MisuseError(message)
        if after is not None and type(after) is not Ref:
            message = f"`cancel` takes the result of a step as `after`, not {after!r}"
            raise MisuseError(message)
        if after is None and not recorder.is_conditional:
            message = "say when: `cancel(after=...)` the result of a step, or `cancel()` in a `when`"
            raise MisuseError(message)
        recorder.cancel(self._region, [after] if type(after) is Ref else [], sys._getframe(1))


def scope(name: str = "") -> Scope:
    """Make the block one that can be stopped as one, by the `cancel` of what this gives."""
    return Scope(name)
