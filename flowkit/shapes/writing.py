"""The body that the words are for."""

from __future__ import annotations

from typing import Any

from flowkit.errors import MisuseError
from flowkit.graph import Ref, current_recorder

__all__ = ["recorder_for", "whole"]


def recorder_for(word: str, instead: str) -> Any:
    """Who records the body that a word stands in. Raises MisuseError where none is, and in live ones.

    `instead` says what to write there, where there are values and not stand-ins for them.
    """
    recorder: Any = current_recorder()
    if recorder is None:
        message = f"`{word}` is for the body of a workflow, and none is running here"
        raise MisuseError(message)
    if recorder.workflow.is_live:
        message = f"`{word}` belongs into a `def` body; in an `async def` body, {instead}"
        raise MisuseError(message)
    return recorder


def whole(result: Any, word: str) -> Ref:
    """The result of a call. Raises MisuseError for a part of one, and for anything else."""
    if type(result) is not Ref:
        message = f"`{word}` takes the result of a step; it was given `{type(result).__name__}`, a value that is there already"
        raise MisuseError(message)
    if result._flowkit_path:
        message = f"`{word}` takes the whole result of a step, not a part of it: write it around the call"
        raise MisuseError(message)
    return result
