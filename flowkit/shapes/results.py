"""What a body can do with a result besides passing it on."""

from __future__ import annotations

import sys
from typing import Any, Final, TypeVar, cast

from flowkit.errors import MisuseError
from flowkit.graph import Outcome, Ref, current_recorder

__all__ = ["discard", "outcome", "result_of"]

T = TypeVar("T")


def outcome(result: T) -> Outcome[T]:
    """Take how a step ended, whatever that was, as a value for the next one: a failure so taken ends nothing.

    Takes the result of one call: a part of it (`ref.field`) or anything else is a `MisuseError`.
    """
    return cast("Outcome[T]", _recorder("outcome").outcome(_whole(result, "outcome"), sys._getframe(1)))


def result_of(result: T) -> T:
    """Run what is written so far, and give the value of a result: an `if` or a `for` can look at it.

    Raises what the step failed with, which the body may catch, and `Skipped` where there never was a value. Anything
    that isn't the result of a step is given back as it is.

    In a run that was started, the body is recorded again, from its beginning, for every result that it asks for; where
    a workflow was called, its caller's thread waits in the body. So whatever a body does besides calling steps may
    happen again, and has to come out the same: otherwise the run fails with `NonDeterminismError`.
    """
    if type(result) is not Ref:
        return result
    return cast("T", _recorder("result_of").result_of(result, sys._getframe(1)))


def discard(result: object) -> None:
    """Drop a result on purpose, so that nobody asks who uses it.

    Right at the call, as in `discard(warm_up(cache))`, the call also keeps its place in the text, as an effect does.
    """
    _recorder("discard").discard(_whole(result, "discard"), sys._getframe(1))


def _recorder(verb: str) -> Any:
    recorder = current_recorder()
    if recorder is None:
        message = f"`{verb}` is for the body of a workflow, and none is running here"
        raise MisuseError(message)
    if recorder.workflow.is_live:
        message = f"`{verb}` belongs into a `def` body; {_INSTEAD[verb]}"
        raise MisuseError(message)
    return recorder


_INSTEAD: Final = {
    "outcome": "in an `async def` body, `await` the step and catch what it raises",
    "discard": "in an `async def` body, `await` the step and take no notice of the result",
    "result_of": "in an `async def` body, `await` gives the value",
}
"""What to write in live bodies, which have values where others have stand-ins."""


def _whole(result: Any, verb: str) -> Ref:
    if type(result) is not Ref:
        message = f"`{verb}` takes the result of a step; it was given `{type(result).__name__}`, a value that is there already"
        raise MisuseError(message)
    if result._flowkit_path:
        message = f"`{verb}` takes the whole result of a step, not a part of it: write it around the call"
        raise MisuseError(message)
    return result
