"""Several results that become one: by a test, or by which of them comes first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from flowkit.errors import MisuseError
from flowkit.graph import Join, Kind, Ref, Selected
from flowkit.shapes.writing import recorder_for

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["cond", "first", "first_n", "race", "race_n", "select"]

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_INSTEAD = "`asyncio.wait` does this"


def cond(test: object, then: Callable[[], A], otherwise: Callable[[], B]) -> A | B:
    """One of two values, by whether a result is true. Only that one's steps run; those of the other are skipped.

    Both functions are called while the body is recorded, to see which steps they call.
    """
    recorder = recorder_for("cond", "`if` does this")
    _refuse_values(then, otherwise)
    return cast("A | B", recorder.pick(test, then, otherwise, sys._getframe(1)))


@overload
def first(a: A, b: B, /) -> A | B: ...
@overload
def first(a: A, b: B, c: C, /) -> A | B | C: ...
@overload
def first(results: Iterable[T], /) -> T: ...
@overload
def first(*results: T) -> T: ...
def first(*results: Any) -> Any:
    """The result of the step that succeeds first. The others go on, and nobody waits for them but the run.

    Takes results, a list of them, or the result of a `.map`, whose items are meant then. If none succeeds it fails
    with all of their errors in an `ExceptionGroup`; if none of them failed it is skipped, or blocked if one was blocked.
    """
    return _join("first", results, 1, sys._getframe(1))


def first_n(results: Iterable[T], n: int) -> list[T]:
    """The results of the `n` steps that succeed first, in the order they came. The others go on.

    Takes a list of results, or the result of a `.map`, whose items are meant then. If fewer than `n` succeed it fails
    with the errors of the others in an `ExceptionGroup`; if none of those failed it is skipped. Of a map with fewer
    items than `n` it fails with a `LookupError`.
    """
    return cast("list[T]", _join("first_n", (results,), n, sys._getframe(1)))


@overload
def race(a: A, b: B, /) -> A | B: ...
@overload
def race(a: A, b: B, c: C, /) -> A | B | C: ...
@overload
def race(results: Iterable[T], /) -> T: ...
@overload
def race(*results: T) -> T: ...
def race(*results: Any) -> Any:
    """The result of the step that succeeds first; the others are cancelled, with what only they needed.

    For the rest as `first`.
    """
    return _join("race", results, 1, sys._getframe(1), cancels=True)


def race_n(results: Iterable[T], n: int) -> list[T]:
    """The results of the `n` steps that succeed first, in the order they came; the others are cancelled.

    For the rest as `first_n`.
    """
    return cast("list[T]", _join("race_n", (results,), n, sys._getframe(1), cancels=True))


def select(**results: T) -> Selected[T]:
    """Which of several steps succeeds first, with its value; the others are cancelled.

    `select(paid=..., late=...)` gives a `Selected` whose `name` is `"paid"` or `"late"`.
    """
    return cast(
        "Selected[T]",
        _join("select", tuple(results.values()), 1, sys._getframe(1), cancels=True, names=tuple(results)),
    )


def _refuse_values(*branches: Any) -> None:
    for branch in branches:
        if type(branch) is Ref or not callable(branch):
            message = f"`cond` takes functions that call steps, as in `cond(test, lambda: a(x), lambda: b(x))`, not {branch!r}"
            raise MisuseError(message)


def _refuse_count(word: str, count: Any) -> None:
    if type(count) is Ref or isinstance(count, bool) or not isinstance(count, int) or count < 1:
        message = f"`{word}` takes how many results there are to be, 1 or more, not {count!r}"
        raise MisuseError(message)


def _join(
    word: str,
    results: tuple[Any, ...],
    count: int,
    frame: FrameType,
    *,
    cancels: bool = False,
    names: tuple[str, ...] = (),
) -> Ref:
    recorder = recorder_for(word, _INSTEAD)
    _refuse_count(word, count)
    of_items = False
    if len(results) == 1 and not names:
        (one,) = results
        if type(one) is Ref:
            node = recorder.node_of(one) if one._flowkit_recorder is recorder else None
            of_items = node is not None and node.kind is Kind.MAP and not one._flowkit_path
            if node is not None and not of_items:
                message = f"`{word}` goes through the items of a `.map` or a list of results; this is one result"
                raise MisuseError(message)
        elif (isinstance(one, Sequence) and not isinstance(one, (str, bytes))) or (
            isinstance(one, Iterable) and not isinstance(one, (str, bytes, dict))
        ):
            results = tuple(one)
    strange = [one for one in results if type(one) is not Ref]
    if strange or not results:
        given = f"`{type(strange[0]).__name__}`, a value that is there already" if strange else "nothing"
        message = f"`{word}` takes the results of steps; it was given {given}"
        raise MisuseError(message)
    distinct = len({ref._flowkit_node for ref in results})
    if not of_items and count > distinct:
        message = f"`{word}` is to give {count} of the results of {distinct} step{'s' if distinct > 1 else ''}"
        raise MisuseError(message)
    return cast("Ref", recorder.join(Join(word, count, cancels, of_items, names), results, frame))
