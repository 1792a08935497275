"""One of several: enums, flags and Literal."""

from __future__ import annotations

import json
from enum import Enum, Flag
from typing import Any, Literal, get_args, get_origin

from flowkit.stores.codec.annotations import written
from flowkit.stores.codec.families import Decode, Encode, Family, Hooks, Inside, Traits
from flowkit.stores.codec.scalars import INT, decode_int, encode_int
from flowkit.stores.codec.walk import Refused, a, expected, mismatch, near, one_of

_SCALARS = frozenset({type(None), bool, int, float, str})


def member_for(cls: type[Enum], data: Any) -> Enum:
    """A member by its name, which is how they are kept, or by its value."""
    if type(data) is str and data in cls.__members__:
        return cls.__members__[data]
    if type(data) in _SCALARS:
        for member in cls.__members__.values():
            if type(member.value) is type(data) and member.value == data:
                return member
    raise expected(f"{one_of(cls.__members__)} (for {a(cls.__name__)})", data, near(data, cls.__members__))


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _is_flag(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Flag)


def _enum_encoder(cls: type[Enum], _hooks: Hooks) -> Encode:
    def encode(value: Any) -> str:
        if type(value) is not cls:
            raise mismatch(value, cls.__name__)
        if cls.__members__.get(value.name) is not value:
            raise Refused(f"`{cls.__name__}` has no name for this member; give it one in the class")
        return str(value.name)

    return encode


def _enum_decoder(cls: type[Enum], _hooks: Hooks) -> Decode:
    return lambda data, _annotation: member_for(cls, data)


def _flag_encoder(cls: type[Flag], _hooks: Hooks) -> Encode:
    def encode(value: Any) -> Any:
        if type(value) is not cls:
            raise mismatch(value, cls.__name__)
        return encode_int(value.value)

    return encode


def _flag_decoder(cls: type[Flag], _hooks: Hooks) -> Decode:
    def decode(data: Any, _annotation: Any) -> Any:
        if type(data) is str:
            return member_for(cls, data)
        try:
            flags = cls(decode_int(data))
        except ValueError:
            flags = None
        if type(flags) is not cls:
            raise expected(f"the bits of `{cls.__name__}` as a whole number, or {one_of(cls.__members__)}", data)
        return flags

    return decode


def _literal_encoder(annotation: Any, hooks: Hooks) -> Encode:
    forms = {(type(choice), choice): form for choice, form in _forms(annotation, hooks)}

    def encode(value: Any) -> Any:
        try:
            return forms[type(value), value]
        except (KeyError, TypeError):
            raise mismatch(value, written(annotation)) from None

    return encode


def _literal_decoder(annotation: Any, hooks: Hooks) -> Decode:
    choices = {(type(form), form): choice for choice, form in _forms(annotation, hooks)}
    names = [form for _, form in choices if isinstance(form, str)]

    def decode(data: Any, _annotation: Any) -> Any:
        try:
            return choices[type(data), data]
        except (KeyError, TypeError):
            raise expected(f"one of `{written(annotation)}`", data, near(data, names)) from None

    return decode


def _forms(annotation: Any, hooks: Hooks) -> list[tuple[Any, Any]]:
    """What may be chosen, and how each is written."""
    forms = [(choice, hooks.encoder(type(choice))(choice)) for choice in get_args(annotation)]
    if not all(type(form) in _SCALARS for _, form in forms):
        raise Refused(f"`{written(annotation)}` has a choice that is no single word or number; use an Enum")
    if len({(type(form), form) for _, form in forms}) < len(forms):
        raise Refused(f"two choices of `{written(annotation)}` look the same in JSON; use an Enum")
    return forms


def _literal_traits(annotation: Any) -> Traits:
    types = frozenset(type(choice) for choice in get_args(annotation))
    kinds = {type(None): "null", bool: "boolean", int: "integer"}
    return Traits(types, {kinds.get(choice, "string"): 0 for choice in types})


def _inside_enum(cls: type[Enum], _hooks: Hooks) -> Inside:
    return Inside(f"enum {json.dumps(sorted(cls.__members__))}")


def _inside_flag(cls: type[Flag], _hooks: Hooks) -> Inside:
    return Inside(f"flag {json.dumps({name: hex(cls.__members__[name].value) for name in sorted(cls.__members__)})}")


def _inside_literal(annotation: Any, hooks: Hooks) -> Inside:
    return Inside(f"literal {sorted(json.dumps(form) for _, form in _forms(annotation, hooks))}")


FAMILIES = (
    Family(lambda t: get_origin(t) is Literal, _literal_encoder, _literal_decoder, _literal_traits, _inside_literal),
    Family(_is_enum, _enum_encoder, _enum_decoder, lambda t: Traits(frozenset({t}), {"string": 0}), _inside_enum),
    Family(
        _is_flag,
        _flag_encoder,
        _flag_decoder,
        lambda t: Traits(frozenset({t}), {"integer": 0, INT: 0}),
        _inside_flag,
    ),
)
