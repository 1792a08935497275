"""What a type is known to have: attributes, items, and what going through it gives."""

from __future__ import annotations

import collections
import collections.abc
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NewType, get_args, get_origin

import attrs

from flowkit.checks.hints import plain, show, with_article

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Absent", "element", "part"]

_MADE_IN_PYTHON: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_UNIONS: Final = (typing.Union, types.UnionType)
_SEQUENCES: Final = (list, tuple, str, bytes, bytearray, range, collections.deque)
_BY_NUMBER: Final = (
    *(vars(one)["__getitem__"] for one in _SEQUENCES),
    collections.abc.Sequence.__getitem__,
    collections.abc.MutableSequence.__getitem__,
)
_DICTS: Final = (dict, collections.defaultdict, collections.abc.Mapping, collections.abc.MutableMapping)
_WRITTEN: Final = {int: "number", bool: "number", float: "number", str: "text", bytes: "bytes"}
"""Types of keys that are written as literals; those of one kind can equal each other."""


class Absent(NamedTuple):
    """A part that a type doesn't have."""

    reason: str
    names: tuple[str, ...] = ()
    """What it has instead."""
    instead: str = ""
    """What to write."""


def part(hint: Any, how: str, key: Any) -> Any:
    """The type of an attribute or item: a hint, Any where nothing is known, or `Absent`."""
    hint = _bare(hint)
    if get_origin(hint) in _UNIONS:
        found = [part(one, how, key) for one in get_args(hint) if one is not type(None)]
        absent = [one for one in found if isinstance(one, Absent)]
        # Which of them it will be isn't known; it has to be none of them to be wrong.
        return absent[0] if found and len(absent) == len(found) else found[0] if len(found) == 1 else Any
    kind = get_origin(hint) or hint
    if not isinstance(kind, type) or kind is object or kind is Any:  # Any is a class from Python 3.11 on
        return Any
    return _attribute(kind, key) if how == "attribute" else _item(hint, kind, key)


def element(hint: Any) -> Any:
    """What going through a value gives: a hint, Any where nothing is known, or `Absent` if that can't be done."""
    hint = _bare(hint)
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if not isinstance(kind, type) or kind in _UNIONS or kind is object or kind is Any:
        return Any
    if issubclass(kind, (str, bytes, bytearray, dict)):
        return Absent("a map doesn't take apart")
    if kind is tuple and parts:
        return parts[0] if len(parts) == 2 and parts[1] is ... else typing.Union[parts]  # noqa: UP007 - made of a tuple
    if _stored(kind, "__iter__") is None and _stored(kind, "__getitem__") is None:
        return Absent("can't be gone through")
    standard = kind.__module__ in ("builtins", "collections", "collections.abc")
    return parts[0] if standard and parts and not issubclass(kind, collections.abc.Mapping) else Any


def _attribute(kind: type, name: str) -> Any:
    if typing.is_typeddict(kind):
        return Absent("is a dict: its values are items", tuple(_fields(kind)))
    known = _fields(kind)
    if name in known:
        return known[name]
    found = _stored(kind, name)
    if found is not None:
        function = getattr(found, "fget", None) or getattr(found, "func", None)
        return _returned(function) if function is not None else Any
    if _is_dynamic(kind) or name in _used_names(kind):
        return Any
    public = (one for one in (*known, *dir(kind)) if not one.startswith("_"))
    return Absent("has no such attribute", tuple(dict.fromkeys(public)))


def _item(hint: Any, kind: type, key: Any) -> Any:
    parts = get_args(hint)
    misfit = _misfitting_key(kind, parts, type(key))
    if misfit is not None:
        return misfit
    if typing.is_typeddict(kind):
        known = _fields(kind)
        return known[key] if key in known else Absent("has no such key", tuple(known))
    if issubclass(kind, tuple):
        named = _fields(kind) if hasattr(kind, "_fields") else {}
        each = tuple(named.values()) or parts
        if isinstance(key, int) and each and not (len(each) == 2 and each[1] is ...):
            return each[key] if -len(each) <= key < len(each) else Absent(f"has {len(each)} items")
        return parts[0] if isinstance(key, int) and parts and parts[-1] is ... else Any
    if _stored(kind, "__getitem__") is None and _stored(kind, "__class_getitem__") is None:
        return Absent("has no items")
    if kind is list:
        return parts[0] if isinstance(key, int) and parts else Any
    return parts[1] if kind is dict and len(parts) == 2 else Any


def _misfitting_key(kind: type, parts: tuple[Any, ...], key: type) -> Absent | None:
    """What is wrong with a key for its type alone, judged for the keys that people write down."""
    if key not in _WRITTEN:
        return None
    if key is not int and key is not bool and any(_stored(kind, "__getitem__") is one for one in _BY_NUMBER):
        instead = "write a number, or let a step get it whole and take the part there"
        return Absent("is indexed by numbers", instead=instead)
    if kind not in _DICTS or len(parts) != 2 or not isinstance(parts[0], type):
        return None
    if _WRITTEN.get(parts[0], _WRITTEN[key]) == _WRITTEN[key]:
        return None
    return Absent(f"has keys of type `{show(parts[0])}`", instead=f"write a key that is {with_article(show(parts[0]))}")


def _fields(kind: type) -> dict[str, Any]:
    """What a class says that its instances have, with the types; Any for those that can't be resolved."""
    named: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        written = vars(base).get("__annotations__")
        named.update(dict.fromkeys(written, Any) if isinstance(written, dict) else {})
    named.update(dict.fromkeys(_declared(kind), Any))
    try:
        hints = typing.get_type_hints(kind)
    except Exception:  # noqa: BLE001 - annotations may run any code
        return named
    return {**named, **hints}


def _declared(kind: Any) -> Collection[str]:
    if attrs.has(kind):
        return [field.name for field in attrs.fields(kind)]
    named: Collection[str] = getattr(kind, "_fields", ()) or getattr(kind, "__dataclass_fields__", ())
    return named


def _is_dynamic(kind: type) -> bool:
    """Whether instances may have attributes that the class doesn't tell of."""
    if _stored(kind, "__getattr__") is not None or inspect.isfunction(_stored(kind, "__getattribute__")):
        return True
    # Modules, classes, exceptions and namespaces are made in C and take any attribute.
    if any("__dict__" in vars(base) and not base.__flags__ & _MADE_IN_PYTHON for base in kind.__mro__):
        return True
    # What declares its fields has constructors that were generated, and use all of these.
    return not _declared(kind) and not _used_names(kind).isdisjoint(("setattr", "__setattr__", "__dict__"))


def _used_names(kind: type) -> set[str]:
    """The names that the methods of a class use: among them those that they set on instances."""
    functions = (one for base in kind.__mro__ for one in vars(base).values() if inspect.isfunction(one))
    return {name for function in functions for name in function.__code__.co_names}


def _returned(function: Any) -> Any:
    try:
        return typing.get_type_hints(function).get("return", Any)
    except Exception:  # noqa: BLE001 - annotations may run any code
        return Any


def _stored(kind: type, name: str) -> Any:
    """What a class or one of its bases holds under a name; None if nothing."""
    return next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)


def _bare(hint: Any) -> Any:
    hint = plain(hint)
    while isinstance(hint, NewType):
        hint = plain(hint.__supertype__)
    return hint
