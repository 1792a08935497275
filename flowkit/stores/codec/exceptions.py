"""Exceptions as values, such as those of outcomes: written as the records of failures have them."""

from __future__ import annotations

from typing import Any

from flowkit.stores.codec.annotations import written
from flowkit.stores.codec.families import Decode, Encode, Family, Hooks, Inside, Traits
from flowkit.stores.codec.walk import Refused, a, mismatch

_ANY = (BaseException, Exception)
_KNOWN = ("builtins", "flowkit")


def _is_exception(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseException)


def _encoder(cls: type[BaseException], _hooks: Hooks) -> Encode:
    from flowkit.stores.failures import error_as_data, error_from_data  # which keep values with a codec of their own

    def encode(value: Any) -> Any:
        if not isinstance(value, cls):
            raise mismatch(value, written(cls))
        own, title = type(value), written(cls)
        if own is not cls and cls not in _ANY and own.__module__ not in _KNOWN:
            raise Refused(
                f"this is {a(own.__name__)}, which may not be known where it is read; "
                f"annotate it `{title} | {own.__name__}`"
            )
        data = error_as_data(value)
        if not isinstance(error_from_data(data, [cls]), cls):
            raise Refused(f"this can't be made again as {a(title)} from what it holds; register a codec for `{title}`")
        return data

    return encode


def _decoder(cls: type[BaseException], _hooks: Hooks) -> Decode:
    from flowkit.stores.failures import error_from_data

    def decode(data: Any, _annotation: Any) -> BaseException:
        error = error_from_data(data, [cls])
        if not isinstance(error, cls):
            raise Refused(f"this comes back as a `{type(error).__name__}` and no `{written(cls)}`: {error}")
        return error

    return decode


FAMILIES = (
    Family(
        _is_exception,
        _encoder,
        _decoder,
        lambda _t: Traits(None, {"object": 0}, lambda data: type(data) is dict),
        lambda _t, _hooks: Inside("exception"),
    ),
)
