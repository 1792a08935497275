"""Classes made of named fields: attrs, dataclasses, NamedTuple, TypedDict. An object in JSON, by the fields' names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, get_origin

from flowkit.stores.codec.annotations import written
from flowkit.stores.codec.families import Decode, Encode, Family, Hooks, Inside, Traits, below
from flowkit.stores.codec.fields import (
    Shape,
    attrs_shape,
    dataclass_shape,
    is_attrs,
    is_dataclass,
    is_named_tuple,
    is_typed_dict,
    named_tuple_shape,
    typed_dict_shape,
)
from flowkit.stores.codec.walk import Refused, a, expected, field, mismatch, near

_MISSING: Any = object()


def record(fits: Callable[[Any], bool], shape_of: Callable[[Any], Shape], type_of: Callable[[Any], type]) -> Family:
    """A family of classes with fields. Shapes are found when first needed, for a class may name itself in its fields.

    They are found once, for that compiles annotations, and reading a value shouldn't.
    """
    known: dict[Any, Shape] = {}

    def look(annotation: Any) -> Shape:
        try:
            return known[annotation]
        except KeyError:
            known[annotation] = shape = shape_of(annotation)
            return shape
        except TypeError:  # an annotation with something in it that can't be a key
            return shape_of(annotation)

    def traits(annotation: Any) -> Traits:
        return Traits(
            frozenset({type_of(get_origin(annotation) or annotation)}),
            {"object": 0},
            lambda data: look(annotation).might_be(data),
        )

    return Family(
        lambda t: fits(get_origin(t) or t),
        lambda t, hooks: _encoder(t, hooks, lambda: look(t)),
        lambda t, hooks: _decoder(t, hooks, lambda: look(t)),
        traits,
        lambda t, _hooks: _inside(look(t)),
    )


def _inside(shape: Shape) -> Inside:
    flags = {one.name: f"{one.required:d}{one.always_there:d}" for one in shape.fields}
    return Inside(
        f"object {json.dumps([shape.in_order, flags])}",
        tuple((field(one.name), one.annotation) for one in shape.fields),
    )


def _encoder(annotation: Any, hooks: Hooks, shape_of: Callable[[], Shape]) -> Encode:
    walk, title = hooks.walk, written(annotation)

    @cache
    def plan() -> tuple[Shape, list[tuple[str, Encode, bool]]]:
        shape = shape_of()
        return shape, [
            (f.name, below(field(f.name), hooks.encoder, f.annotation), f.always_there) for f in shape.fields
        ]

    def encode(value: Any) -> dict[str, Any]:
        shape, fields = plan()
        if type(value) is not shape.type:
            raise _not_exactly(value, shape.type, title)
        data: dict[str, Any] = {}
        name = ""
        walk.enter(value)
        try:
            for name, encode_field, always_there in fields:
                item = shape.get(value, name, _MISSING)
                if item is not _MISSING:
                    data[name] = encode_field(item)
                elif always_there:
                    raise Refused(f"{a(title)} needs this, and it isn't set")  # noqa: TRY301 - its name is known here
        except Refused as refusal:
            raise refusal.under(field(name)) from refusal.__cause__
        finally:
            walk.leave(value)
        if shape.type is dict:
            if len(data) < len(value):
                _refuse_unknown(value, shape, title)
            data = {key: data[key] for key in value}  # a TypedDict is a dict, and keeps its own order
        if shape.runs_code:
            walk.rebuilds = True
        return data

    return encode


def _decoder(annotation: Any, hooks: Hooks, shape_of: Callable[[], Shape]) -> Decode:
    walk, title = hooks.walk, written(annotation)

    @cache
    def plan() -> tuple[Shape, list[tuple[str, Decode, Any]]]:
        shape = shape_of()
        return shape, [(f.name, below(field(f.name), hooks.decoder, f.annotation), f.annotation) for f in shape.fields]

    def decode(data: Any, _annotation: Any) -> Any:
        shape, fields = plan()
        if shape.in_order and type(data) is list and len(data) <= len(fields):
            data = dict(zip((name for name, *_ in fields), data, strict=False))
        if type(data) is not dict:
            raise expected(f"an object (for {a(title)})", data)
        values: dict[str, Any] = {}
        name = ""
        walk.enter(data)
        try:
            for name, decode_field, hint in fields:
                if name in data:
                    values[name] = decode_field(data[name], hint)
        except Refused as refusal:
            raise refusal.under(field(name)) from refusal.__cause__
        finally:
            walk.leave(data)
        if len(values) < len(data):
            _refuse_unknown(data, shape, title)
        if len(values) < len(fields):
            _refuse_missing(values, shape, title)
        if shape.type is dict:
            values = {key: values[key] for key in data}
        try:
            return shape.make(values)
        except Exception as error:
            raise Refused(f"`{title}` doesn't accept these fields: {type(error).__name__}: {error}") from error

    return decode


def _refuse_unknown(keys: Iterable[Any], shape: Shape, title: str) -> None:
    names = [one.name for one in shape.fields]
    for key in keys:
        if key not in names:
            name = key if isinstance(key, str) else repr(key)
            raise Refused(f"{a(title)} has no such field{near(name, names)}").under(field(name))


def _refuse_missing(values: dict[str, Any], shape: Shape, title: str) -> None:
    for one in shape.fields:
        if one.required and one.name not in values:
            raise Refused(f"{a(title)} needs this, and it is missing").under(field(one.name))


def _not_exactly(value: object, cls: Any, title: str) -> Refused:
    if cls is not dict and isinstance(value, cls):
        own = type(value).__name__
        return Refused(
            f"this is {a(own)}, which would come back as {a(title)}; "
            f"annotate it `{title} | {own}`, or register a codec for `{title}`"
        )
    return mismatch(value, title)


FAMILIES = (
    record(is_dataclass, dataclass_shape, lambda cls: cls),
    record(is_attrs, attrs_shape, lambda cls: cls),
    record(is_named_tuple, named_tuple_shape, lambda cls: cls),
    record(is_typed_dict, typed_dict_shape, lambda _cls: dict),
)
