"""Exceptions as data, and back.

A record names a class, and that alone never brings one in: nothing is imported, and no name is looked up in a module. An
exception is made again as Python's own, as flowkit's own, or as a class that the caller declares or that this process has
seen raised; else it is a `StepError` with the same text. No constructor of anybody's class is called: its arguments and
attributes are put back as they were. What has no exact form in JSON is there as its text, as an `Unkept`.

The traceback comes back as a note under the heading `RECORDED`. So it is printed where tracebacks are, and an exception
that is kept a second time still has that of the place where it was raised first.
"""

from __future__ import annotations

import json
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import flowkit.errors
from flowkit.engine.place import Interrupted
from flowkit.errors import StepError
from flowkit.stores.anatomy import (
    BUILTIN,
    args_of,
    attributes_of,
    chain_of,
    cut,
    frames_of,
    make,
    members_of,
    name_of,
    notes_of,
    put_attributes,
    put_chain,
    put_notes,
    said,
    says_its_args,
    shown,
)
from flowkit.stores.exact import TYPE, VALUE, Room, Unkept, Unpackable, pack, unpack

__all__ = ["RECORDED", "Unkept", "dump_error", "error_as_data", "error_from_data", "load_error", "raised"]

RECORDED: Final = "Recorded traceback (most recent call last):\n"

# All of an exception with what it holds and comes from, and its parts: in characters, before JSON escapes any.
_TOTAL: Final = 400_000
_TEXT: Final = 16_000
_TRACE: Final = 8_000
_NOTE: Final = 4_000
_SHOWN: Final = 500
_LEAST: Final = 200
_READ: Final = 40_000_000

_NOTES: Final = 20
_MEMBERS: Final = 100
_ERRORS: Final = 200
_DEEPEST: Final = 20
_ATTRIBUTES: Final = 100
_NAMED: Final = 10

_CANCELLED: Final = ("asyncio.exceptions", "CancelledError")
"""Nobody declares it, and it may come from anywhere; where asyncio isn't imported nobody can catch it either."""

Known = Mapping[tuple[str, str], type[BaseException]]

_OWN: Final[Known] = {
    name_of(kind): kind
    for kind in (Interrupted, *(getattr(flowkit.errors, name) for name in flowkit.errors.__all__))
    if issubclass(kind, BaseException)
}
_SEEN: Final[weakref.WeakValueDictionary[tuple[str, str], type[BaseException]]] = weakref.WeakValueDictionary()


def raised(error: BaseException) -> None:
    """Remember the classes of an exception, of what it holds and of what it comes from: they may come back from records."""
    waiting = [error]
    for _ in range(_ERRORS):
        if not waiting:
            return
        one = waiting.pop()
        _SEEN[name_of(type(one))] = type(one)
        waiting += [other for other in chain_of(one)[:2] if other is not None]
        waiting += members_of(one)[:_MEMBERS]


def dump_error(error: BaseException) -> str:
    """An exception as JSON text, which is ASCII. Never raises; what is too long is cut, and says so."""
    return json.dumps(error_as_data(error), separators=(",", ":"))


def load_error(text: str, declared: Iterable[type[BaseException]] = ()) -> BaseException:
    """The exception that `dump_error` wrote. Never raises: a record that can't be read is a `StepError` that says so."""
    try:
        if len(text) > _READ:
            return _unreadable(f"it has {len(text)} characters")
        data = json.loads(text)
    except (ValueError, RecursionError) as problem:
        return _unreadable(str(problem))
    return error_from_data(data, declared)


def error_as_data(error: BaseException) -> dict[str, Any]:
    """What `dump_error` writes, to be a part of a larger piece of JSON."""
    return _Writing().write(error, 0)


def error_from_data(data: Any, declared: Iterable[type[BaseException]] = ()) -> BaseException:
    """What `load_error` makes, from a part of a larger piece of JSON."""
    return _read(data, {name_of(cls): cls for cls in declared}, 0)


