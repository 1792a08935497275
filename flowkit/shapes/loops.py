"""Loops: rounds that go on until something is so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from flowkit.errors import LoopError, MisuseError, PolicyError
from flowkit.graph import Loop, Ref, StepSpec, WorkflowSpec, context_of_steps, current_recorder
from flowkit.policies import Duration, Retry, StepOptions, WorkflowOptions, seconds
from flowkit.shapes.waits import sleep_call
from flowkit.shapes.writing import recorder_for

if TYPE_CHECKING:
    from types import FrameType

    from flowkit.policies import Backoff

__all__ = ["poll", "polling", "repeat"]

S = TypeVar("S")
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


def repeat(
    body: Callable[[S], S],
    state: S,
    *,
    until: Callable[[S], bool],
    max_rounds: int = 10,
    stuck_after: int | None = None,
    on_max: Literal["fail", "return"] = "fail",
) -> S:
    """Do something again and again until what comes of it is good: `repeat(revise, draft, until=good)`.

    `body` gets the state and calls steps on it, or is one; what they give is the next state. `until` is asked of that,
    after each round. After `max_rounds` it fails with `LoopError`, or gives what there is with `on_max="return"`; with
    `stuck_after=3` it fails once three rounds running have come to the same.
    """
    recorder = recorder_for("repeat", "`while` does this")
    _whole_number("max_rounds", max_rounds, 1)
    if stuck_after is not None:
        _whole_number("stuck_after", stuck_after, 2)
    if on_max not in ("fail", "return"):
        message = f"on_max={on_max!r} is neither 'fail' nor 'return'"
        raise PolicyError(message)
    _functions("repeat", body=body, until=until)

    def rounds(state: Any, turn: int, before: Any, same: int) -> Any:
        if turn > 1:
            if context_of_steps().run(until, state):
                return state
            same = same + 1 if turn > 2 and state == before else 1
            if same == stuck_after:
                raise LoopError(f"the loop is stuck: {same} rounds running have come to the same", state)
            if turn > max_rounds:
                if on_max == "return":
                    return state
                raise LoopError(f"the loop wasn't done after {max_rounds} rounds", state)
        return _again(spec, at, _written(body, (state,), at), turn + 1, state, same)

    limits = f"at most {max_rounds:,} round{'s' if max_rounds > 1 else ''}"
    spec, at = _rounds("repeat", rounds, Loop(until, limits)), _Place(sys._getframe(1))
    return cast("S", recorder.flow(spec.as_step, (state, 1, None, 0), {}, at))


@overload
def poll(
    status: Callable[[], T],
    /,
    *,
    until: Callable[[T], bool],
    every: Duration | Backoff = 5,
    timeout: Duration | None = None,
) -> T: ...
@overload
def poll(
    status: Callable[[A], T],
    a: A,
    /,
    *,
    until: Callable[[T], bool],
    every: Duration | Backoff = 5,
    timeout: Duration | None = None,
) -> T: ...
@overload
def poll(
    status: Callable[[A, B], T],
    a: A,
    b: B,
    /,
    *,
    until: Callable[[T], bool],
    every: Duration | Backoff = 5,
    timeout: Duration | None = None,
) -> T: ...
@overload
def poll(
    status: Callable[[A, B, C], T],
    a: A,
    b: B,
    c: C,
    /,
    *,
    until: Callable[[T], bool],
    every: Duration | Backoff = 5,
    timeout: Duration | None = None,
) -> T: ...
def poll(
    status: Callable[..., Any],
    /,
    *args: Any,
    until: Callable[[Any], bool],
    every: Any = 5,
    timeout: Duration | None = None,
) -> Any:
    """Call a step every now and then until what it gives is good: `poll(status, job, until=lambda s: s.done)`.

    `every` is the time between two calls: seconds, text like `"30s"`, or a backoff such as `exponential(5, max=60)`,
    which fails the poll with `LoopError` where it ends. Fails with `StepTimeout` once `timeout` is over, all calls and
    waits together. It keeps its place in the text, and holds no thread while it waits.
    """
    recorder = recorder_for("poll", "write `await live.poll(...)`")
    at = sys._getframe(1)
    spec, given = polling(status, args, until, every, timeout, at)
    return recorder.flow(spec, given, {}, at)


def polling(
    status: Callable[..., Any],
    args: tuple[Any, ...],
    until: Callable[[Any], bool],
    every: Any,
    timeout: Any,
    frame: FrameType,
) -> tuple[StepSpec, tuple[Any, ...]]:
    """What is called for a `poll`, and what with."""
    _functions("poll", status=status, until=until)
    options = StepOptions(effect=True)
    if timeout is not None:
        options = StepOptions(effect=True, total_timeout=seconds(timeout, "timeout"))
    delay_after = _delays(every)

    def rounds(value: Any, turn: int, args: Any) -> Any:
        if turn > 1:
            if context_of_steps().run(until, value):
                return value
            delay = delay_after(turn - 1)
            if delay is None:
                message = f"`poll` wasn't done after {turn - 1} calls, and its backoff has ended"
                raise LoopError(message, value)
            inner: Any = current_recorder()
            waits, length = sleep_call(delay)
            inner.call(waits, length, {}, at)
        return _again(spec, at, _asked(status, args, at), turn + 1, args)

    limits = "" if callable(every) or isinstance(every, (list, tuple)) else f"every {_told(every)}"
    if timeout is not None:
        limits += f"{', ' if limits else ''}for at most {_told(timeout)}"
    spec, at = _rounds("poll", rounds, Loop(until, limits)), _Place(frame)
    return spec.as_step.variant(options), (None, 1, args)


def _rounds(word: str, function: Callable[..., Any], loop: Loop) -> WorkflowSpec:
    """A workflow that goes on by returning a call of itself, and is called like the word that it stands for."""
    function.__annotations__ = dict.fromkeys(
        (*function.__code__.co_varnames[: function.__code__.co_argcount], "return"), Any
    )
    return WorkflowSpec(function, f"flowkit:{word}", WorkflowOptions(), loop=loop)


class _Place:
    """Where a loop was written, which its rounds are shown at: of a frame what a recorder asks for."""

    __slots__ = ("f_code", "f_lasti")

    def __init__(self, frame: FrameType) -> None:
        self.f_code = frame.f_code
        self.f_lasti = frame.f_lasti


def _again(spec: WorkflowSpec, at: _Place, *args: Any) -> Any:
    recorder: Any = current_recorder()
    return recorder.flow(spec.as_step, args, {}, at)


def _written(function: Callable[..., Any], args: tuple[Any, ...], at: _Place) -> Any:
    """What a function gives; if it is a step, its call counts as written where the loop is."""
    recorder: Any = current_recorder()
    known = len(recorder.nodes)
    result = function(*args)
    recorder.relocate(known, sys._getframe().f_code, at)
    return result


def _asked(status: Callable[..., Any], args: tuple[Any, ...], at: _Place) -> Ref:
    result = _written(status, args, at)
    if type(result) is not Ref:
        message = (
            f"`poll` calls a step; `{getattr(status, '__name__', status)}` gave a `{type(result).__name__}` at once"
        )
        raise MisuseError(message)
    return result


def _delays(every: Any) -> Callable[[int], float | None]:
    """The time after each call."""
    if callable(every) or isinstance(every, (list, tuple)):
        policy = Retry(max_attempts=None, backoff=cast("Backoff", every), jitter="none")
        return lambda turn: policy.delay(turn, 0.0)
    length = seconds(every, "every")
    return lambda _turn: length


def _told(duration: Duration) -> str:
    return duration if isinstance(duration, str) else f"{seconds(duration, 'every'):g} s"


def _functions(word: str, **given: Any) -> None:
    for name, function in given.items():
        if not callable(function):
            message = f"`{word}` takes a function as {name}, not {function!r}"
            raise MisuseError(message)


def _whole_number(option: str, given: Any, least: int) -> None:
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        message = f"{option}={given!r} is no whole number from {least} on"
        raise PolicyError(message)
