"""What needs no annotation: JSON itself. Under `Any` it is copied as it is, and all else is refused."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any, get_origin

from flowkit.stores.codec.annotations import written
from flowkit.stores.codec.families import UNKNOWN, Decode, Encode, Family, Hooks
from flowkit.stores.codec.scalars import FLOAT, INT, check_text, fits_64_bits
from flowkit.stores.codec.walk import Refused, Walk, a, field, index

_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "list",
    dict: "object",
}
KINDS = (*_KINDS.values(), INT, FLOAT)

_PASSING = (Iterator, AsyncIterator, Awaitable)

_ANNOTATE = "say in the annotation what it is"


def kind_of(data: Any) -> str:
    """The kind of a piece of JSON; a number that JSON can't hold is a kind of its own."""
    if type(data) is dict and len(data) == 1:
        for mark in (INT, FLOAT):
            if mark in data:
                return mark
    return _KINDS.get(type(data), "")


def copy(value: Any, walk: Walk) -> Any:
    """Copy a piece of JSON. Raises `Refused` for what isn't: the same comes back, or nothing is written."""
    kind = type(value)
    if kind is str:
        return check_text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if not fits_64_bits(value):
            raise Refused(f"a number beyond 64 bits is kept only where the annotation says `int`; {_ANNOTATE}")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise Refused(f"{value} is kept only where the annotation says `float`; {_ANNOTATE}")
        return value
    if kind is list:
        return _copy_list(value, walk)
    if kind is dict:
        return _copy_dict(value, walk)
    raise Refused(f"{a(kind.__name__)} isn't JSON by itself; {_ANNOTATE}, in place of `Any`")


def _copy_list(value: list[Any], walk: Walk) -> list[Any]:
    items: list[Any] = []
    walk.enter(value)
    try:
        for item in value:
            items.append(copy(item, walk))  # noqa: PERF401 - how many are done is the path
    except Refused as refusal:
        raise refusal.under(index(len(items))) from None
    finally:
        walk.leave(value)
    return items


def _copy_dict(value: dict[Any, Any], walk: Walk) -> dict[str, Any]:
    items: dict[str, Any] = {}
    key: Any = None
    walk.enter(value)
    try:
        for key, item in value.items():
            if type(key) is not str:
                raise Refused(f"a key that is {a(type(key).__name__)} isn't JSON by itself; {_ANNOTATE}")  # noqa: TRY301
            items[check_text(key)] = copy(item, walk)
    except Refused as refusal:
        raise refusal.under(field(key) if type(key) is str else index(key)) from None
    finally:
        walk.leave(value)
    return items


def _encoder(_annotation: Any, hooks: Hooks) -> Encode:
    walk = hooks.walk
    return lambda value: copy(value, walk)


def _decoder(_annotation: Any, hooks: Hooks) -> Decode:
    walk = hooks.walk
    return lambda data, _annotation: copy(data, walk)


def _no_hook(annotation: Any, _hooks: Hooks) -> Any:
    cls = get_origin(annotation) or annotation
    if not isinstance(cls, type):
        way_out = "annotate it with a type that has one"
    elif issubclass(cls, _PASSING):
        way_out = "it is gone once somebody has gone through it, so make it a list"
    else:
        classes = "make it an attrs class or a dataclass, or " if cls.__module__ != "builtins" else ""
        way_out = f"{classes}say how with flowkit.stores.codec.register({written(cls)}, encode=..., decode=...)"
    raise Refused(f"there is no JSON form for `{written(annotation)}`; {way_out}")


FAMILIES = (
    # The oldest, so asked last: an annotation that no other family fits.
    Family(lambda _t: True, _no_hook, _no_hook, lambda _t: UNKNOWN, _no_hook),
    Family(lambda t: t is Any, _encoder, _decoder, lambda _t: UNKNOWN),
)
