"""What steps and workflows offer besides being called: the same on functions and, bound, on methods.

`self: Callable[[A], T]` is how a signature takes the step itself apart: a step is what it is called with, and what it
gives. An `async` step gives a coroutine when it is called, and what that ends with everywhere else.
"""

# mypy wants every step to be such a callable, where being one is the condition for the signature to apply.
# mypy: disable-error-code="misc"

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

from flowkit.decorators.decorated import Decorated
from flowkit.decorators.mapping import Unmapped, map_plainly, map_step
from flowkit.decorators.wrapping import check_place
from flowkit.errors import MisuseError
from flowkit.graph import Outcome, StepSpec, WorkflowSpec, current_recorder

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["Accessors"]

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
T = TypeVar("T")
K = TypeVar("K", bound=StepSpec | WorkflowSpec)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")

Column: TypeAlias = Iterable[T] | Unmapped[T]
Async: TypeAlias = Coroutine[Any, Any, T]


class Accessors(Decorated[P, R, K], Generic[P, R, K]):
    """The verbs of steps and workflows."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function; in a workflow's body, record the call."""
        raise NotImplementedError

    @overload
    def map(self: Callable[[A], Async[T]], first: Column[A], /) -> list[T]: ...
    @overload
    def map(self: Callable[[A, B], Async[T]], first: Column[A], second: Column[B], /) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C], Async[T]], first: Column[A], second: Column[B], third: Column[C], /
    ) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C, D], Async[T]],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        /,
    ) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C, D, E], Async[T]],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        fifth: Column[E],
        /,
    ) -> list[T]: ...
    @overload
    def map(self: Callable[[A], T], first: Column[A], /) -> list[T]: ...
    @overload
    def map(self: Callable[[A, B], T], first: Column[A], second: Column[B], /) -> list[T]: ...
    @overload
    def map(self: Callable[[A, B, C], T], first: Column[A], second: Column[B], third: Column[C], /) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C, D], T],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        /,
    ) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C, D, E], T],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        fifth: Column[E],
        /,
    ) -> list[T]: ...
    def map(self, *columns: Any, **named: Any) -> Any:
        """Call the step for each item; the results are in the order of the items.

        Several iterables are zipped, and have to be of the same length. `unmapped(x)` gives every item the same
        value. A map over another map goes on item by item, without waiting for the whole list. Type checkers follow
        up to five arguments.
        """
        return self._map(columns, named, sys._getframe(1), tolerant=False)

    @overload
    def map_outcomes(self: Callable[[A], Async[T]], first: Column[A], /) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(self: Callable[[A, B], Async[T]], first: Column[A], second: Column[B], /) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C], Async[T]], first: Column[A], second: Column[B], third: Column[C], /
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C, D], Async[T]],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        /,
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C, D, E], Async[T]],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        fifth: Column[E],
        /,
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(self: Callable[[A], T], first: Column[A], /) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(self: Callable[[A, B], T], first: Column[A], second: Column[B], /) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C], T], first: Column[A], second: Column[B], third: Column[C], /
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C, D], T],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        /,
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C, D, E], T],
        first: Column[A],
        second: Column[B],
        third: Column[C],
        fourth: Column[D],
        fifth: Column[E],
        /,
    ) -> list[Outcome[T]]: ...
    def map_outcomes(self, *columns: Any, **named: Any) -> Any:
        """Like `map`, but the list holds an `Outcome` for each item, so that a failing one ends nothing."""
        return self._map(columns, named, sys._getframe(1), tolerant=True)

    def _map(self, columns: tuple[Any, ...], named: dict[str, Any], frame: Any, *, tolerant: bool) -> Any:
        spec, bound = self._parts()
        if named:
            verb = "map_outcomes" if tolerant else "map"
            message = f"`{spec.label}.{verb}` takes its lists by position; write them without {', '.join(f'`{n}=`' for n in named)}"
            raise MisuseError(message)
        if current_recorder() is None:
            return map_plainly(spec.as_step, self, columns, tolerant=tolerant)
        check_place(spec, bound)
        return map_step(spec.as_step, bound, columns, frame, tolerant=tolerant)

    @overload
    def ref(self: Callable[Q, Async[T]], *args: Q.args, **kwargs: Q.kwargs) -> T: ...
    @overload
    def ref(self: Callable[Q, T], *args: Q.args, **kwargs: Q.kwargs) -> T: ...
    def ref(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call of what is `async` in a `def` body, typed as what awaiting it gives."""
        declared, bound = self._parts()
        spec = declared.as_step
        recorder: Any = current_recorder()
        if recorder is None or recorder.workflow.is_live:
            instead = "await it" if spec.is_async else "call it"
            where = "no workflow's body is running" if recorder is None else "this body is live"
            message = f"`{spec.label}.ref` records a call, and {where}; {instead} instead"
            raise MisuseError(message)
        check_place(declared, bound)
        record = recorder.call if spec.flow is None else recorder.flow
        return record(spec, (*bound, *args), kwargs, sys._getframe(1))

    @overload
    def submit(self: Callable[Q, Async[T]], *args: Q.args, **kwargs: Q.kwargs) -> Task[T]: ...
    @overload
    def submit(self: Callable[Q, T], *args: Q.args, **kwargs: Q.kwargs) -> Task[T]: ...
    def submit(self, *args: Any, **kwargs: Any) -> Any:
        """Begin a call in an `async def` body, to be awaited then or later: what to write for what isn't async itself.

        Cancelling the task cancels the call.
        """
        spec, bound = self._parts()
        recorder: Any = current_recorder()
        if recorder is None or not recorder.workflow.is_live:
            way_out = "call it" if recorder is None else "in a `def` body calls begin side by side by themselves"
            message = f"`{spec.label}.submit` is for the body of an `async def` workflow; {way_out}"
            raise MisuseError(message)
        check_place(spec, bound)
        return recorder.submit(spec.as_step, (*bound, *args), kwargs, sys._getframe(1))
