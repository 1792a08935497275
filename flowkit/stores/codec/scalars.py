"""Values that have no parts: None, bool, int, float, str, bytes, and what is written as text, such as Path and UUID."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from flowkit.stores.codec.families import NATIVE, Decode, Encode, Family, Traits
from flowkit.stores.codec.walk import MARK, Refused, expected, mismatch

INT = MARK + "int"
FLOAT = MARK + "float"

_UNUSUAL = frozenset({"NaN", "Infinity", "-Infinity"})
_PATHS = {Path: type(Path()), PurePath: type(PurePath())}


def fits_64_bits(number: int) -> bool:
    return -(2**63) <= number < 2**63


def check_text(text: str) -> str:
    """Pass text on, unless it can't be written as UTF-8."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Refused(
                f"character {error.start} of this text is a lone surrogate, which isn't Unicode; "
                'keep the bytes it was read from, or read them with errors="replace"'
            ) from None
    return text


def exactly(cls: type, encode: Encode, decode: Decode, *kinds: str) -> Family:
    """A family of one class, its subclasses not included: they wouldn't come back as themselves."""
    rank = NATIVE if cls in {type(None), bool, int, float, str} else 0
    traits = Traits(frozenset({cls}), dict.fromkeys(kinds, rank))
    name = "None" if cls is type(None) else cls.__name__

    def checked(value: Any) -> Any:
        if type(value) is not cls:
            raise mismatch(value, name)
        return encode(value)

    return Family(lambda t: t is cls, lambda _t, _hooks: checked, lambda _t, _hooks: decode, lambda _t: traits)


def as_text(cls: type, write: Callable[[Any], str], read: Callable[[str], Any], what: str) -> Family:
    """A family of one class whose values are text; `read` raises ValueError for text that isn't one."""

    def decode(data: Any, _annotation: Any) -> Any:
        if type(data) is not str:
            raise expected(what, data)
        try:
            return read(data)
        except ValueError:
            raise expected(what, data) from None

    return exactly(cls, write, decode, "string")


def encode_int(value: int) -> Any:
    return value if fits_64_bits(value) else {INT: hex(value)}


def decode_int(data: Any, _annotation: Any = None) -> int:
    if type(data) is int:
        return data
    try:
        return int(_marked(data, INT), 16)
    except (KeyError, ValueError):
        raise expected("a whole number", data) from None


def _decode_none(data: Any, _annotation: Any) -> None:
    if data is not None:
        raise expected("null", data)


def _decode_bool(data: Any, _annotation: Any) -> bool:
    if type(data) is not bool:
        raise expected("true or false", data)
    return data


def _encode_float(value: float) -> Any:
    if type(value) is int:  # as type checkers have it, every `int` will do for a `float`; it comes back as one
        return {INT: hex(value)}
    if type(value) is not float:
        raise mismatch(value, "float")
    if math.isfinite(value):
        return value
    return {FLOAT: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}


def _decode_float(data: Any, _annotation: Any) -> float:
    if type(data) is float and math.isfinite(data):
        return data
    try:
        if type(data) is int and (number := float(data)) == data:
            return number
        if type(data) is dict and INT in data:
            return decode_int(data)
        if (word := _marked(data, FLOAT)) in _UNUSUAL:
            return float(word)
    except (KeyError, OverflowError):
        pass
    raise expected(f'a number that a float can hold, or {{"{FLOAT}": "NaN"}}', data)


def _decode_str(data: Any, _annotation: Any) -> str:
    if type(data) is not str:
        raise expected("text", data)
    return check_text(data)


def _marked(data: Any, mark: str) -> str:
    """What stands behind a mark. Raises KeyError if it isn't there."""
    if type(data) is dict and len(data) == 1 and type(data.get(mark)) is str:
        return str(data[mark])
    raise KeyError(mark)


def _read_bytes(text: str) -> bytes:
    return b64decode(text, validate=True)


def _decode_decimal(data: Any, _annotation: Any) -> Decimal:
    try:
        if type(data) in {int, str}:
            return Decimal(data)
    except (InvalidOperation, ValueError):
        pass
    raise expected('a decimal number as text, such as "12.50"', data)


def _path(cls: type[PurePath]) -> Family:
    concrete = _PATHS.get(cls, cls)

    def encode(value: PurePath) -> str:
        if type(value) is not concrete:
            raise mismatch(value, cls.__name__)
        text = check_text(str(value))
        if concrete(text) != value:
            raise Refused("this path reads back as another one; build it from its text")
        return text

    def decode(data: Any, _annotation: Any) -> PurePath:
        if type(data) is not str:
            raise expected("a path as text", data)
        return cls(check_text(data))

    traits = Traits(frozenset({concrete}), {"string": 0})
    return Family(lambda t: t is cls, lambda _t, _hooks: encode, lambda _t, _hooks: decode, lambda _t: traits)


FAMILIES = (
    exactly(type(None), lambda value: value, _decode_none, "null"),
    exactly(bool, lambda value: value, _decode_bool, "boolean"),
    exactly(int, encode_int, decode_int, "integer", INT),
    Family(
        lambda t: t is float,
        lambda _t, _hooks: _encode_float,
        lambda _t, _hooks: _decode_float,
        lambda _t: Traits(frozenset({float}), {"number": NATIVE, FLOAT: NATIVE}),
    ),
    exactly(str, check_text, _decode_str, "string"),
    exactly(Decimal, str, _decode_decimal, "string"),
    as_text(bytes, lambda value: b64encode(value).decode("ascii"), _read_bytes, "bytes as base64 text"),
    as_text(UUID, str, UUID, 'a UUID as text, such as "12345678-1234-5678-1234-567812345678"'),
    *(_path(cls) for cls in (Path, PurePath, type(Path()), PurePosixPath, PureWindowsPath)),
)
