"""What a class is made of: the fields of attrs classes, dataclasses, NamedTuples and TypedDicts, in one form."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, get_origin

import attrs

from flowkit.stores.codec.annotations import hints_of, qualifier, written
from flowkit.stores.codec.walk import MARK, Refused

# An instance of one of these holds more than its fields.
_HAVE_CONTENT = (int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, BaseException)
_RUN_WHEN_MADE = ("__attrs_pre_init__", "__attrs_init__", "__attrs_post_init__", "__post_init__")


@attrs.frozen
class Field:
    """One field: what it is called, and who may do without it."""

    name: str
    annotation: Any
    argument: str | None = None
    """What the constructor calls it; None if it doesn't take it."""
    always_there: bool = True
    """Whether every value has it."""
    required: bool = True
    """Whether a value can't be made without it."""


@attrs.frozen
class Shape:
    """How the values of one class, which are exactly of this `type`, come apart and are put together again."""

    type: Any
    fields: tuple[Field, ...]
    get: Callable[[Any, str, Any], Any]
    make: Callable[[dict[str, Any]], Any]
    runs_code: bool = False
    """Whether the class runs code of its own when it is made, so that something else may come out."""
    in_order: bool = False
    """Whether a list will do, as it does for a tuple."""

    def might_be(self, data: Any) -> bool:
        """Whether JSON has the fields for one of these, whatever is in them."""
        if type(data) is list:
            return self.in_order and len(data) <= len(self.fields)
        names = {field.name for field in self.fields}
        needed = {field.name for field in self.fields if field.required}
        return type(data) is dict and needed <= data.keys() <= names


def _make(cls: type, fields: Iterable[Field]) -> Callable[[dict[str, Any]], Any]:
    arguments = {one.name: one.argument for one in fields}
    if all(name == argument for name, argument in arguments.items()):
        return lambda values: cls(**values)

    def make(values: dict[str, Any]) -> Any:
        made = cls(**{argument: values[name] for name, argument in arguments.items() if argument and name in values})
        for name, argument in arguments.items():
            if argument is None and name in values:
                object.__setattr__(made, name, values[name])  # also where the class is frozen
        return made

    return make


def _runs_code(cls: Any, marker: str) -> bool:
    inherited = marker not in vars(cls)  # a plain subclass, with an `__init__` we know nothing of
    return inherited or cls.__new__ is not object.__new__ or any(hasattr(cls, name) for name in _RUN_WHEN_MADE)


def attrs_shape(annotation: Any) -> Shape:
    cls: Any = get_origin(annotation) or annotation
    hints = hints_of(annotation)
    found = attrs.fields(cls)
    fields = tuple(
        Field(
            name=one.name,
            annotation=hints.get(one.name, one.type or Any),
            argument=one.alias if one.init else None,
            always_there=one.init,
            required=one.init and one.default is attrs.NOTHING,
        )
        for one in found
    )
    runs_code = _runs_code(cls, "__attrs_attrs__") or any(one.converter or one.validator for one in found)
    return Shape(cls, fields, getattr, _make(cls, fields), runs_code)


def dataclass_shape(annotation: Any) -> Shape:
    cls: Any = get_origin(annotation) or annotation
    hints = hints_of(annotation)
    for name, hint in hints.items():
        if (hint is dataclasses.InitVar or isinstance(hint, dataclasses.InitVar)) and not hasattr(cls, name):
            raise Refused(
                f"`{written(cls)}` is made from `{name}`, which it doesn't keep; "
                "make it a field, give the InitVar a default, or register a codec"
            )
    fields = tuple(
        Field(
            name=one.name,
            annotation=hints.get(one.name, Any),
            argument=one.name if one.init else None,
            always_there=one.init,
            required=one.init and one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING,
        )
        for one in dataclasses.fields(cls)
    )
    runs_code = _runs_code(cls, "__dataclass_fields__") or not cls.__dataclass_params__.init
    return Shape(cls, fields, getattr, _make(cls, fields), runs_code)


def named_tuple_shape(annotation: Any) -> Shape:
    cls: Any = get_origin(annotation) or annotation
    hints = hints_of(annotation)
    defaults = cls._field_defaults
    fields = tuple(Field(name, hints.get(name, Any), required=name not in defaults) for name in cls._fields)
    return Shape(cls, fields, getattr, lambda values: cls(**values), "_fields" not in vars(cls), in_order=True)


def typed_dict_shape(annotation: Any) -> Shape:
    cls: Any = get_origin(annotation) or annotation
    fields: list[Field] = []
    for name, hint in hints_of(annotation).items():
        if name.startswith(MARK):
            raise Refused(f'the key "{name}" of `{written(cls)}` begins with {MARK}, which the codec keeps for itself')
        required = name in cls.__required_keys__
        inner = hint
        while word := qualifier(inner):  # said in text, `NotRequired` isn't known to the class
            required = word != "NotRequired" if word in {"NotRequired", "Required"} else required
            (inner,) = inner.__args__
        fields.append(Field(name, hint, always_there=required, required=required))
    return Shape(dict, tuple(fields), dict.get, dict)


def is_typed_dict(cls: Any) -> bool:
    return isinstance(cls, type) and hasattr(cls, "__required_keys__")


def is_named_tuple(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def is_attrs(cls: Any) -> bool:
    return isinstance(cls, type) and attrs.has(cls) and not issubclass(cls, _HAVE_CONTENT)


def is_dataclass(cls: Any) -> bool:
    return isinstance(cls, type) and dataclasses.is_dataclass(cls) and not issubclass(cls, _HAVE_CONTENT)
