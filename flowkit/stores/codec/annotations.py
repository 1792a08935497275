"""What an annotation says, with its wrappings taken off and its type variables filled in."""

from __future__ import annotations

import inspect
import types
import typing
from collections import abc
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any, ForwardRef, Generic, NewType, Protocol, TypeVar, Union, get_args, get_origin

from flowkit.stores.codec.walk import Refused

Variables = dict[Any, Any]

# `Final[int]` is an int; in a TypedDict, `Required[int]` is one too. Some come from typing_extensions: known by name.
_QUALIFIERS = frozenset({"ClassVar", "Final", "NotRequired", "ReadOnly", "Required"})
_ENDLESS = 100

# An abstract type is the union of what it may be: a list comes back as a list, a tuple as a tuple.
_CONCRETE: dict[Any, tuple[Any, ...]] = {
    abc.Mapping: (dict,),
    abc.MutableMapping: (dict,),
    abc.MutableSequence: (list,),
    abc.MutableSet: (set,),
    abc.Sequence: (list, tuple),
    abc.Set: (set, frozenset),
    **dict.fromkeys((abc.Collection, abc.Container, abc.Iterable, abc.Reversible), (list, tuple, set, frozenset)),
}


def resolve(annotation: Any) -> Any:
    """Take off what says nothing about the form of a value: NewType, Annotated, Final, a bare type variable.

    Abstract collections become the union of the concrete ones. Raises `Refused` for an annotation that is still text.
    """
    while True:
        if annotation is None:
            return type(None)
        if annotation is object:
            return Any
        if isinstance(annotation, str | ForwardRef):
            text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
            raise Refused(f'the annotation "{text}" is text; hand over what typing.get_type_hints makes of it')
        if isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, TypeVar):
            annotation = _stand_in(annotation)
        elif get_origin(annotation) is Annotated or qualifier(annotation):
            annotation = get_args(annotation)[0]
        else:
            return _concrete(annotation)


def unaliased(annotation: Any) -> Any:
    """Resolve, and look through `type X = ...` as well, which may name itself further in."""
    annotation = resolve(annotation)
    for _ in range(_ENDLESS):
        if not is_alias(annotation):
            return annotation
        annotation = resolve(alias_value(annotation))
    raise Refused(f"the alias `{written(annotation)}` is nothing but itself")


def is_alias(annotation: Any) -> bool:
    return type(get_origin(annotation) or annotation).__name__ == "TypeAliasType"


def alias_value(annotation: Any) -> Any:
    alias = get_origin(annotation) or annotation
    return fill_in(alias.__value__, dict(zip(alias.__type_params__, get_args(annotation), strict=False)))


def members(annotation: Any) -> list[Any]:
    """What a union is made of, each once, through aliases; one item if it is no union."""
    annotation = unaliased(annotation)
    if get_origin(annotation) not in {Union, types.UnionType}:
        return [annotation]
    found: list[Any] = []
    for argument in get_args(annotation):
        found += [member for member in members(argument) if member not in found]
    return found


def qualifier(annotation: Any) -> str:
    """The name of what is around an annotation in a class body: `Required`, `Final` and such; else empty."""
    origin = get_origin(annotation)
    name = "" if origin is None or isinstance(origin, type) else str(origin).rpartition(".")[2]
    return name if name in _QUALIFIERS else ""


def _names_of(cls: type) -> dict[str, Any]:
    """What the annotations of a class may name besides its module's names: itself, and its type parameters.

    Early releases of Python 3.12 leave the parameters out.
    """
    return {cls.__name__: cls, **{one.__name__: one for one in getattr(cls, "__type_params__", ())}}


def hints_of(annotation: Any) -> dict[str, Any]:
    """The annotations of a class's fields, inherited ones too, as this use of a generic class fills them in.

    Raises `Refused` if they can't be resolved.
    """
    cls: Any = get_origin(annotation) or annotation
    try:
        # Its own name, because a class made inside a function isn't where its annotations are looked up.
        hints = typing.get_type_hints(cls, localns=_names_of(cls), include_extras=True)
    except Exception as error:
        raise Refused(
            f"the annotations of `{written(cls)}` can't be resolved ({error}); "
            "import or define what they name at the top level of its module"
        ) from error
    views = _views(annotation)
    # A TypedDict doesn't remember which of its bases a field is from; other classes may use one variable for two things.
    merged = {variable: value for view in views.values() for variable, value in view.items()}
    return {name: fill_in(hint, views.get(_definer(cls, name), merged)) for name, hint in hints.items()}


def fill_in(annotation: Any, variables: Variables) -> Any:
    """Put what is known of type variables in their place."""
    if isinstance(annotation, TypeVar):
        return variables.get(annotation, annotation)
    if not variables or get_origin(annotation) is None or not getattr(annotation, "__parameters__", ()):
        return annotation
    return annotation[tuple(variables.get(parameter, parameter) for parameter in annotation.__parameters__)]


def written(annotation: Any, *, full: bool = False) -> str:
    """An annotation as people write it; `full` says which module a class is from."""
    if annotation is type(None):
        return "None"
    if annotation is Ellipsis:
        return "..."
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return " | ".join(written(argument, full=full) for argument in arguments)
    if isinstance(origin, type) and arguments:
        return f"{written(origin, full=full)}[{', '.join(written(argument, full=full) for argument in arguments)}]"
    if isinstance(annotation, type):
        known = annotation.__module__ == "builtins" or not full
        return annotation.__name__ if known else f"{annotation.__module__}.{annotation.__qualname__}"
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")


def _concrete(annotation: Any) -> Any:
    origin = get_origin(annotation) or annotation
    if not isinstance(origin, type) or origin not in _CONCRETE:
        return annotation
    arguments = get_args(annotation) or (Any, Any)
    return _union(_given(cls, arguments) for cls in _CONCRETE[origin])


def _given(cls: Any, arguments: tuple[Any, ...]) -> Any:
    given = {dict: arguments, tuple: (arguments[0], ...)}
    return cls[given.get(cls, arguments[0])]


def _stand_in(variable: TypeVar) -> Any:
    """What a type variable nobody filled in stands for."""
    newer: Any = variable  # type variables have defaults since Python 3.13, and with typing_extensions
    if getattr(newer, "has_default", bool)():
        return newer.__default__
    if variable.__constraints__:
        return _union(variable.__constraints__)
    return variable.__bound__ or Any


def _union(parts: Iterable[Any]) -> Any:
    return reduce(or_, parts)


def _definer(cls: Any, name: str) -> Any:
    return next((base for base in cls.__mro__ if name in inspect.get_annotations(base)), None)


def _views(annotation: Any) -> dict[Any, Variables]:
    """For a class and all its bases: what their type variables are, seen from this use."""
    cls: Any = get_origin(annotation) or annotation
    variables: Variables = dict(zip(getattr(cls, "__parameters__", ()), get_args(annotation), strict=False))
    found = {cls: variables}
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and origin not in {Generic, Protocol, object}:
            found = _views(fill_in(base, variables)) | found
    return found
