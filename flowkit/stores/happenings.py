"""Events as data, and back.

An event is kept by its kind and its fields, each as its annotation says; a value that has no exact form is kept as what
`to_json` shows of it. Reading never fails: what a newer flowkit wrote, or nobody understands, is an `OtherEvent`.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final, NoReturn, cast

import attrs

from flowkit.engine import events
from flowkit.engine.events import Event, RunEvent
from flowkit.engine.kept import KeptEvent
from flowkit.errors import EncodingError
from flowkit.stores.anatomy import cut, shown
from flowkit.stores.codec import Codec, to_json
from flowkit.stores.failures import error_as_data, error_from_data

__all__ = ["OtherEvent", "dump_event", "load_event"]

_CODEC: Final = Codec()
_WRITE: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
_PLACED: Final = frozenset({"run_id", "number", "time", "workflow", "key"})
"""What is kept beside the data, or with the run."""
_ERRORS: Final = (BaseException, BaseException | None)
_LOOSE: Final = dict[str, Any]
_SHOWN: Final = 500


@attrs.frozen(kw_only=True)
class OtherEvent(Event):
    """Something that a newer flowkit tells of, or one that can't be read."""

    name: str = ""
    """Its kind, as it was written."""
    key: str = ""
    step: str = ""
    data: dict[str, Any] = attrs.field(factory=dict)
    """All else that is known of it."""


def dump_event(event: Event) -> KeptEvent:
    """An event as it is kept. Its data is ASCII JSON. Never raises."""
    if type(event) is OtherEvent:
        data = {"step": event.step, **event.data} if event.step else event.data
        return KeptEvent(event.number, event.time, event.name, event.key, _WRITE(data))
    cls: Any = type(event)
    data = {name: _written(getattr(event, name), hint) for name, hint in _fields(cls)}
    return KeptEvent(event.number, event.time, event.kind, getattr(event, "key", ""), _WRITE(data))


def load_event(
    kept: KeptEvent, run_id: str, workflow: str, steps: Mapping[str, str], declared: Iterable[type[BaseException]] = ()
) -> Event:
    """The event that was kept. Never raises: what can't be read is an `OtherEvent`.

    `steps` has the step of each node, by its key, for events that don't say. Of `declared`, see `load_error`.
    """
    data = _parsed(kept.data)
    place: dict[str, Any] = {"run_id": run_id, "number": kept.number, "time": kept.at}
    step = data.get("step") or steps.get(kept.key, "")
    cls: Any = events._KINDS.get(kept.kind)
    if cls is not None and cls is not OtherEvent:
        whose = {"workflow": workflow} if issubclass(cls, RunEvent) else {"key": kept.key}
        try:
            return cast("Event", cls(**place, **whose, **_values(cls, {**data, "step": step}, declared)))
        except (EncodingError, TypeError):
            pass
    rest = {name: value for name, value in data.items() if name != "step"}
    return OtherEvent(**place, name=kept.kind, key=kept.key, step=str(step), data=rest)


def _written(value: Any, hint: Any) -> Any:
    kind = type(value)
    if value is None or kind is int or kind is bool or (kind is str and value.isascii()):
        return value
    if isinstance(value, BaseException):
        return error_as_data(value)
    with suppress(Exception):  # a property of somebody's class, or a codec of theirs, may raise anything
        return _CODEC.encode(value, hint)
    with suppress(Exception):
        return to_json(value)
    return cut(shown(value), _SHOWN)


def _values(cls: Any, data: Mapping[str, Any], declared: Iterable[type[BaseException]]) -> dict[str, Any]:
    """What an event is made of; raises `EncodingError` for what its fields can't hold."""
    return {name: _value(data[name], hint, declared) for name, hint in _fields(cls) if name in data}


def _value(data: Any, hint: Any, declared: Iterable[type[BaseException]]) -> Any:
    if type(data) is dict and hint in _ERRORS:
        return error_from_data(data, declared)
    if (data is None and hint in _ERRORS) or hint is Any or (type(data) is dict and hint == _LOOSE):
        return data  # what `to_json` shows is JSON, and need not be what the codec takes
    return _CODEC.decode(data, hint)


@cache
def _fields(cls: Any) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(cls)
    return tuple((one.name, hints[one.name]) for one in attrs.fields(cls) if one.name not in _PLACED)


def _parsed(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return {}
    return data if type(data) is dict else {}


def _refused(word: str) -> NoReturn:
    raise ValueError(word)
