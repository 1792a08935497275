"""The words that wait, for `async def` bodies: `await live.sleep("30s")`.

What the others are for, Python has: `if` and `while` for `cond` and `repeat`, `try` for `outcome` and `always`,
`asyncio.gather` and `asyncio.wait` for joins.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from flowkit.errors import MisuseError
from flowkit.graph import current_recorder
from flowkit.shapes.commands import command_call
from flowkit.shapes.loops import polling
from flowkit.shapes.waits import gate_call, sleep_call, wait_call

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import UnionType
    from typing import Unpack

    from flowkit.machine.waiting import Decision
    from flowkit.policies import Backoff, Duration
    from flowkit.shapes.commands import Argument, CommandKeywords, Completed
    from flowkit.shapes.waits import Signal

__all__ = ["command", "gate", "map", "poll", "sleep", "wait"]

T = TypeVar("T")
A = TypeVar("A")


def sleep(duration: Duration) -> Coroutine[Any, Any, None]:
    """Wait for a time, as `flowkit.sleep` does."""
    spec, args = sleep_call(duration)
    return cast("Coroutine[Any, Any, None]", _body("sleep").ask(spec, args, {}, sys._getframe(1)))


def wait(signal: Signal[T], timeout: Duration | None = None) -> Coroutine[Any, Any, T]:
    """The next message of a signal, as `Signal.wait` gives it."""
    spec, args = wait_call(signal, timeout)
    return cast("Coroutine[Any, Any, T]", _body("wait").ask(spec, args, {}, sys._getframe(1)))


def gate(
    prompt: str,
    *,
    options: Sequence[str] = (),
    timeout: Duration | None = None,
    on_timeout: Literal["fail", "return"] = "fail",
    on_reject: Literal["fail", "return"] = "fail",
    name: str = "gate",
) -> Coroutine[Any, Any, Decision]:
    """Wait for somebody to decide, as at a `flowkit.gate`."""
    spec, args = gate_call(prompt, options, timeout, on_timeout, on_reject, name)
    return cast("Coroutine[Any, Any, Decision]", _body("gate").ask(spec, args, {}, sys._getframe(1)))


def poll(
    status: Callable[..., Any],
    /,
    *args: Any,
    until: Callable[[Any], bool],
    every: Duration | Backoff = 5,
    timeout: Duration | None = None,
) -> Coroutine[Any, Any, Any]:
    """Call a step every now and then until what it gives is good, as `flowkit.poll` does."""
    at = sys._getframe(1)
    spec, given = polling(status, args, until, every, timeout, at)
    return cast("Coroutine[Any, Any, Any]", _body("poll").ask(spec, given, {}, at))


@overload
def command(
    args: Sequence[Argument], *, parse: None = None, **options: Unpack[CommandKeywords]
) -> Coroutine[Any, Any, Completed]: ...
@overload
def command(
    args: Sequence[Argument], *, parse: type[T], **options: Unpack[CommandKeywords]
) -> Coroutine[Any, Any, T]: ...
@overload
def command(
    args: Sequence[Argument], *, parse: UnionType, **options: Unpack[CommandKeywords]
) -> Coroutine[Any, Any, Any]: ...
@overload
def command(
    args: Sequence[Argument], *, parse: Callable[[str], T], **options: Unpack[CommandKeywords]
) -> Coroutine[Any, Any, T]: ...
def command(args: Any, *, parse: Any = None, **options: Any) -> Any:
    """Run a program, as `flowkit.command` does."""
    spec, given = command_call(args, parse, options)
    return _body("command").ask(spec, given, {}, sys._getframe(1))


async def map(step: Callable[[A], Any], items: Iterable[A], *, max_concurrency: int | None = None) -> list[Any]:  # noqa: A001
    """Call a step for each item, side by side; the results in the order of the items.

    The first failure is raised, and what runs then is cancelled. At most `max_concurrency` run at the same time.
    """
    if max_concurrency is not None and (isinstance(max_concurrency, bool) or max_concurrency < 1):
        message = f"max_concurrency={max_concurrency!r} is no number of calls from 1 on"
        raise MisuseError(message)
    _body("map")
    places = asyncio.Semaphore(max_concurrency) if max_concurrency is not None else None
    submit = cast("Any", step).submit

    async def one(item: A) -> Any:
        if places is None:
            return await submit(item)
        async with places:
            return await submit(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except BaseExceptionGroup as failed:
        # The others were cancelled for it, or failed while they were.
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _body(word: str) -> Any:
    recorder: Any = current_recorder()
    if recorder is None or not recorder.workflow.is_live:
        where = "no workflow's body is running" if recorder is None else f"in a `def` body write `{word}(...)`"
        message = f"`live.{word}` is for the body of an `async def` workflow; {where}"
        raise MisuseError(message)
    return recorder
