"""Values as JSON for people and programs to look at, without an annotation: nothing is read back from this."""

from __future__ import annotations

import dataclasses
import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

import attrs

from flowkit.stores.codec.containers import in_order
from flowkit.stores.codec.moments import written_length
from flowkit.stores.codec.walk import Refused, Walk, a, field, index

# json writes whole numbers of any length, but Python refuses to spell those of more than 4,300 digits.
_SPELLABLE_BITS = 14_000


class Display:
    """One look at one value; `custom` are the encoders that were registered, by class."""

    def __init__(self, walk: Walk, custom: Mapping[Any, Callable[[Any], Any]]) -> None:
        self._walk = walk
        self._custom = custom

    def show(self, value: Any) -> Any:
        """Raises `Refused` for what nobody has said how to show."""
        for cls, encode in self._custom.items():
            if isinstance(value, cls):
                return encode(value)
        shown = _scalar(value)
        if shown is not None or value is None:
            return shown
        self._walk.enter(value)
        try:
            return self._parts(value)
        finally:
            self._walk.leave(value)

    def _parts(self, value: Any) -> Any:
        if (names := _field_names(value)) is not None:
            present = [(name, getattr(value, name)) for name in names if hasattr(value, name)]
            return {name: self._part(field(name), item) for name, item in present}
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, Sequence | AbstractSet):
            items = [self._part(index(place), item) for place, item in enumerate(value)]
            return in_order(items) if isinstance(value, AbstractSet) else items
        raise Refused(
            f"{a(type(value).__name__)} has no form in JSON; "
            "return text, numbers, lists, dicts, dataclasses or attrs classes, or register a codec"
        )

    def _mapping(self, mapping: Mapping[Any, Any]) -> Any:
        pairs = [(self._part(index(key), key), self._part(_key_part(key), item)) for key, item in mapping.items()]
        if any(isinstance(key, list | dict) for key, _ in pairs):
            return [list(pair) for pair in pairs]
        shown = {key if isinstance(key, str) else json.dumps(key): item for key, item in pairs}
        # 1 and "1" are two keys in Python and one in JSON.
        return shown if len(shown) == len(pairs) else [list(pair) for pair in pairs]

    def _part(self, part: str, value: Any) -> Any:
        try:
            return self.show(value)
        except Refused as refusal:
            raise refusal.under(part) from refusal.__cause__


def _scalar(value: Any) -> Any:
    """Shown as one word or number; None for what has parts."""
    if isinstance(value, Enum):
        return value.value if type(value.value) in {str, int, bool} else value.name
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        return str.__str__(value).encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int):
        return int(value) if value.bit_length() < _SPELLABLE_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else "NaN" if math.isnan(value) else repr(float(value))
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return written_length(value)
    if isinstance(value, PurePath | UUID | Decimal):
        return _scalar(str(value))
    if isinstance(value, BaseException):
        return _scalar(f"{type(value).__name__}: {value}")
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode("ascii")
    return None


def _field_names(value: Any) -> Iterable[str] | None:
    cls: Any = type(value)
    if attrs.has(cls):
        return [one.name for one in attrs.fields(cls)]
    if dataclasses.is_dataclass(cls):
        return [one.name for one in dataclasses.fields(cls)]
    return getattr(cls, "_fields", None) if issubclass(cls, tuple) else None


def _key_part(key: Any) -> str:
    return field(key) if isinstance(key, str) else index(key)
