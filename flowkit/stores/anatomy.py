"""The parts of an exception, read and put back past whatever its class makes of attributes, constructors and properties."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from types import MemberDescriptorType
from typing import Any, Final

__all__ = [
    "BUILTIN",
    "args_of",
    "attributes_of",
    "chain_of",
    "cut",
    "frames_of",
    "make",
    "members_of",
    "name_of",
    "notes_of",
    "put_attributes",
    "put_chain",
    "put_notes",
    "said",
    "says_its_args",
    "shown",
]

BUILTIN: Final[Mapping[str, type[BaseException]]] = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__name__ == name
}
_NATIVE: Final = frozenset(BUILTIN.values())

# What such a class keeps outside of its `__dict__` and may be another thing than its arguments.
_MEMBERS: Final[Mapping[type, Sequence[str]]] = {
    OSError: ("errno", "strerror", "filename", "filename2"),
    ImportError: ("msg", "name", "path"),
    AttributeError: ("name",),
    NameError: ("name",),
    SyntaxError: ("msg", "filename", "lineno", "offset", "text", "end_lineno", "end_offset"),
    StopIteration: ("value",),
    SystemExit: ("code",),
}

_args, _dict, _cause, _context, _suppress, _traceback = (
    vars(BaseException)[name]
    for name in ("args", "__dict__", "__cause__", "__context__", "__suppress_context__", "__traceback__")
)
_message, _exceptions = (vars(BaseExceptionGroup)[name] for name in ("message", "exceptions"))
_NOTES: Final = "__notes__"
_FRAMES: Final = 30
_MARK: Final = 50


def cut(text: str, most: int) -> str:
    """A text of at most `most` characters, from 60 on: its two ends, and how much is missing between them."""
    if len(text) <= most:
        return text
    half = (most - _MARK) // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters cut ...] {text[len(text) - half :]}"


def name_of(cls: type) -> tuple[str, str]:
    """The module and the qualified name of a class; `?` for what isn't text."""
    names = (getattr(cls, name, None) for name in ("__module__", "__qualname__"))
    module, qualname = (name if type(name) is str else "?" for name in names)
    return module, qualname


def said(error: BaseException) -> str:
    """The text of an exception, also where its class can't say it."""
    return _guarded(str, error)


def shown(value: object) -> str:
    """The repr of any value, also where its class can't say it."""
    return _guarded(repr, value)


def _guarded(say: Any, value: object) -> str:
    try:
        return str.__str__(say(value))
    except Exception as problem:  # noqa: BLE001 - somebody's class may do anything here
        return f"<{type(value).__name__} that can't say what it is: {type(problem).__name__}>"


def says_its_args(cls: type) -> bool:
    """Whether the text of such an exception is Python's own way to show its arguments."""
    return next(base for base in cls.__mro__ if "__str__" in vars(base)) in {*_NATIVE, object}


def args_of(error: BaseException) -> tuple[Any, ...]:
    """What its class's constructor was given; of a group its message alone."""
    if issubclass(type(error), BaseExceptionGroup):
        return (_message.__get__(error),)
    return tuple(_args.__get__(error))


def notes_of(error: BaseException) -> list[str]:
    notes = _dict.__get__(error).get(_NOTES, ())
    return [str.__str__(note) for note in notes if isinstance(note, str)] if isinstance(notes, list | tuple) else []


def put_notes(error: BaseException, notes: list[str]) -> None:
    if notes:
        _dict.__get__(error)[_NOTES] = notes


def members_of(error: BaseException) -> Sequence[BaseException]:
    """What a group holds; nothing for all other exceptions."""
    return _exceptions.__get__(error) if issubclass(type(error), BaseExceptionGroup) else ()


def attributes_of(error: BaseException) -> Iterator[tuple[str, Any, bool]]:
    """What it holds besides its arguments: names, values, and whether Python's own class has a place for it."""
    for name, value in _dict.__get__(error).items():
        if type(name) is str and not _is_special(name):
            yield name, value, False
    for name, (place, is_native) in _places(type(error)).items():
        try:
            value = place.__get__(error)
        except AttributeError:
            continue  # a slot that was never filled
        if value is not None or not is_native:
            yield name, value, is_native


def put_attributes(error: BaseException, attributes: Mapping[str, Any]) -> None:
    """Put back what `attributes_of` gave. Names that mean something to Python itself are left alone."""
    places = _places(type(error))
    for name, value in attributes.items():
        if name in places:
            places[name][0].__set__(error, value)
        elif not _is_special(name):
            _dict.__get__(error)[name] = value


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _places(cls: type) -> dict[str, tuple[Any, bool]]:
    """The descriptors of what isn't in the `__dict__`: those of slots, and of what Python's own classes have."""
    found: dict[str, tuple[Any, bool]] = {}
    for base in reversed(cls.__mro__):
        if base in _MEMBERS:
            found |= {name: (vars(base)[name], True) for name in _MEMBERS[base]}
        elif base not in _NATIVE:
            slots = {name: place for name, place in vars(base).items() if type(place) is MemberDescriptorType}
            found |= {name: (place, False) for name, place in slots.items() if not _is_special(name)}
    return found


def make(cls: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """An exception of a class with these arguments, as Python's own base of it makes one. Raises what that raises."""
    native: Any = cls
    while native not in _NATIVE:
        native = native.__base__
    _check_range(native, args)
    made: BaseException = native.__new__(cls, *args)
    native.__init__(made, *args)
    _args.__set__(made, args)
    return made


def _check_range(native: type, args: tuple[Any, ...]) -> None:
    """Some releases of Python read memory that isn't theirs where such a range is outside of its text."""
    if issubclass(native, UnicodeError) and len(args) > 3:
        what, start, end = args[-4:-1]
        if not 0 <= start <= end <= len(what):
            raise ValueError(start)


def chain_of(error: BaseException) -> tuple[BaseException | None, BaseException | None, bool]:
    """Its cause, its context, and whether the context isn't to be shown."""
    return _cause.__get__(error), _context.__get__(error), bool(_suppress.__get__(error))


def put_chain(
    error: BaseException, cause: BaseException | None, context: BaseException | None, *, hidden: bool
) -> None:
    _cause.__set__(error, cause)
    _context.__set__(error, context)
    _suppress.__set__(error, hidden)


def frames_of(error: BaseException) -> str:
    """The innermost frames of its traceback, as Python prints them; no local variables."""
    traceback = _traceback.__get__(error)
    if traceback is None:
        return ""
    from traceback import extract_tb

    try:
        return "".join(extract_tb(traceback, -_FRAMES).format())
    except Exception:  # noqa: BLE001 - a module's loader, which is asked for the source, may do anything
        return ""
