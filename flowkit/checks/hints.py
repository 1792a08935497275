"""Whether a value of one annotated type fits another, judged by the annotations alone; and how a type is written.

Gradual: what can't be judged counts as fitting. A pair is refused only if the judgement below and beartype's agree, so
beartype, which takes a fifth of a second to import, is only asked about what is about to be refused.
"""

from __future__ import annotations

import collections.abc
import types
import typing
import warnings
from typing import Any, Final, ForwardRef, Literal, NewType, TypeVar, get_args, get_origin

__all__ = ["accepts", "depends_on_value", "fits", "plain", "show", "with_article"]

_VERDICTS: Final[dict[tuple[Any, Any], bool]] = {}
_MOST: Final = 4096
_UNIONS: Final = (typing.Union, types.UnionType)
_NEVER: Final = (typing.Never, typing.NoReturn)
_STANDARD: Final = frozenset({"builtins", "collections", "collections.abc", "contextlib", "typing"})
_TOWER: Final[dict[Any, tuple[type, ...]]] = {float: (int,), complex: (int, float)}
_FILES: Final = (typing.IO, typing.TextIO, typing.BinaryIO)
"""Protocols in all but name: no file of the standard library derives from them."""
_SCALARS: Final = frozenset({int, str, float, bool, bytes, complex, type(None)})


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value annotated as `given` may be passed where `wanted` is asked for."""
    if given is wanted or wanted is Any or given is Any or wanted is object:
        return True
    try:
        known = _VERDICTS.get((given, wanted))
    except TypeError:  # a hint that can't be hashed, such as Annotated with a list
        return _judge(given, wanted)
    if known is None:
        if len(_VERDICTS) >= _MOST:
            _VERDICTS.clear()
        known = _VERDICTS[given, wanted] = _judge(given, wanted)
    return known


def accepts(value: Any, hint: Any) -> bool:
    """Whether a scalar may be passed where `hint` is asked for; values of other types are not judged."""
    if type(value) not in _SCALARS or _takes(value, hint):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from beartype.door import is_bearable

            return bool(is_bearable(value, hint))
    except Exception:  # noqa: BLE001 - what can't be judged fits
        return True


def depends_on_value(hint: Any) -> bool:
    """Whether it takes more than the type of a scalar to say whether it fits."""
    origin = get_origin(hint)
    return origin is Literal or origin is typing.Annotated or any(map(depends_on_value, get_args(hint)))


def plain(hint: Any) -> Any:
    """A hint without what is wrapped around it for other readers: Annotated, type aliases, None for its type."""
    while True:
        if get_origin(hint) is typing.Annotated:
            hint = hint.__origin__
        elif hint is None:
            return type(None)
        elif type(hint).__name__ == "TypeAliasType":  # Python 3.12 and later
            hint = hint.__value__
        else:
            return hint


def show(hint: Any) -> str:
    """A type as people write it in an annotation."""
    hint = plain(hint)
    if hint is type(None):
        return "None"
    if hint is ...:
        return "..."
    if isinstance(hint, str):
        return hint
    if isinstance(hint, list):
        return f"[{', '.join(map(show, hint))}]"
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        return " | ".join(map(show, parts))
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, parts))}]"
    if origin is not None and parts:
        return f"{show(origin)}[{', '.join(map(show, parts))}]"
    if isinstance(hint, type):
        return hint.__qualname__.rpartition("<locals>.")[2]
    name = getattr(hint, "__name__", None) or getattr(hint, "__forward_arg__", None)
    return name if isinstance(name, str) else str(hint).replace("typing.", "")


def with_article(kind: str) -> str:
    """A type with its article: "an `int`"."""
    return f"{'an' if kind[:1] in 'aeioAEIO' else 'a'} `{kind}`"


def _judge(given: Any, wanted: Any) -> bool:
    try:
        if _assignable(given, wanted):
            return True
    except RecursionError:  # a type alias that contains itself
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has opinions about spellings from before Python 3.9
            from beartype.door import is_subhint

            return bool(is_subhint(plain(given), plain(wanted)))
    except Exception:  # noqa: BLE001 - it refuses to judge in many ways, and what can't be judged fits
        return True


def _assignable(given: Any, wanted: Any) -> bool:
    given, wanted = plain(given), plain(wanted)
    if given is wanted or wanted is object or given in _NEVER or _is_open(given) or _is_open(wanted):
        return True
    if get_origin(given) in _UNIONS:
        return all(_assignable(one, wanted) for one in get_args(given))
    if get_origin(wanted) in _UNIONS:
        return any(_assignable(given, one) for one in get_args(wanted))
    if isinstance(given, NewType):
        return _assignable(given.__supertype__, wanted)
    if get_origin(given) is Literal:
        return all(_takes(value, wanted) for value in get_args(given))
    return _assignable_classes(given, wanted)


def _assignable_classes(given: Any, wanted: Any) -> bool:
    one, other = get_origin(given) or given, get_origin(wanted) or wanted
    if other is Literal or isinstance(other, NewType):
        return given is type(None) and None in get_args(wanted)
    if not isinstance(one, type) or not isinstance(other, type):
        return True  # a special form, such as LiteralString
    if not _is_subclass(one, other):
        return False
    parts, slots = get_args(given), get_args(wanted)
    if not parts or not slots or get_origin(wanted) is collections.abc.Callable:
        return True
    if one is tuple:
        return _assignable_tuples(parts, slots, same=other is tuple)
    if one is other or (one.__module__ in _STANDARD and other.__module__ in _STANDARD):
        # Covariant, whatever the class: results are handed on, not shared. A dict given as an Iterable is one of its
        # keys, a generator one of what it yields: the parts that both have come first.
        return all(map(_assignable, parts, slots))
    return False


def _assignable_tuples(parts: tuple[Any, ...], slots: tuple[Any, ...], *, same: bool) -> bool:
    if len(parts) == 2 and parts[1] is ...:
        # Of unknown length, which may be the right one.
        parts = parts[:1] * (len(slots) if same and slots[-1] is not ... else 1)
    if not same or (len(slots) == 2 and slots[1] is ...):
        return all(_assignable(part, slots[0]) for part in parts)
    return len(parts) == len(slots) and all(map(_assignable, parts, slots))


def _is_subclass(one: type, other: type) -> bool:
    try:
        return issubclass(one, other) or issubclass(one, _TOWER.get(other, ()))
    except TypeError:  # a protocol that can only be asked about instances
        return True


def _is_open(hint: Any) -> bool:
    """Whether a hint says nothing that could be held against a value before it exists."""
    if hint is Any or isinstance(hint, (str, ForwardRef, TypeVar, typing.ParamSpec, typing.TypeVarTuple)):
        return True
    origin = get_origin(hint) or hint
    if typing.is_typeddict(origin) or origin in _FILES:
        return True
    return getattr(origin, "_is_protocol", False) is True and not getattr(origin, "_is_runtime_protocol", False)


def _takes(value: Any, hint: Any) -> bool:
    """Whether a scalar fits a hint."""
    if get_origin(hint) is typing.Annotated and any(
        type(one).__module__.startswith("beartype.") for one in hint.__metadata__
    ):
        return False  # a condition on the value, which beartype itself answers
    hint = plain(hint)
    if hint is object or _is_open(hint):
        return True
    origin = get_origin(hint)
    if origin in _UNIONS:
        return any(_takes(value, one) for one in get_args(hint))
    if origin is Literal:
        return any(type(one) is type(value) and one == value for one in get_args(hint))
    if isinstance(hint, NewType):
        return _takes(value, hint.__supertype__)
    kind = origin or hint
    return not isinstance(kind, type) or _is_subclass(type(value), kind)
