"""What somebody's code raised, told with their lines and without ours."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from traceback import StackSummary, TracebackException
from typing import Final

import flowkit
from flowkit.cli.terminal import plain

__all__ = ["told"]

_SILENT: Final = (str(Path(flowkit.__file__).parent) + os.sep, "<frozen importlib", importlib.__file__)
"""Whose frames say nothing about the code that failed: flowkit's own, and those of the import machinery."""


def told(error: BaseException) -> str:
    """The traceback as Python writes it, notes, causes and groups included, without the frames of flowkit."""
    whole = TracebackException.from_exception(error)
    left = [whole]
    while left:
        one = left.pop()
        kept = [frame for frame in one.stack if not frame.filename.startswith(_SILENT)]
        # Without any frame the headline of the traceback would stand alone.
        one.stack = StackSummary.from_list(kept) if kept else None  # type: ignore[assignment]
        left += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]
    return plain("".join(whole.format()).rstrip("\n"), keep="\n\t")
