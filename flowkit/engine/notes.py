"""Writing on other people's exceptions, which may be frozen, mute or hostile, without losing them."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any, Final

__all__ = ["add_note", "cut_traceback"]


_KEPT: Final = 20


class _Note(str):
    """A note of ours, and what it is about. Only text for whoever reads, copies or pickles it."""

    __slots__ = ("about",)
    about: str

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def add_note(error: BaseException, text: str, about: str = "") -> None:
    """Add a note once. An exception that refuses it goes without.

    One object may be raised by run after run. So a note takes the place of an earlier one `about` the same, and of all
    that are ours only the newest are kept.
    """
    try:
        notes: Any = getattr(error, "__notes__", ())
        if text in notes:
            return
        note = _Note(text)
        note.about = about or text
        ours = [one for one in notes if type(one) is _Note]
        old = {id(one) for one in (*ours[: 1 - _KEPT], *(one for one in ours if one.about == note.about))}
        if old:
            notes[:] = [one for one in notes if id(one) not in old]
        BaseException.add_note(error, note)
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
