"""Frames: whose line is to be shown when something goes wrong further in, and what it was doing."""

from __future__ import annotations

import inspect
import os
from opcode import opmap
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from types import CodeType

__all__ = ["Blame", "Unpacking", "blamed", "unpacking"]

_UNPACK: Final = opmap["UNPACK_SEQUENCE"]
_UNPACK_REST: Final = opmap["UNPACK_EX"]
_EXTENDED: Final = opmap["EXTENDED_ARG"]

_MINE: Final = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120 (pathlib would slow down the import)
_STANDARD: Final = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120
_INSTALLED: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_GENERATED: Final = ("<frozen ", "<attrs generated", "<cattrs generated", "<@")


class Unpacking(NamedTuple):
    """How many names a statement such as `a, b = ...` has."""

    names: int
    rest: bool
    """Whether one more takes what is left."""

    def takes(self, length: int) -> bool:
        """Whether Python would accept so many items."""
        return length == self.names or (self.rest and length > self.names)


def unpacking(frame: Any) -> Unpacking | None:
    """How many names a frame is unpacking something into; None if it does something else."""
    code, at = frame.f_code.co_code, frame.f_lasti  # `co_code` has the instructions as they were compiled
    if not 0 <= at < len(code) - 1 or code[at] not in (_UNPACK, _UNPACK_REST):
        return None
    count, shift = code[at + 1], 8
    while at >= 2 and code[at - 2] == _EXTENDED:
        at -= 2
        count |= code[at + 1] << shift
        shift += 8
    if code[frame.f_lasti] == _UNPACK:
        return Unpacking(count, rest=False)
    return Unpacking((count & 0xFF) + (count >> 8), rest=True)


class Blame(NamedTuple):
    """The frame to show for something that went wrong in another one."""

    frame: Any
    making: type | None = None
    """The attrs class or dataclass whose constructor was called there, with the value in question."""
    field: str = ""
    """What that constructor calls the value."""
    inside: Any = None
    """A frame further in that may be shown as well: a validator of one's own, say."""


def blamed(frame: Any, body: Any, value: object) -> Blame:
    """The nearest frame to `frame` that belongs to who wrote `body`: not one of a library, nor of a constructor.

    The search ends at the frame of `body`, which counts whatever its file; `frame` itself where nothing else is found.
    """
    stack = [frame]
    codes = _codes(body)
    while stack[-1].f_code not in codes and stack[-1].f_back is not None:
        stack.append(stack[-1].f_back)
    ends_in_body = stack[-1].f_code in codes
    home = _package(stack[-1]) if ends_in_body else ""
    own = [one for one in stack if one.f_code in codes or _is_own(one, home)]
    nearest = own[0] if own else frame
    if ends_in_body:
        for at in range(len(stack) - 2, -1, -1):
            made = _constructed(stack[at], value)
            if made is not None:
                place = next(one for one in stack[at + 1 :] if one in own)
                return Blame(place, *made, nearest if nearest in stack[: at + 1] else None)
    return Blame(nearest)


def _codes(body: Any) -> tuple[CodeType, ...]:
    # Somebody's decorator may be around the function that was written.
    functions = (body, inspect.unwrap(body))
    return tuple(one.__code__ for one in functions if inspect.isfunction(one))


def _package(frame: Any) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_own(frame: Any, home: str) -> bool:
    """Whether somebody wrote a frame's code who isn't a library's author, or works on the package `home`."""
    file, name = frame.f_code.co_filename, frame.f_code.co_name
    if file.startswith("<"):
        return not file.startswith(_GENERATED) and not (file == "<string>" and name.startswith("__"))
    foreign = file.startswith((_MINE, _STANDARD)) or any(part in file for part in _INSTALLED)
    return not foreign or (home != "" and _package(frame) == home)


def _constructed(frame: Any, value: object) -> tuple[type, str] | None:
    """The attrs class or dataclass that a frame makes with a value, and the field for it."""
    code = frame.f_code
    if code.co_name not in ("__init__", "__attrs_init__") or not code.co_argcount:
        return None
    held = frame.f_locals
    kind = type(held.get(code.co_varnames[0]))
    if not (hasattr(kind, "__attrs_attrs__") or hasattr(kind, "__dataclass_fields__")):
        return None
    taken = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    field = next((name for name in taken if held.get(name) is value), None)
    return (kind, field) if field is not None else None
