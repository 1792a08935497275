"""What a body can do with a result besides passing it on."""

from __future__ import annotations

import sys
from typing import TypeVar, cast

from flowkit.graph import Outcome, Ref
from flowkit.shapes.writing import recorder_for, whole

__all__ = ["discard", "outcome", "result_of"]

T = TypeVar("T")


def outcome(result: T) -> Outcome[T]:
    """Take how a step ended, whatever that was, as a value for the next one: a failure so taken ends nothing.

    Takes the result of one call: a part of it (`ref.field`) or anything else is a `MisuseError`.
    """
    recorder = recorder_for("outcome", "`await` the step and catch what it raises")
    return cast("Outcome[T]", recorder.outcome(whole(result, "outcome"), sys._getframe(1)))


def result_of(result: T) -> T:
    """Run what is written so far, and give the value of a result: an `if` or a `for` can look at it.

    Raises what the step failed with, which the body may catch, and `Skipped` where there never was a value. Anything
    that isn't the result of a step is given back as it is.

    In a run that was started, the body is recorded again, from its beginning, for every result that it asks for; where
    a workflow was called, its caller's thread waits in the body. So whatever a body does besides calling steps may
    happen again, and has to come out the same: otherwise the run fails with `NonDeterminismError`.

    Not in a `when`, `otherwise`, `cond` or `always`: what is in those may not run, or not now.
    """
    if type(result) is not Ref:
        return result
    recorder = recorder_for("result_of", "`await` gives the value")
    return cast("T", recorder.result_of(result, sys._getframe(1)))


def discard(result: object) -> None:
    """Drop a result on purpose, so that nobody asks who uses it.

    Right at the call, as in `discard(warm_up(cache))`, the call also keeps its place in the text, as an effect does.
    """
    recorder = recorder_for("discard", "`await` the step and take no notice of the result")
    recorder.discard(whole(result, "discard"), sys._getframe(1))
