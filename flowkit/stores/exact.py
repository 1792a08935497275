"""Values of builtin types as JSON and back, exactly, where no annotation says what they are: what exceptions hold.

JSON's own types are written as they are; the others as `{"$type": "tuple", "$value": [...]}`, by names from a table that is
closed. So what is read chooses among a few types of Python's and flowkit's own, and names no other.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final
from uuid import UUID

from flowkit.diagnostics import Diagnostic
from flowkit.errors import CancelReason, EncodingError
from flowkit.stores.codec import Codec

__all__ = ["Room", "Unkept", "Unpackable", "pack", "unpack"]

TYPE: Final = "$type"
VALUE: Final = "$value"
_DEEPEST: Final = 50
_ITEM: Final = 8  # what an item takes besides its text
_FOLD: Final = "[fold=1]"

# One of its own: a codec that somebody registered here needn't be there where this is read.
_CODEC: Final = Codec()


class Unpackable(Exception):  # noqa: N818 - an answer, not a fault
    """A value that has no exact form here, or more of it than there is room for."""


class Unkept(str):
    """What stands for something that couldn't be kept: its text, also where its repr is asked for."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str.__str__(self)


class Room:
    """How many characters may still be written."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, count: int) -> None:
        """Raises `Unpackable` where that is too much."""
        if count > self.left:
            raise Unpackable
        self.left -= count


def pack(value: Any, room: Room, depth: int = 0) -> Any:
    """A value as JSON. Raises `Unpackable` unless `unpack` would give the same value back."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int or kind is float:
        return _packed_number(value, room)
    if kind is str:
        room.take(len(value))
        return value if _is_plain(value) else {TYPE: "str", VALUE: _as_base64(value.encode("utf-8", "surrogatepass"))}
    name = _NAMES.get(kind)
    if name is None or depth > _DEEPEST:
        raise Unpackable
    if kind not in _CONTAINERS:
        return {TYPE: name, VALUE: _packed_atom(value, kind, room)}
    room.take(_ITEM * len(value))
    if kind is dict:
        pairs = [(pack(key, room, depth + 1), pack(item, room, depth + 1)) for key, item in value.items()]
        if all(type(key) is str and not key.startswith("$") for key, _ in pairs):
            return dict(pairs)
        return {TYPE: name, VALUE: [list(pair) for pair in pairs]}
    items = [pack(item, room, depth + 1) for item in value]
    if kind is list:
        return items
    return {TYPE: name, VALUE: items if kind is tuple else sorted(items, key=json.dumps)}


def unpack(data: Any) -> Any:
    """The value that `pack` wrote. Raises ValueError, TypeError or KeyError for anything else."""
    if type(data) is list:
        return [unpack(item) for item in data]
    if type(data) is not dict:
        return data
    if TYPE not in data:
        return {key: unpack(item) for key, item in data.items()}
    return _READ[data[TYPE]](data[VALUE])


def _packed_number(value: Any, room: Room) -> Any:
    if type(value) is float:
        return value if math.isfinite(value) else {TYPE: "float", VALUE: _CODEC.encode(value, float)}
    if -(2**63) <= value < 2**63:
        return value
    room.take(value.bit_length() // 4)
    return {TYPE: "int", VALUE: hex(value)}


def _packed_atom(value: Any, kind: type, room: Room) -> Any:
    if kind is Unkept:
        room.take(len(value))
        return str.__str__(value)
    if kind is bytes:
        room.take(len(value))
        return _as_base64(value)
    zone = getattr(value, "tzinfo", None) if kind in _MOMENTS else None
    if zone is not None and type(zone) is not timezone:
        raise Unpackable  # zones are looked up by name, and may be a package that is imported
    try:
        data = _CODEC.encode(value, kind)
    except EncodingError:
        raise Unpackable from None
    room.take(len(json.dumps(data)))
    return data


def _is_plain(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _bytes(data: Any) -> bytes:
    return b64decode(data, validate=True)


def _by_codec(kind: Any) -> Callable[[Any], Any]:
    return lambda data: _CODEC.decode(data, kind)


def _moment(kind: Any) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if "[" in data.replace(_FOLD, ""):
            raise ValueError(data)
        return _CODEC.decode(data, kind)

    return read


def _items(data: Any) -> list[Any]:
    if type(data) is not list:
        raise TypeError(data)
    return [unpack(item) for item in data]


_MOMENTS: Final = frozenset({datetime, time})
_CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})
_NAMES: Final[dict[Any, str]] = {
    list: "list",
    tuple: "tuple",
    dict: "dict",
    set: "set",
    frozenset: "frozenset",
    bytes: "bytes",
    Decimal: "Decimal",
    UUID: "UUID",
    type(Path()): "Path",
    PurePosixPath: "PurePosixPath",
    PureWindowsPath: "PureWindowsPath",
    date: "date",
    datetime: "datetime",
    time: "time",
    timedelta: "timedelta",
    CancelReason: "CancelReason",
    Diagnostic: "Diagnostic",
    Unkept: "unkept",
}
_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "str": lambda data: _bytes(data).decode("utf-8", "surrogatepass"),
    "int": lambda data: int(data, 16),
    "float": _by_codec(float),
    "tuple": lambda data: tuple(_items(data)),
    "dict": lambda data: {unpack(key): unpack(item) for key, item in data},
    "set": lambda data: set(_items(data)),
    "frozenset": lambda data: frozenset(_items(data)),
    "bytes": _bytes,
    "unkept": Unkept,
    "Path": _by_codec(Path),
    "datetime": _moment(datetime),
    "time": _moment(time),
    **{
        kind.__name__: _by_codec(kind)
        for kind in (Decimal, UUID, PurePosixPath, PureWindowsPath, date, timedelta, CancelReason, Diagnostic)
    },
}

# Not later: the first look at a class compiles its annotations, and reading a record compiles nothing.
_CODEC.prepare(Diagnostic)
