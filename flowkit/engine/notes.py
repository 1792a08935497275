"""Writing on other people's exceptions, which may be frozen, mute or hostile, without losing them."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Final

__all__ = ["add_note", "cut_traceback"]


def add_note(error: BaseException, text: str) -> None:
    """Add a note once. An exception that refuses it goes without."""
    try:
        if text not in getattr(error, "__notes__", ()):
            BaseException.add_note(error, text)
    except Exception:  # noqa: BLE001 - whatever the class does when it is written to
        return


_ENGINE: Final = os.path.dirname(__file__) + os.sep  # noqa: PTH120 - pathlib isn't needed for anything else


def cut_traceback(error: BaseException) -> None:
    """Let the traceback of the exception that is being handled begin behind the engine's frames: they tell nobody much.

    Set the way Python itself does, past the class's own `__setattr__`.
    """
    traceback: TracebackType | None = sys.exc_info()[2]
    found = traceback
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_ENGINE):
        found = found.tb_next
    BaseException.with_traceback(error, found if found is not None else traceback)
