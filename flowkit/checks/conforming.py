"""Whether a value is what its annotation says, all of it: items, keys and fields included."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from flowkit.checks.hints import plain, show, with_article
from flowkit.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flowkit.graph import StepSpec

__all__ = ["Misfit", "held", "misfit"]

_DEEPEST: Final = 200
"""Levels after which a value is taken as it is."""
_WIDER: Final[Mapping[type, tuple[type, ...]]] = {float: (int,), complex: (int, float)}
"""What the type system takes for a type besides its subclasses."""


class Misfit(NamedTuple):
    """A part of a value that isn't what is declared there."""

    path: str
    """Where it is: `$.user.tags[3]`."""
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"`{self.path}` is {self.found}, where `{self.wanted}` is declared"


def misfit(value: Any, hint: Any, path: str = "$", depth: int = 0) -> Misfit | None:
    """The first part of a value that isn't what its annotation says; None if all of it is.

    Values are gone through as far as they hold others at hand: iterators aren't used up. What can't be told at run
    time, such as the type of a type variable or of a protocol that isn't runtime-checkable, fits.
    """
    if hint is Any or hint is object or depth > _DEEPEST:
        return None
    hint = _bare(hint)
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        return _of_union(value, hint, path, depth)
    if origin is Literal:
        fits = any(type(value) is type(one) and value == one for one in get_args(hint))
        return None if fits else _here(value, hint, path)
    if hint is Any or isinstance(hint, str | TypeVar):
        return None
    if not _is_of(value, origin or hint) or (origin is tuple and not _is_as_long(value, get_args(hint))):
        return _here(value, hint, path)
    for part, inner, wanted in _parts(value, hint, origin):
        found = misfit(inner, wanted, path + part, depth + 1)
        if found is not None:
            return found
    return None


def _bare(hint: Any) -> Any:
    while True:
        hint = plain(hint)
        if not hasattr(hint, "__supertype__"):  # a NewType is what it was made of
            return hint
        hint = hint.__supertype__


def _here(value: Any, hint: Any, path: str) -> Misfit:
    told = repr(value) if isinstance(value, str | int | float | None) else ""
    kind = "None" if value is None else with_article(type(value).__name__)
    return Misfit(path, f"{kind}, {told}" if told and len(told) < 40 and value is not None else kind, show(hint))


def _of_union(value: Any, hint: Any, path: str, depth: int) -> Misfit | None:
    members = [one for one in get_args(hint) if not (one is type(None) and value is not None)]
    found = None
    for member in members:
        found = misfit(value, member, path, depth + 1)
        if found is None:
            return None
    # Where there is one alone that it can have been meant to be, say what is wrong with that.
    return found if len(members) == 1 and found is not None and found.path != path else _here(value, hint, path)


def _is_of(value: Any, kind: Any) -> bool:
    if kind is typing.Callable or kind is collections.abc.Callable:
        return callable(value)
    if typing.is_typeddict(kind):
        return isinstance(value, dict)
    if not isinstance(kind, type) or (getattr(kind, "_is_protocol", False) and not _is_runtime(kind)):
        return True
    try:
        return isinstance(value, (kind, *_WIDER.get(kind, ())))
    except TypeError:
        return True


def _is_runtime(kind: type) -> bool:
    return bool(getattr(kind, "_is_runtime_protocol", False))


def _parts(value: Any, hint: Any, origin: Any) -> Iterator[tuple[str, Any, Any]]:
    """What a value holds: where, what, and what is declared for it."""
    kind, inner = origin or hint, get_args(hint)
    if isinstance(value, tuple) and kind is tuple:
        yield from _of_tuple(value, inner)
    elif isinstance(value, collections.abc.Mapping) and (inner or typing.is_typeddict(kind)):
        if typing.is_typeddict(kind):
            yield from _of_fields(kind, value.items(), value.get)
        elif len(inner) == 2:
            for key, held in value.items():
                yield f"{{{key!r}}}", key, inner[0]
                yield f"[{key!r}]", held, inner[1]
    elif isinstance(value, collections.abc.Collection) and not isinstance(value, str | bytes) and len(inner) == 1:
        for place, item in enumerate(value):
            yield f"[{place}]", item, inner[0]
    elif isinstance(kind, type):
        names: Any = getattr(kind, "__attrs_attrs__", None) or getattr(kind, "__dataclass_fields__", {}).values()
        fields: list[str] = [one.name for one in names] or list(getattr(kind, "_fields", ()))
        yield from _of_fields(kind, [(name, None) for name in fields], lambda name: getattr(value, name))


def _is_as_long(value: tuple[Any, ...], inner: tuple[Any, ...]) -> bool:
    return (len(inner) == 2 and inner[1] is ...) or len(inner) == len(value)


def _of_tuple(value: tuple[Any, ...], inner: tuple[Any, ...]) -> Iterator[tuple[str, Any, Any]]:
    if len(inner) == 2 and inner[1] is ...:
        inner = (inner[0],) * len(value)
    for place, (item, wanted) in enumerate(zip(value, inner, strict=False)):
        yield f"[{place}]", item, wanted


def _of_fields(
    kind: type, fields: Iterable[tuple[str, Any]], get: Callable[[str], Any]
) -> Iterator[tuple[str, Any, Any]]:
    try:
        hints = get_type_hints(kind)
    except Exception:  # noqa: BLE001 - annotations may name anything
        return
    for name, _ in fields:
        if name in hints:
            yield f".{name}", get(name), hints[name]


def held(spec: StepSpec) -> Callable[..., Any]:
    """A step's function, which is given only what its annotations say, and whose result is only that.

    Raises `ValidationError` instead.
    """
    known: Callable[..., Any] | None = spec.declared.remembered.get(held)
    if known is None:
        known = spec.declared.remembered[held] = _holding(spec)
    return known


def _holding(spec: StepSpec) -> Callable[..., Any]:
    target, hints, label = spec.target, spec.hints, spec.label
    signature = spec.signature

    def check_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if signature is None:
            return
        for name, given in signature.bind(*args, **kwargs).arguments.items():
            if name not in hints:
                continue
            kind = signature.parameters[name].kind
            several = {f"{name}[{place}]": one for place, one in enumerate(given)} if kind is _VAR_POSITIONAL else given
            each = several if kind in (_VAR_POSITIONAL, _VAR_KEYWORD) else {name: given}
            for one, value in each.items():
                found = misfit(value, hints[name])
                if found is not None:
                    message = f"argument `{one}` of `{label}` doesn't fit: {found}"
                    raise ValidationError(message, found.path)

    def checked(value: Any) -> Any:
        found = misfit(value, hints["return"]) if "return" in hints and not spec.streams else None
        if found is not None:
            message = f"the result of `{label}` doesn't fit: {found}"
            raise ValidationError(message, found.path)
        return value

    if spec.is_async:

        async def call_async(*args: Any, **kwargs: Any) -> Any:
            check_arguments(args, kwargs)
            return checked(await target(*args, **kwargs))

        return call_async

    def call(*args: Any, **kwargs: Any) -> Any:
        check_arguments(args, kwargs)
        return checked(target(*args, **kwargs))

    return call


_VAR_POSITIONAL: Final = inspect.Parameter.VAR_POSITIONAL
_VAR_KEYWORD: Final = inspect.Parameter.VAR_KEYWORD