class _Writing:
    """One exception on its way into a record, with all that it holds and comes from."""

    def __init__(self) -> None:
        self.room = Room(_TOTAL)
        self.errors = _ERRORS
        self.above: set[int] = set()
        self.is_cut = False

    def write(self, error: BaseException, depth: int) -> dict[str, Any]:
        self.errors -= 1
        self.above.add(id(error))
        self.is_cut = False
        said_by_args, text, args = says_its_args(type(error)), said(error), args_of(error)
        module, name = (cut(part, _SHOWN) for part in name_of(type(error)))
        data: dict[str, Any] = {"module": module, "name": name, "text": self.text(text, _TEXT)}
        if args:
            alone = text if said_by_args and len(args) == 1 else None
            data["args"] = [self.value(arg, alone) for arg in args]
        if attributes := self.attributes(error):
            data["attributes"] = attributes
        if self.is_cut:
            data["cut"] = True
        notes, trace = _notes_and_trace(error)
        notes += [*self.members(error, data, depth), *self.chain(error, data, depth)]
        if len(notes) > _NOTES:
            notes = [*notes[: _NOTES - 1], f"(and {len(notes) - _NOTES + 1} more notes)"]
        if notes:
            data["notes"] = [self.text(note, _NOTE) for note in notes]
        if trace:
            data["trace"] = trace
        self.above.discard(id(error))
        return data

    def text(self, text: str, most: int) -> str:
        kept = cut(text, max(_LEAST, min(most, self.room.left)))
        self.is_cut = self.is_cut or kept is not text
        self.room.left -= min(len(kept), self.room.left)
        return kept

    def value(self, value: Any, text: str | None = None) -> Any:
        """An argument or an attribute; `text` is what it is if it has no exact form, else that is its repr."""
        room = Room(most := min(_TEXT, self.room.left))
        try:
            packed = pack(value, room)
        except Unpackable:
            if type(value) is str:
                return self.text(value, _TEXT)
            shape = self.text(shown(value), _SHOWN) if text is None else self.text(text, _TEXT)
            return {TYPE: "unkept", VALUE: shape}
        self.room.left -= most - room.left
        return packed

    def attributes(self, error: BaseException) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, value, is_native in islice(attributes_of(error), _ATTRIBUTES):
            if len(name) <= _SHOWN:
                packed = self.value(value)
                # Python itself looks into its own, so nothing stands for one of those that can't be kept.
                if not (is_native and type(packed) is dict and packed.get(TYPE) == "unkept"):
                    written[name] = packed
        return written

    def members(self, error: BaseException, data: dict[str, Any], depth: int) -> Iterator[str]:
        """What a group holds, written into its data; notes of what is left out."""
        held = members_of(error)
        for number, member in enumerate(held):
            if number == _MEMBERS or depth == _DEEPEST or not self.errors:
                yield f"(and {len(held) - number} more exceptions, which aren't kept)"
                return
            data.setdefault("members", []).append(self.write(member, depth + 1))

    def chain(self, error: BaseException, data: dict[str, Any], depth: int) -> Iterator[str]:
        """What it comes from, written into its data; a note of what is left out."""
        cause, context, hidden = chain_of(error)
        if hidden:
            data["hidden"] = True
        for word, other in (("cause", cause), ("context", context)):
            if other is None or id(other) in self.above:
                continue
            if word == "context" and other is cause:
                data[word] = "cause"
            elif depth == _DEEPEST or not self.errors:
                yield "(what this comes from isn't kept)"
            else:
                data[word] = self.write(other, depth + 1)


def _notes_and_trace(error: BaseException) -> tuple[list[str], str]:
    """Its notes, and its traceback: the recorded one, if it comes from a record."""
    notes = notes_of(error)
    recorded = [note for note in notes if note.startswith(RECORDED)]
    if recorded:
        return [note for note in notes if not note.startswith(RECORDED)], recorded[0].removeprefix(RECORDED)
    trace = frames_of(error)
    if len(trace) > _TRACE:
        trace = "  ...\n" + trace[-_TRACE:].partition("\n")[2]
    return notes, trace.rstrip("\n")


def _read(data: Any, declared: Known, depth: int) -> BaseException:
    if type(data) is not dict:
        return _unreadable("it isn't an object")
    module, name, text, trace = (data.get(key, "") for key in ("module", "name", "text", "trace"))
    if not all(type(part) is str for part in (module, name, text, trace)) or not name:
        return _unreadable("it doesn't say what was raised")
    parts = data.get("members") if depth <= _DEEPEST else None
    members = [_read(part, declared, depth + 1) for part in parts] if type(parts) is list else []
    notes = [note for note in data.get("notes", ()) if type(note) is str] if type(data.get("notes")) is list else []
    error = _again(module, name, data, members, declared)
    if error is None:
        error = StepError(name if module == "builtins" else f"{module}.{name}", text, trace)
        notes += [f"it held {_named(member)}" for member in members[:_NAMED]]
        notes += [f"it held {len(members) - _NAMED} more"] if len(members) > _NAMED else []
    put_notes(error, [*notes, RECORDED + trace] if trace else notes)
    _read_chain(error, data, declared, depth)
    return error


def _again(
    module: str, name: str, data: dict[str, Any], members: list[BaseException], declared: Known
) -> BaseException | None:
    """The exception as its own class; None where that isn't known, or where it would say something else."""
    cls = _class(module, name, declared)
    if cls is None:
        return None
    try:
        args = tuple(unpack(data.get("args", [])))
        error = make(cls, (*args, members) if issubclass(cls, BaseExceptionGroup) else args)
        put_attributes(error, {key: unpack(value) for key, value in data.get("attributes", {}).items()})
        # What flowkit's own say follows from what they hold, and may take an import.
        same = cls in _OWN.values() or says_its_args(cls) or bool(data.get("cut")) or said(error) == data["text"]
        return error if same and issubclass(type(error), cls) else None
    except Exception:  # noqa: BLE001 - written by another version, or by somebody else
        return None


def _class(module: str, name: str, declared: Known) -> type[BaseException] | None:
    if module == "builtins":
        return BUILTIN.get(name)
    if (module, name) == _CANCELLED:
        return getattr(sys.modules.get(module), name, None)
    key = module, name
    return _OWN.get(key) or declared.get(key) or _SEEN.get(key)


def _read_chain(error: BaseException, data: dict[str, Any], declared: Known, depth: int) -> None:
    found: dict[str, BaseException] = {}
    for word in ("cause", "context"):
        if type(data.get(word)) is dict and depth <= _DEEPEST:
            found[word] = _read(data[word], declared, depth + 1)
        elif word == "context" and data.get(word) == "cause" and "cause" in found:
            found[word] = found["cause"]
    put_chain(error, found.get("cause"), found.get("context"), hidden=data.get("hidden") is True)


def _named(error: BaseException) -> str:
    text = cut(said(error), _SHOWN)
    return text if type(error) is StepError else f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unreadable(why: str) -> StepError:
    return StepError("an exception", f"what was kept of it can't be read: {cut(why, _SHOWN)}")
